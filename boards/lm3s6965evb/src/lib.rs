//! The Luminary (Texas Instruments) LM3S6965 evaluation board: Cortex-M3, 256 KB flash, 64 KB RAM,
//! Ethernet on the chip. Section numbers are those of its data sheet (DS-LM3S6965).
//!
//! Runs in QEMU (`-M lm3s6965evb`); not yet tested on real hardware.
#![no_std]

mod alarm;
mod ethernet;
mod system_control;
mod uart;

pub use alarm::Alarm;
pub use ethernet::{Ethernet, FrameBuffers};
pub use system_control::CLOCK_HZ;
pub use uart::Uart;

use support::{
    registers::Registers, services::SetupError, systick::SysTickClock, watchdog::Watchdog,
};

// SAFETY: section 10, watchdog timer.
const WATCHDOG: Registers = unsafe { Registers::at(0x4000_0000) };

/// The parts of this board.
pub type Board<'f> = support::Board<Ethernet<'f>, Alarm, Uart, CLOCK_HZ>;

/// Starts the clocks and peripherals.
pub fn start(frames: &mut FrameBuffers) -> Board<'_> {
    system_control::start();
    Board {
        ethernet: Ethernet::start(frames),
        alarm: Alarm::start(),
        uart: Uart::start(),
        clock: SysTickClock::start(),
        watchdog: Watchdog::start(WATCHDOG, 4 * CLOCK_HZ),
        interrupts: [ethernet::INTERRUPT, alarm::INTERRUPT],
    }
}

/// Logs why the board cannot start, and resets it.
pub fn fail(error: SetupError) -> ! {
    support::panic::fail(error, &mut Uart::start())
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    support::panic::reset(info, &mut Uart::start())
}
