//! The contract between a datagram protocol and the adapter that gives it datagrams.

use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use super::environment::Environment;

/// A protocol spoken in datagrams, without sockets.
pub trait DatagramProtocol {
    /// The service's name in logs: `ping`, `echo`.
    fn name(&self) -> &'static str;

    /// A datagram has come: the first `length` bytes of `datagram`. Writes the answer over it, as
    /// long as `datagram` allows, and returns its length; `None` is silence.
    fn answer(
        &mut self,
        datagram: &mut [u8],
        length: usize,
        ends: DatagramEndpoints,
        env: &mut Environment<'_>,
    ) -> Option<usize>;

    /// Writes a datagram that is due by itself, such as a delayed answer, to the front of
    /// `datagram` and returns its length and where it goes.
    fn transmit(
        &mut self,
        datagram: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Option<(usize, DatagramEndpoints)> {
        let _ = (datagram, env);
        None
    }

    /// How many answers are put off until [`DatagramProtocol::transmit`].
    fn held_back(&self) -> usize {
        0
    }

    /// When [`DatagramProtocol::transmit`] will have something to send.
    fn poll_at(&self) -> Option<Instant> {
        None
    }
}

/// The two ends of a datagram's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatagramEndpoints {
    /// The peer.
    pub remote: IpEndpoint,
    /// Our address that the peer wrote to, which its answer comes from; `None` if it wrote to
    /// everybody, by a broadcast or multicast address.
    pub local: Option<IpAddress>,
}
