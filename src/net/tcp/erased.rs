//! A protocol and one of its connections as a trait object.

use smoltcp::time::Instant;

use super::pump::ByteStream;
use crate::protocol::{
    endpoints::Endpoints,
    environment::Environment,
    stream::{Phase, Protocol},
};

/// A protocol with one of its connections. Used as `dyn`, so that the code of a server is compiled once
/// and not for each protocol.
pub trait ErasedConnection: ByteStream {
    /// [`Protocol::name`]
    fn name(&self) -> &'static str;
    /// [`Protocol::open`]
    fn open(&mut self, endpoints: Endpoints, env: &mut Environment<'_>);
    /// [`Protocol::phase`]
    fn phase(&self) -> Phase;
    /// [`Protocol::poll_at`]
    fn poll_at(&self) -> Option<Instant>;
    /// [`Protocol::expire`]
    fn expire(&mut self, env: &mut Environment<'_>);
    /// [`Protocol::close`]
    fn close(&mut self, env: &mut Environment<'_>);
}

impl<P: Protocol> ErasedConnection for (&mut P, &mut P::Connection) {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn open(&mut self, endpoints: Endpoints, env: &mut Environment<'_>) {
        self.0.open(self.1, endpoints, env);
    }

    fn phase(&self) -> Phase {
        self.0.phase(self.1)
    }

    fn poll_at(&self) -> Option<Instant> {
        self.0.poll_at(self.1)
    }

    fn expire(&mut self, env: &mut Environment<'_>) {
        self.0.expire(self.1, env);
    }

    fn close(&mut self, env: &mut Environment<'_>) {
        self.0.close(self.1, env);
    }
}

impl<P: Protocol> ByteStream for (&mut P, &mut P::Connection) {
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize {
        self.0.receive(self.1, input, env)
    }

    fn end_of_input(&mut self, env: &mut Environment<'_>) {
        self.0.end_of_input(self.1, env);
    }

    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize {
        self.0.transmit(self.1, output, env)
    }

    fn is_over(&self) -> bool {
        matches!(self.phase(), Phase::Finished | Phase::Broken)
    }
}
