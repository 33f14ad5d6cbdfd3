//! How long a connection may take over each thing it does.

use smoltcp::time::Duration;

use crate::protocol::stream::Phase;

/// Time limits of a TCP connection, one for each [`Phase`] and for the phases that the socket itself
/// goes through.
///
/// A server holds two: one for quiet times, and a shorter one for when somebody waits in the
/// backlog and no connection is free. Then the connection that is furthest past its short limit
/// makes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the SYN to the handshake's last ACK.
    pub half_open: Duration,
    /// From then to the first byte.
    pub first_byte: Duration,
    /// From a request's first byte to the end of its head, in all.
    pub head: Duration,
    /// Between requests.
    pub idle: Duration,
    /// The time in which [`Timeouts::least`] bytes must come or go while a body is received or an
    /// answer is sent.
    pub progress: Duration,
    /// See [`Timeouts::progress`].
    pub min_progress: u32,
    /// Between two things a streaming connection has to say.
    pub stream_idle: Option<Duration>,
    /// From our FIN to the peer's, while what it still sends is thrown away.
    pub linger: Duration,
}

impl Timeouts {
    /// For quiet times: generous to slow people, deadly to the dead.
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

    /// For when somebody waits: long enough for an honest peer that lost a segment.
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

    /// With `waiting` requests for `slots` connections: the more wait for each, the less time one may
    /// take over what it has begun, down to a third. The rest stays as it is: a peer may need its
    /// time to wake up, but one that has begun has all it needs to go on.
    #[must_use]
    pub fn with_crowd(self, waiting: usize, slots: usize) -> Self {
        let share = waiting.checked_div(2 * slots).unwrap_or(1).clamp(1, 3) as u32;
        Self { head: self.head / share, progress: self.progress / share, ..self }
    }

    /// The limit of a phase, or `None` for one without.
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
