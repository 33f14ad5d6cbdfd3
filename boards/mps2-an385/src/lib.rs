//! Arm's MPS2 board with the AN385 image: Cortex-M3, and a LAN9118 Ethernet controller on the bus.
//! Peripherals other than the LAN9118 are those of Arm's Cortex-M System Design Kit (CMSDK).
//!
//! Runs in QEMU (`-M mps2-an385`); not yet tested on real hardware.
#![no_std]

mod alarm;
mod clock;
mod ethernet;
mod uart;

pub use alarm::Alarm;
pub use clock::CLOCK_HZ;
pub use ethernet::{Ethernet, FrameBuffers};
use support::{
    registers::Registers, services::SetupError, systick::SysTickClock, watchdog::Watchdog,
};
pub use uart::Uart;

// SAFETY: Application Note AN385, table 3-6: watchdog.
const WATCHDOG: Registers = unsafe { Registers::at(0x4000_8000) };

/// The parts of this board.
pub type Board<'f> = support::Board<Ethernet<'f>, Alarm, Uart, CLOCK_HZ>;

/// Starts the peripherals.
pub fn start(frames: &mut FrameBuffers) -> Board<'_> {
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
