//! The time limits of a server's connections.

use smoltcp::time::Duration;

use crate::protocol::stream::Phase;

/// Time limits of a TCP connection: one for each [`Phase`], and those of handshake and close.
///
/// A server has two sets: relaxed limits, and shorter ones that apply while a connection request waits
/// and no connection is free. Then the connection that is furthest past its shorter limit is evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the SYN to the handshake's last ACK.
    pub half_open: Duration,
    /// From the end of the handshake to the first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// Between requests.
    pub idle: Duration,
    /// The time in which [`Timeouts::min_progress`] bytes must be received or acknowledged while a body
    /// is received or a response is sent.
    pub progress: Duration,
    /// The fewest bytes that restart [`Timeouts::progress`].
    pub min_progress: u32,
    /// Between two messages of a stream such as server-sent events; `None` for no limit.
    pub stream_idle: Option<Duration>,
    /// From the peer's acknowledgement of the FIN to its own FIN, while what it sends is discarded.
    pub linger: Duration,
}

impl Timeouts {
    /// The relaxed limits: they tolerate slow peers and drop dead ones.
    pub const DEFAULT: Self = Self {
        half_open: Duration::from_secs(10),
        first_byte: Duration::from_secs(10),
        head: Duration::from_secs(10),
        idle: Duration::from_secs(15),
        progress: Duration::from_secs(30),
        min_progress: 1,
        stream_idle: None,
        linger: Duration::from_secs(2),
    };

    /// The limits while a request waits: long enough for a live peer to retransmit one lost segment.
    pub const CONTENDED: Self = Self {
        half_open: Duration::from_millis(1500),
        first_byte: Duration::from_millis(400),
        head: Duration::from_millis(800),
        idle: Duration::from_millis(2),
        progress: Duration::from_millis(1300),
        min_progress: 1024,
        stream_idle: Some(Duration::from_millis(400)),
        linger: Duration::from_millis(250),
    };

    /// The limits while `waiting` requests wait for `slots` connections. From four requests for each
    /// connection on, `head` and `progress` are halved, from six on they are a third. The other limits
    /// stay: a peer may need time before its first byte, but one that has begun a message can continue.
    #[must_use]
    pub fn with_crowd(self, waiting: usize, slots: usize) -> Self {
        let share = waiting.checked_div(2 * slots).unwrap_or(1).clamp(1, 3) as u32;
        Self { head: self.head / share, progress: self.progress / share, ..self }
    }

    /// The limit of a phase; `None` for no limit.
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::FirstByte => Some(self.first_byte),
            Phase::Head => Some(self.head),
            Phase::Body | Phase::Sending => Some(self.progress),
            Phase::Idle => Some(self.idle),
            Phase::StreamIdle => self.stream_idle,
            Phase::Finished | Phase::Broken => Some(self.linger),
        }
    }
}
