//! What the turn loop polls.

use smoltcp::{
    iface::{Interface, SocketSet},
    time::Instant,
};

use super::listener::queue::Backlog;
use crate::{clock::min_deadline, protocol::environment::Environment};

/// Something that lives on sockets: a server, a client.
pub trait Service {
    /// Moves every byte that can be moved now, without blocking, and returns. Work is bounded by
    /// the size of the buffers.
    fn poll(&mut self, cx: &mut Context<'_, '_>);

    /// When [`Service::poll`] wants to be called even if nothing arrives. `None`: not before
    /// something does.
    fn poll_at(&self) -> Option<Instant>;
}

/// Two services as one.
impl<A: Service, B: Service> Service for (A, B) {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.0.poll(cx);
        self.1.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        min_deadline(self.0.poll_at(), self.1.poll_at())
    }
}

/// What a [`Service`] may touch while it is polled.
pub struct Context<'x, 'a> {
    /// The interface: for connecting out.
    pub interface: &'x mut Interface,
    /// The sockets of all services.
    pub sockets: &'x mut SocketSet<'a>,
    /// The connection requests that wait.
    pub backlog: &'x mut Backlog<'a>,
    /// Time, entropy, log.
    pub environment: Environment<'x>,
}
