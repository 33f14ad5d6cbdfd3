//! General-purpose timer 0 as one 32-bit one-shot timer (section 9).

use smoltcp::time::Duration;
use support::{board::ticks, registers::Registers};

use crate::system_control::CLOCK_HZ;

/// Its interrupt number.
pub const INTERRUPT: u16 = 19;

// SAFETY: section 9.6, general-purpose timer 0.
const TIMER: Registers = unsafe { Registers::at(0x4003_0000) };
const CONFIGURATION: usize = 0x00;
const MODE: usize = 0x04;
const CONTROL: usize = 0x0c;
const INTERRUPT_MASK: usize = 0x18;
const INTERRUPT_CLEAR: usize = 0x24;
const INTERVAL: usize = 0x28;

const WHOLE_32_BITS: u32 = 0;
const ONE_SHOT: u32 = 1;
const ENABLE: u32 = 1;
const TIME_OUT: u32 = 1;

/// Timer 0.
#[derive(Debug)]
pub struct Alarm(());

impl Alarm {
    /// Configures the timer.
    pub fn start() -> Self {
        TIMER.write(CONTROL, 0);
        TIMER.write(CONFIGURATION, WHOLE_32_BITS);
        TIMER.write(MODE, ONE_SHOT);
        TIMER.write(INTERRUPT_MASK, TIME_OUT);
        Self(())
    }
}

impl support::Alarm for Alarm {
    fn arm(&mut self, after: Duration) {
        TIMER.write(CONTROL, 0);
        TIMER.write(INTERVAL, ticks(after, CLOCK_HZ));
        TIMER.write(CONTROL, ENABLE);
    }

    fn acknowledge(&mut self) {
        TIMER.write(INTERRUPT_CLEAR, TIME_OUT);
    }
}
