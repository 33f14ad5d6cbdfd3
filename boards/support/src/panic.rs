//! Fatal errors: a line over the UART, then a reset of the chip.

use core::{fmt::Write, panic::PanicInfo};

use bareserve::net::setup_error::SetupError;
use cortex_m::peripheral::SCB;

use crate::board::Uart;

/// Logs that the program panicked and resets the chip. Debug builds log the message and its location;
/// in release builds the formatting code and file names would take 10 KB of flash.
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

/// Logs why the program cannot start and resets the chip.
pub fn fail(error: SetupError, uart: &mut dyn Uart) -> ! {
    let mut line = Blocking(uart);
    let _ = line.write_str(match error {
        SetupError::NoSocketLeft => "too few sockets",
        SetupError::TooManyServices => "too many services",
        _ => "invalid ports or addresses",
    });
    let _ = line.write_str(", reset\r\n");
    SCB::sys_reset()
}

/// A writer that waits for the UART, as the main loop has ended.
struct Blocking<'u>(&'u mut dyn Uart);

impl Write for Blocking<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            while !self.0.try_write(byte) {}
        }
        Ok(())
    }
}
