//! The SP805 watchdog, which Luminary's chips and Arm's Cortex-M System Design Kit contain.

use crate::registers::Registers;

const LOAD: usize = 0x000;
const CONTROL: usize = 0x008;
const CLEAR: usize = 0x00c;
const LOCK: usize = 0xc00;

/// Enables the counter and the reset. The chip is reset when the counter reaches zero the second time.
const INTERRUPT: u32 = 1 << 0;
const RESET: u32 = 1 << 1;

/// The value that makes the other registers writable.
const UNLOCK: u32 = 0x1acc_e551;

/// The watchdog, which resets the chip unless it is fed.
#[derive(Debug)]
pub struct Watchdog(Registers);

impl Watchdog {
    /// Starts the watchdog at `registers`. It must be fed every `2 * ticks` of its clock.
    pub fn start(registers: Registers, ticks: u32) -> Self {
        registers.write(LOCK, UNLOCK);
        registers.write(LOAD, ticks);
        registers.write(CONTROL, INTERRUPT | RESET);
        Self(registers)
    }

    /// Restarts the countdown.
    pub fn feed(&mut self) {
        self.0.write(CLEAR, 1);
    }
}
