//! The contract between a protocol over UDP and the adapter that drives it.

use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use super::environment::Environment;

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
        ends: DatagramEndpoints,
        env: &mut Environment<'_>,
    ) -> Option<usize>;

    /// Writes a datagram that is due, such as a delayed answer, to the front of `datagram` and returns
    /// its length and destination.
    fn transmit(
        &mut self,
        datagram: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Option<(usize, DatagramEndpoints)> {
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

/// The endpoints of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatagramEndpoints {
    /// The peer.
    pub remote: IpEndpoint,
    /// The local address that the datagram was sent to, and from which the answer is sent; `None` if it
    /// was sent to a broadcast or multicast address.
    pub local: Option<IpAddress>,
}
