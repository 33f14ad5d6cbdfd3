//! A TCP server: one protocol or several on a pool of connections.
//!
//! Every connection of the pool can serve every port of its protocols. A socket listens only while one
//! request from the [queue](crate::net::listener::queue) is replayed to it. The private module `pool`
//! decides which service gets a free connection, and which connection is evicted for a request.

use smoltcp::time::Instant;

use super::{
    erased::ErasedConnection,
    pool::{Connections, Pool},
    protocols::{On, Protocols},
    slot::Slot,
    timeouts::Timeouts,
};
use crate::net::service::{Context, Service};

/// Serves `P` on a pool of connections. [`Stack::tcp`](crate::Stack::tcp) and
/// [`Stack::tcp_pool`](crate::Stack::tcp_pool) create it.
pub struct TcpServer<'a, P: Protocols> {
    protocols: P,
    connections: &'a mut [P::Connection],
    pool: Pool<'a>,
}

/// The memory of a [`TcpServer`]: one connection for each slot, and two buffers that are divided evenly
/// between them. [`TcpResources`](crate::net::resources::TcpResources) provides it in a constant size.
pub struct TcpMemory<'a, C> {
    /// One for each connection.
    pub slots: &'a mut [Slot],
    /// The protocol's state of each connection.
    pub connections: &'a mut [C],
    /// Receive buffers; each connection's share is its TCP window.
    pub rx: &'a mut [u8],
    /// Transmit buffers.
    pub tx: &'a mut [u8],
}

impl<'a, P: Protocols> TcpServer<'a, P> {
    pub(in crate::net) fn new(
        protocols: P,
        connections: &'a mut [P::Connection],
        pool: Pool<'a>,
    ) -> Self {
        Self { protocols, connections, pool }
    }

    /// Replaces the timeouts: `contended` apply while a connection request waits and no connection is
    /// free, `relaxed` otherwise.
    #[must_use]
    pub fn with_timeouts(mut self, relaxed: &'a Timeouts, contended: &'a Timeouts) -> Self {
        self.pool.set_timeouts(relaxed, contended);
        self
    }

    /// The protocols, with all that their connections share.
    pub fn protocols(&mut self) -> &mut P {
        &mut self.protocols
    }
}

impl<P: crate::protocol::stream::Protocol> TcpServer<'_, On<P>> {
    /// The protocol, with all that its connections share.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.protocols.protocol
    }
}

impl<P: Protocols> Service for TcpServer<'_, P> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        let mut members = Members { protocols: &mut self.protocols, connections: self.connections };
        self.pool.poll(&mut members, cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.pool.poll_at()
    }
}

/// The connections of a server, for a pool that does not depend on their type.
struct Members<'m, P: Protocols> {
    protocols: &'m mut P,
    connections: &'m mut [P::Connection],
}

impl<P: Protocols> Connections for Members<'_, P> {
    // Not inlined: rarely called, and the connection would enlarge the stack frame of the main loop.
    #[inline(never)]
    fn renew(&mut self, connection: u16, number: usize) {
        if let Some(connection) = self.connections.get_mut(usize::from(connection)) {
            *connection = P::connection(number);
        }
    }

    fn with(&mut self, connection: u16, step: &mut dyn FnMut(&mut dyn ErasedConnection)) {
        if let Some(connection) = self.connections.get_mut(usize::from(connection)) {
            self.protocols.with(connection, step);
        }
    }
}
