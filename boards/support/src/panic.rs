//! The end: a line over the UART, and a new start.

use core::{fmt::Write, panic::PanicInfo};

use bareserve::net::setup_error::SetupError;
use cortex_m::peripheral::SCB;

use crate::{board::Uart, services::StartError};

/// Says that the program panicked and resets the chip. Where is told in debug builds only: the
/// formatting and the names of files would cost a release build 10 KB of flash.
pub fn reset(info: &PanicInfo<'_>, uart: &mut dyn Uart) -> ! {
    let mut line = Blocking(uart);
    let _ = line.write_str("\r\npanic: ");
    #[cfg(debug_assertions)]
    let _ = write!(line, "{info}");
    #[cfg(not(debug_assertions))]
    let _ = info;
    let _ = line.write_str(", reset\r\n");
    SCB::sys_reset()
}

/// Says why the program cannot start and resets the chip.
pub fn fail(error: StartError, uart: &mut dyn Uart) -> ! {
    let mut line = Blocking(uart);
    let _ = line.write_str(match error {
        StartError::Setup(SetupError::NoSocketLeft) => "too few places for sockets",
        StartError::Setup(SetupError::TooManyServices) | StartError::TooManyServices => {
            "too many services"
        }
        StartError::Setup(_) => "wrong ports or addresses",
    });
    let _ = line.write_str(", reset\r\n");
    SCB::sys_reset()
}

/// The one writer that waits: nothing else matters any more.
struct Blocking<'u>(&'u mut dyn Uart);

impl Write for Blocking<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            while !self.0.try_write(byte) {}
        }
        Ok(())
    }
}
