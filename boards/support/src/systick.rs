//! Time from SysTick, used as a free-running counter.
//!
//! Counting the interrupts of a periodic timer loses time whenever one is handled late; reading a
//! free-running counter does not.

use core::cell::Cell;

use embedded_time::{Clock, Instant, clock::Error, fraction::Fraction};
use smoltcp::time::Duration;

use crate::registers::Registers;

// SAFETY: Arm v7-M Architecture Reference Manual, B3.3: SysTick, in the system control space.
const SYSTICK: Registers = unsafe { Registers::at(0xe000_e000) };
const CONTROL: usize = 0x10;
const RELOAD: usize = 0x14;
const CURRENT: usize = 0x18;

/// Counts from the core clock, without an interrupt.
const ENABLE: u32 = 1 << 0;
const CORE_CLOCK: u32 = 1 << 2;

/// The counter has 24 bits and counts down.
const MASK: u32 = 0x00ff_ffff;

/// A clock of `HZ` ticks per second. The hardware counter wraps every 2²⁴ ticks (1.3 s at 12.5 MHz) and
/// must be read at least once in that time. Ticks are counted in 32 bits.
#[derive(Debug)]
pub struct SysTickClock<const HZ: u32> {
    last: Cell<u32>,
    ticks: Cell<u32>,
}

impl<const HZ: u32> SysTickClock<HZ> {
    /// Half the period of the hardware counter: the longest permitted sleep.
    pub const HALF_LAP: Duration = Duration::from_micros(MASK as u64 / 2 * 1_000_000 / HZ as u64);

    /// Starts the counter.
    pub fn start() -> Self {
        SYSTICK.write(RELOAD, MASK);
        SYSTICK.write(CURRENT, 0);
        SYSTICK.write(CONTROL, ENABLE | CORE_CLOCK);
        Self { last: Cell::new(SYSTICK.read(CURRENT)), ticks: Cell::new(0) }
    }

    /// Ticks since the start, modulo 2³².
    pub fn ticks(&self) -> u32 {
        let current = SYSTICK.read(CURRENT);
        let passed = self.last.replace(current).wrapping_sub(current) & MASK;
        self.ticks.set(self.ticks.get().wrapping_add(passed));
        self.ticks.get()
    }
}

impl<const HZ: u32> Clock for SysTickClock<HZ> {
    type T = u32;
    const SCALING_FACTOR: Fraction = Fraction::new(1, HZ);

    fn try_now(&self) -> Result<Instant<Self>, Error> {
        Ok(Instant::new(self.ticks()))
    }
}
