//! The script of a simulated TCP client, and how it ends.

use smoltcp::time::{Duration, Instant};

/// An action of a client. The next begins when it is complete.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Sends all of these bytes.
    Send(Vec<u8>),
    /// Reads exactly this number of bytes.
    Read(usize),
    /// Reads until the device closes.
    ReadToEnd,
    /// Reads up to `piece` bytes every `pause` until the device closes.
    ReadSlowly {
        /// The most that is read at once.
        piece: usize,
        /// The time between two reads.
        pause: Duration,
    },
    /// Sends one byte after each pause, without end.
    Dribble {
        /// The byte.
        byte: u8,
        /// The time between two bytes.
        pause: Duration,
    },
    /// Neither sends nor reads.
    Wait(Duration),
    /// Waits until the connection is established.
    Established,
    /// Waits until the device has closed or reset the connection, reading nothing.
    AwaitEnd,
    /// Sends a FIN.
    Close,
    /// Sends a reset.
    Abort,
    /// Loses its link: no frame reaches the client or leaves it.
    Vanish,
    /// Reboots: gets its link back, has forgotten the connection, and connects again from the same port.
    Reboot,
}

impl Step {
    /// [`Step::Send`] of anything that becomes bytes.
    pub fn send(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Send(bytes.into())
    }
}

/// How a client's script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All steps are complete.
    Done,
    /// The device reset the connection before it was established.
    Refused,
    /// The connection was reset after it was established.
    Reset,
    /// The device closed before the script was complete.
    Closed,
    /// The client's own time limit passed.
    GaveUp,
}

/// The socket of a client and its time limit.
#[derive(Debug, Clone, Copy)]
pub struct ClientSettings {
    /// When it connects.
    pub start: Instant,
    /// How long after `start` it resets the connection and gives up.
    pub timeout: Duration,
    /// Bytes of receive buffer: its TCP window.
    pub rx: usize,
    /// Bytes of transmit buffer.
    pub tx: usize,
    /// How long it waits before it acknowledges less than two segments; `None`: it does not wait.
    pub ack_delay: Option<Duration>,
}

impl ClientSettings {
    /// Starts at `start`, with a time limit of two minutes and 4 KiB in each direction.
    pub fn from(start: Instant) -> Self {
        Self { start, ..Self::default() }
    }
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            start: Instant::ZERO,
            timeout: Duration::from_secs(120),
            rx: 4096,
            tx: 4096,
            ack_delay: None,
        }
    }
}
