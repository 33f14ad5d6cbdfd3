//! The web server, on ports 80 and 6789: the device's page, and the files.

use core::cell::Cell;

use bareserve::{
    Context, Service, Stack,
    counters::{BacklogCounters, Counters},
    device::{DeviceApplication, Overview, PingEntry, ServiceEntry, Transport},
    http::{Connection, Files, Server, WriteAccess, auth::Token},
    net::tcp_server::{SetupError, TcpServer},
    resources::TcpResources,
};
use heapless::Vec;
use smoltcp::{phy::Device, time::Instant};

use super::store::Store;
use crate::place::Place;

/// Bytes for a request's target and the fields that matter, and for composing the answer's head.
const BUFFER: usize = 1024;

/// The most services that the page shows.
const SERVICES: usize = 12;

const PORTS: &[u16] = &[80, 6789];

type Application<'a> = (DeviceApplication<'a, Store>, Files<Store>);

/// The memory of [`Http`]: four sockets, 16 KB. A peer sends no more than the receive buffer before
/// it waits for an answer; the transmit buffer takes more than a full segment, so that its
/// acknowledgement is not put off.
pub struct HttpMemory {
    service: Place<Http>,
    connections: TcpResources<Connection<Application<'static>, BUFFER>, 4, 536, 1536>,
    counters: Counters,
    entries: Vec<ServiceEntry<'static>, SERVICES>,
}

impl HttpMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 4;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            service: Place::new(),
            connections: TcpResources::empty(),
            counters: Counters::new(),
            entries: Vec::new(),
        }
    }
}

impl Default for HttpMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// What the page tells about the rest of the board.
pub struct Others<'o> {
    /// The other services: 11 at most are shown.
    pub entries: &'o [&'o [ServiceEntry<'static>]],
    /// The ping service, if there is one.
    pub ping: Option<PingEntry<'static>>,
    /// What [`Network::backlog`](crate::Network::backlog) counts.
    pub backlog: &'static BacklogCounters,
    /// Where a token will be for those who may write: [`Network::token`](crate::Network::token).
    /// `None`: nobody may.
    pub token: Option<&'static Cell<Option<Token>>>,
}

/// HTTP/1.1.
pub struct Http {
    server: TcpServer<'static, Server<Application<'static>, BUFFER>>,
    overview: Overview<'static>,
    store: Store,
    token: Option<&'static Cell<Option<Token>>>,
}

impl Http {
    /// Opens the ports.
    ///
    /// # Errors
    /// [`SetupError`]
    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn new<D: Device>(
        stack: &mut Stack<'static, D>,
        store: Store,
        others: &Others<'_>,
        memory: &'static mut HttpMemory,
    ) -> Result<&'static mut Self, SetupError> {
        let HttpMemory { service, connections, counters, entries } = memory;
        let counters = &*counters;
        let own = ServiceEntry { name: "http", transport: Transport::Tcp, ports: PORTS, counters };
        entries.extend(
            [own].iter().chain(others.entries.iter().copied().flatten()).copied().take(SERVICES),
        );
        let overview = Overview {
            name: "bareserve",
            version: env!("CARGO_PKG_VERSION"),
            services: entries,
            backlog: others.backlog,
            ping: others.ping,
            files_root: "/",
            writable: false,
            authorized: false,
            capture: None,
        };
        let server = serve(overview, store, WriteAccess::NOBODY);
        let memory = connections.split_with(Connection::new);
        let server = TcpServer::new(stack, server, PORTS, memory, counters)?;
        Ok(service.put(Self { server, overview, store, token: others.token }))
    }
}

fn serve(
    overview: Overview<'static>,
    store: Store,
    access: WriteAccess,
) -> Server<Application<'static>, BUFFER> {
    let page = DeviceApplication::new(overview, store, access).at_root();
    let files = Files::new(store).with_listings().with_writing(access);
    Server::new((page, files)).with_links(access)
}

impl Service for Http {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        if let Some(token) = self.token.and_then(Cell::take) {
            // What is shared by connections is made anew; they themselves go on.
            *self.server.protocol() =
                serve(self.overview, self.store, WriteAccess::with_token(token));
        }
        self.server.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.server.poll_at()
    }
}
