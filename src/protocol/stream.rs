//! The contract between a protocol core and the adapter that gives it bytes.

use smoltcp::{time::Instant, wire::IpEndpoint};

use super::environment::Environment;

/// A protocol spoken over TCP, without sockets: bytes in, bytes out.
///
/// The value itself holds what all connections share (a store, settings, handlers); what one
/// connection needs is its [`Protocol::Connection`]. The adapter calls, for each connection:
/// [`open`](Protocol::open) once; then [`receive`](Protocol::receive) and
/// [`transmit`](Protocol::transmit) in any order for as long as either moves bytes;
/// [`end_of_input`](Protocol::end_of_input) once if the peer half-closes; none of these once the
/// phase is [`Phase::Finished`] or [`Phase::Broken`];
/// [`expire`](Protocol::expire) when the time limit of its [`phase`](Protocol::phase) has passed;
/// and [`close`](Protocol::close) once, at the end, however it came.
pub trait Protocol {
    /// The state of one connection, buffers and all.
    type Connection: Default;

    /// The service's name in logs: `http`, `time`.
    fn name(&self) -> &'static str;

    /// A peer has connected. Nothing of an earlier connection may be left after this.
    fn open(
        &mut self,
        connection: &mut Self::Connection,
        peer: Endpoints,
        env: &mut Environment<'_>,
    );

    /// Takes bytes from the front of `input` and returns how many. The rest is offered again, after
    /// `transmit` had its turn or more has come. Taking none stops the peer: its window closes.
    fn receive(
        &mut self,
        connection: &mut Self::Connection,
        input: &[u8],
        env: &mut Environment<'_>,
    ) -> usize;

    /// The peer will send nothing more; all it sent has been received. It may still be listening.
    fn end_of_input(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>);

    /// Writes to the front of `output` and returns how many bytes. `output` is never empty but may
    /// be as short as one byte.
    fn transmit(
        &mut self,
        connection: &mut Self::Connection,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> usize;

    /// What the connection is about now.
    fn phase(&self, connection: &Self::Connection) -> Phase;

    /// When `transmit` will have something to say though nothing arrives.
    fn poll_at(&self, connection: &Self::Connection) -> Option<Instant> {
        let _ = connection;
        None
    }

    /// The time limit of the present phase has passed, or somebody waits and this connection is the
    /// one to go. Say what is to be said (`transmit` is called after this); the phase must be
    /// [`Phase::Sending`], [`Phase::Finished`] or [`Phase::Broken`] now.
    fn expire(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>);

    /// The connection is gone. Release what it holds; nothing half-written may stay.
    fn close(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>);
}

/// Who has connected to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    /// The peer's address and port.
    pub remote: IpEndpoint,
    /// The address and port it connected to.
    pub local: IpEndpoint,
}

/// What a connection is about: the adapter holds it to the matching time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the first byte of the first request.
    FirstByte,
    /// Receiving a request's head.
    Head,
    /// Receiving a request's body.
    Body,
    /// Sending an answer.
    Sending,
    /// Between requests: nothing asked, nothing owed.
    Idle,
    /// In the middle of an endless answer (server-sent events) with nothing to say just now.
    StreamIdle,
    /// All has been said: deliver it, close in order, and throw away what the peer still sends.
    Finished,
    /// Beyond repair: reset.
    Broken,
}
