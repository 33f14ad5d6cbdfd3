//! What a port implements.

use smoltcp::{phy::Device, time::Duration, wire::EthernetAddress};

use crate::{systick::SysTickClock, watchdog::Watchdog};

/// A board, ready to run.
pub struct Board<E, A, U, const HZ: u32> {
    /// Its Ethernet controller.
    pub ethernet: E,
    /// Its one-shot timer.
    pub alarm: A,
    /// Where the log goes.
    pub uart: U,
    /// The time since start.
    pub clock: SysTickClock<HZ>,
    /// Resets the board when the main loop hangs.
    pub watchdog: Watchdog,
    /// The numbers of the interrupts that end a sleep: the controller's and the timer's.
    pub interrupts: [u16; 2],
}

/// An Ethernet controller whose interrupt ends a sleep.
pub trait Ethernet: Device {
    /// Its address.
    fn hardware_address(&self) -> EthernetAddress;

    /// Withdraws its interrupt. A frame that arrives after this raises it anew; those that are
    /// there already are received in the turn that follows.
    fn acknowledge(&mut self);
}

/// A one-shot timer whose interrupt ends a sleep.
pub trait Alarm {
    /// Raises the interrupt once, `after` from now (at most a second, more than zero), in place of
    /// whatever was planned before.
    fn arm(&mut self, after: Duration);

    /// Withdraws the interrupt.
    fn acknowledge(&mut self);
}

/// A serial line to write to.
pub trait Uart {
    /// Writes a byte, unless it would have to wait. Says whether it did.
    fn try_write(&mut self, byte: u8) -> bool;
}

/// The ticks of a timer of `hz` in `time`, at least one. `time` is a second at most.
pub fn ticks(time: Duration, hz: u32) -> u32 {
    // Rates are whole multiples of 100 kHz; so the product fits 32 bits up to 400 MHz.
    let micros = time.total_micros().min(1_000_000) as u32;
    (micros * (hz / 100_000) / 10).max(1)
}
