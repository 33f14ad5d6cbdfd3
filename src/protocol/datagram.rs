//! The contract between a protocol over UDP and the adapter that drives it.

use smoltcp::time::Instant;

use super::{endpoints::Endpoints, environment::Environment};

/// A protocol over UDP, without sockets.
pub trait DatagramProtocol {
    /// The service's name in logs: `ping`, `echo`.
    fn name(&self) -> &'static str;

    /// A datagram has arrived: the first `length` bytes of `datagram`. Overwrites it with the answer, of
    /// up to `datagram.len()` bytes, and returns the answer's length; `None` sends no answer.
    fn answer(
        &mut self,
        datagram: &mut [u8],
        length: usize,
        endpoints: Endpoints,
        env: &mut Environment<'_>,
    ) -> Option<usize>;

    /// Writes a datagram that is due, such as a delayed answer, to the front of `datagram` and returns
    /// its length and destination.
    fn transmit(
        &mut self,
        datagram: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Option<(usize, Endpoints)> {
        let _ = (datagram, env);
        None
    }

    /// The number of answers that are delayed until [`DatagramProtocol::transmit`].
    fn held_back(&self) -> usize {
        0
    }

    /// When [`DatagramProtocol::transmit`] has the next datagram to send.
    fn poll_at(&self) -> Option<Instant> {
        None
    }
}
