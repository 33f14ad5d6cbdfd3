//! The web server, on ports 80 and 6789.

use bareserve::{
    Context, Service, Stack,
    counters::Counters,
    http::{Connection, Files, Server},
    net::tcp_server::{SetupError, TcpServer},
    resources::TcpResources,
};
use smoltcp::{phy::Device, time::Instant};

use super::store::Store;

/// Bytes for a request's target and the fields that matter, and for composing the answer's head.
const BUFFER: usize = 1024;

const PORTS: &[u16] = &[80, 6789];

type Application = Files<Store>;

/// The memory of [`Http`]: four sockets, 16.5 KB. A peer sends no more than the receive buffer before
/// it waits for an answer; the transmit buffer takes more than a full segment, so that its
/// acknowledgement is not put off.
pub struct HttpMemory {
    connections: TcpResources<Connection<Application, BUFFER>, 4, 536, 1792>,
    counters: Counters,
}

impl HttpMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 4;

    /// All empty.
    pub const fn new() -> Self {
        Self { connections: TcpResources::empty(), counters: Counters::new() }
    }
}

/// HTTP/1.1.
pub struct Http<'a> {
    server: TcpServer<'a, Server<Application, BUFFER>>,
}

impl<'a> Http<'a> {
    /// Opens the ports.
    ///
    /// # Errors
    /// [`SetupError`]
    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn new<D: Device>(
        stack: &mut Stack<'a, D>,
        store: Store,
        memory: &'a mut HttpMemory,
    ) -> Result<Self, SetupError> {
        let HttpMemory { connections, counters } = memory;
        let server = Server::new(Files::new(store).with_listings());
        let memory = connections.split_with(Connection::new);
        Ok(Self { server: TcpServer::new(stack, server, PORTS, memory, counters)? })
    }
}

impl Service for Http<'_> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.server.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.server.poll_at()
    }
}
