//! The web server, on ports 80 and 6789: the device's page, and the files.

use core::cell::Cell;

use bareserve::{
    Context, Service,
    counters::Counters,
    device::{DeviceApplication, Overview, PingEntry, Transport},
    http::{Connection, Files, Server, WriteAccess, auth::Token},
    net::{resources::TcpResources, tcp::server::TcpServer},
};
use smoltcp::{phy::Device, time::Instant};

use super::{Services, store::Store};
use crate::{runner::StartError, static_cell::StaticCell};

/// Bytes for a request's target and the fields that matter, and for composing the answer's head.
const BUFFER: usize = 1024;

const PORTS: &[u16] = &[80, 6789];

type Application<'a> = (DeviceApplication<'a, Store>, Files<Store>);

/// HTTP/1.1: four sockets, 15 KB. A peer sends no more than the receive buffer before it waits for an
/// answer; the transmit buffer takes more than a full segment, so that its acknowledgement is not
/// put off.
pub struct HttpMemory {
    service: StaticCell<Http>,
    connections: TcpResources<Connection<Application<'static>, BUFFER>, 4, 536, 1536>,
    counters: Counters,
}

impl HttpMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 4;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            service: StaticCell::new(),
            connections: TcpResources::empty(),
            counters: Counters::new(),
        }
    }

    /// Opens the ports. The page shows what was started before, with `ping`'s own part if there is
    /// a ping service. With `is_writable`, files may be stored by who has the token, which the log
    /// shows as soon as there is one.
    ///
    /// # Errors
    /// [`StartError`]
    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
        store: Store,
        ping: Option<PingEntry<'static>>,
        is_writable: bool,
    ) -> Result<(), StartError> {
        let Self { service, connections, counters } = self;
        services.show("http", Transport::Tcp, PORTS, counters);
        let overview = Overview {
            name: "bareserve",
            version: env!("CARGO_PKG_VERSION"),
            services: services.shown(),
            backlog: services.backlog,
            ping,
            files_root: "/",
            writable: false,
            authorized: false,
            capture: None,
        };
        let token = is_writable.then(|| services.token());
        let server = serve(overview, store, WriteAccess::NOBODY);
        let memory = connections.split_with(Connection::new);
        let server = TcpServer::new(&mut services.stack, server, PORTS, memory, counters)?;
        services.run(service.put(Http { server, overview, store, token }))
    }
}

impl Default for HttpMemory {
    fn default() -> Self {
        Self::new()
    }
}

struct Http {
    server: TcpServer<'static, Server<Application<'static>, BUFFER>>,
    overview: Overview<'static>,
    store: Store,
    token: Option<&'static Cell<Option<Token>>>,
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
