//! The clock of the board.

/// The core's clock, which all peripherals share.
pub const CLOCK_HZ: u32 = 25_000_000;
