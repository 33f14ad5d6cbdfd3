//! The servers and clients that a stack polls.

use smoltcp::{
    iface::{Interface, SocketSet},
    time::Instant,
};

use super::{guard::Flows, listener::queue::Backlog};
use crate::{clock::min_deadline, protocol::environment::Environment};

/// A server or client on the stack's sockets.
pub trait Service {
    /// Moves the bytes that can be moved now, without blocking. The work is bounded by the size of the
    /// buffers.
    fn poll(&mut self, cx: &mut Context<'_, '_>);

    /// When to call [`Service::poll`] even if no frame arrives. `None`: only when a frame arrives.
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

/// The parts of the stack that a [`Service`] may use while it is polled.
pub struct Context<'x, 'a> {
    /// The interface, which outgoing connections need.
    pub interface: &'x mut Interface,
    /// The sockets of all services.
    pub sockets: &'x mut SocketSet<'a>,
    /// The paths of the TCP connections.
    pub flows: &'x mut Flows<'a>,
    /// The queue of connection requests.
    pub backlog: &'x mut Backlog<'a>,
    /// Time, date, entropy, observer and registry.
    pub environment: Environment<'x>,
}
