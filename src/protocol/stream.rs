//! The contract between a protocol over TCP and the adapter that drives it.

use smoltcp::time::Instant;

use super::{endpoints::Endpoints, environment::Environment};

/// A protocol over TCP, without sockets: bytes in, bytes out.
///
/// The value itself holds the state that all connections share (a store, settings, handlers); the state
/// of one connection is its [`Protocol::Connection`]. The adapter calls, for each connection:
/// [`open`](Protocol::open) once; then [`receive`](Protocol::receive) and
/// [`transmit`](Protocol::transmit) in any order for as long as either moves bytes;
/// [`end_of_input`](Protocol::end_of_input) once if the peer half-closes; none of these once the
/// phase is [`Phase::Finished`] or [`Phase::Broken`];
/// [`expire`](Protocol::expire) when the timeout of its [`phase`](Protocol::phase) has passed;
/// and [`close`](Protocol::close) once, at the end, also after an error.
pub trait Protocol {
    /// The state of one connection, with its buffers.
    type Connection: Default;

    /// The service's name in logs: `http`, `time`.
    fn name(&self) -> &'static str;

    /// A peer has connected. Clears all state of an earlier connection.
    fn open(
        &mut self,
        connection: &mut Self::Connection,
        peer: Endpoints,
        env: &mut Environment<'_>,
    );

    /// Consumes bytes from the front of `input` and returns how many. The rest is offered again, after a
    /// call of `transmit` or when more has arrived. While none are consumed, the peer's window closes.
    fn receive(
        &mut self,
        connection: &mut Self::Connection,
        input: &[u8],
        env: &mut Environment<'_>,
    ) -> usize;

    /// The peer has half-closed, and all that it sent has been received. It may still read.
    fn end_of_input(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>);

    /// Writes to the front of `output` and returns how many bytes. `output` is never empty but may
    /// be as short as one byte.
    fn transmit(
        &mut self,
        connection: &mut Self::Connection,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> usize;

    /// The phase of the connection, which determines its timeout.
    fn phase(&self, connection: &Self::Connection) -> Phase;

    /// When to call `transmit` even if nothing arrives.
    fn poll_at(&self, connection: &Self::Connection) -> Option<Instant> {
        let _ = connection;
        None
    }

    /// The timeout of the present phase has passed, or the connection is evicted for a waiting request.
    /// The protocol may prepare a last message (`transmit` is called after this). The phase must be
    /// [`Phase::Sending`], [`Phase::Finished`] or [`Phase::Broken`] afterwards.
    fn expire(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>);

    /// The connection has ended. Releases its resources; no partly written file may remain.
    fn close(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>);
}

/// The phase of a connection, for which the adapter has a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the first byte of the first request.
    FirstByte,
    /// Receiving a request's head.
    Head,
    /// Receiving a request's body.
    Body,
    /// Sending a response.
    Sending,
    /// Between requests.
    Idle,
    /// Within an endless response (server-sent events), with nothing to send at present.
    StreamIdle,
    /// The protocol is done: the adapter delivers the remaining bytes, closes, and discards what the
    /// peer still sends.
    Finished,
    /// The protocol cannot continue: the adapter resets the connection.
    Broken,
}
