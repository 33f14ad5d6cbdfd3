//! The interfaces that a port implements.

use smoltcp::{phy::Device, time::Duration, wire::EthernetAddress};

use crate::{systick::SysTickClock, watchdog::Watchdog};

/// The parts of a started board.
pub struct Board<E, A, U, const HZ: u32> {
    /// The Ethernet controller.
    pub ethernet: E,
    /// The one-shot timer that ends a sleep.
    pub alarm: A,
    /// The serial line for the log.
    pub uart: U,
    /// The time since start.
    pub clock: SysTickClock<HZ>,
    /// The watchdog, which resets the board if the main loop hangs.
    pub watchdog: Watchdog,
    /// The numbers of the interrupts that end a sleep: the controller's and the timer's.
    pub interrupts: [u16; 2],
}

/// An Ethernet controller whose interrupt ends a sleep.
pub trait Ethernet: Device {
    /// The controller's MAC address.
    fn hardware_address(&self) -> EthernetAddress;

    /// Acknowledges the interrupt. Called before the received frames are processed: a frame that arrives
    /// after this call must raise the interrupt again.
    fn acknowledge(&mut self);
}

/// A one-shot timer whose interrupt ends a sleep.
pub trait Alarm {
    /// Raises the interrupt once, `after` from now: more than zero, and at most one second. Replaces the
    /// previous setting.
    fn arm(&mut self, after: Duration);

    /// Acknowledges the interrupt.
    fn acknowledge(&mut self);
}

/// A serial line to write to.
pub trait Uart {
    /// Writes a byte if there is room in the transmit FIFO. Returns whether it was written. Must not
    /// block.
    fn try_write(&mut self, byte: u8) -> bool;
}

/// Converts `time`, of at most one second, to ticks of a timer of `hz`; at least one.
pub fn ticks(time: Duration, hz: u32) -> u32 {
    // Clock rates are multiples of 100 kHz, so the product fits 32 bits up to 400 MHz.
    let micros = time.total_micros().min(1_000_000) as u32;
    (micros * (hz / 100_000) / 10).max(1)
}
