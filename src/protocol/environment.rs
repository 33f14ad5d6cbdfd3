//! The access of a protocol core to its device: time, date, entropy, an observer and the registry of
//! services.

use smoltcp::{time::Instant, wire::IpEndpoint};

use crate::{
    clock::{UnixTime, WallClock},
    counters::Registry,
    entropy::Entropy,
    wire::template::Template,
};

/// Passed to every call into a protocol core.
pub struct Environment<'e> {
    /// Time since the device started.
    pub now: Instant,
    /// The date, if known.
    pub wall_clock: &'e mut WallClock,
    /// Random bytes.
    pub entropy: &'e mut dyn Entropy,
    /// Receives events.
    pub observer: &'e mut dyn Observer,
    /// The device's services and their counters.
    pub registry: Registry<'e>,
}

impl Environment<'_> {
    /// The date at [`Environment::now`], or `None` while the clock is unset.
    pub fn date(&self) -> Option<UnixTime> {
        self.wall_clock.at(self.now)
    }
}

/// An event for a log. Observers may also count by its fields. Texts contain no control characters, so a
/// log may show them unchanged, unless noted otherwise.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A TCP connection was established.
    Connected {
        /// The service's name.
        service: &'static str,
        /// The peer.
        remote: IpEndpoint,
        /// The local port it came in on.
        port: u16,
    },
    /// An HTTP request was answered.
    Answered {
        /// The service's name.
        service: &'static str,
        /// The peer.
        remote: IpEndpoint,
        /// The request's method; `-` if it is unknown or was not read.
        method: &'e str,
        /// The path as received, percent-encoded and without the query, in visible ASCII; empty if none
        /// was read.
        path: &'e [u8],
        /// The status code of the response.
        status: u16,
        /// The reason of an error, or of an incomplete response; empty if only the status is known.
        reason: &'e str,
        /// Bytes of the response's body that were sent.
        bytes: u64,
    },
    /// A file transfer has succeeded or failed.
    Transferred {
        /// The service's name.
        service: &'static str,
        /// The peer.
        remote: IpEndpoint,
        /// The file's name; empty if none was read.
        file: &'e str,
        /// Whether the peer sent it.
        is_upload: bool,
        /// The file's size in bytes, or why there was no transfer.
        result: Result<u64, &'e str>,
    },
    /// Anything else.
    Note {
        /// The service's name.
        service: &'static str,
        /// The peer.
        remote: IpEndpoint,
        /// A description of the event.
        what: Template<'e>,
    },
    /// A datagram has been received.
    Datagram {
        /// The service's name.
        service: &'static str,
        /// The peer.
        remote: IpEndpoint,
        /// Bytes of payload.
        bytes_in: usize,
        /// Bytes of the answer's payload; `None` without an answer.
        bytes_out: Option<usize>,
    },
    /// A TCP connection is over.
    Closed {
        /// The service's name.
        service: &'static str,
        /// The peer.
        remote: IpEndpoint,
        /// The local port it came in on.
        port: u16,
        /// How it ended.
        outcome: Outcome,
        /// Bytes received from the peer.
        bytes_in: u64,
        /// Bytes sent to the peer.
        bytes_out: u64,
    },
}

/// How a TCP connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides closed in order.
    Completed,
    /// The connection was reset by the peer, or lost.
    Reset,
    /// A timeout has passed.
    TimedOut,
    /// It was evicted for a waiting connection request.
    Evicted,
    /// The protocol reset the connection.
    Aborted,
}

/// Receives [`Event`]s. `()` ignores them.
pub trait Observer {
    /// Called once for each event, in order. Must not block.
    fn event(&mut self, event: Event<'_>);
}

impl Observer for () {
    fn event(&mut self, _event: Event<'_>) {}
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn event(&mut self, event: Event<'_>) {
        (**self).event(event);
    }
}
