//! CMSDK timer 0 as a one-shot timer: with a reload value of zero it stops at zero.

use smoltcp::time::Duration;
use support::{board::ticks, registers::Registers};

use crate::clock::CLOCK_HZ;

/// Its interrupt number.
pub const INTERRUPT: u16 = 8;

// SAFETY: Application Note AN385, table 3-6: timer 0.
const TIMER: Registers = unsafe { Registers::at(0x4000_0000) };
const CONTROL: usize = 0x0;
const VALUE: usize = 0x4;
const RELOAD: usize = 0x8;
const INTERRUPT_CLEAR: usize = 0xc;

const ENABLE_WITH_INTERRUPT: u32 = 1 << 0 | 1 << 3;

/// Timer 0.
#[derive(Debug)]
pub struct Alarm(());

impl Alarm {
    /// Configures the timer.
    pub fn start() -> Self {
        TIMER.write(CONTROL, 0);
        TIMER.write(RELOAD, 0);
        Self(())
    }
}

impl support::Alarm for Alarm {
    fn arm(&mut self, after: Duration) {
        TIMER.write(CONTROL, 0);
        TIMER.write(VALUE, ticks(after, CLOCK_HZ));
        TIMER.write(CONTROL, ENABLE_WITH_INTERRUPT);
    }

    fn acknowledge(&mut self) {
        TIMER.write(INTERRUPT_CLEAR, 1);
    }
}
