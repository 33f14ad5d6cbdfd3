//! All services of a device, over TCP on one pool of connections.

use core::cell::Cell;

use bareserve::{
    Context, Service,
    device::{DeviceApplication, Overview, PingEntry},
    http::{Files, Server, WriteAccess, auth::Token},
    net::{resources::PoolResources, resources::TcpResources, tcp::server::TcpServer},
    services::{files, ping, time, web},
    store::read_only::ReadOnly,
    time::timestamp,
};
use smoltcp::{phy::Device, time::Instant, wire::IpAddress};

use super::{
    ClientsMemory, PingMemory, Services, SetupError, StoreMemory, TimeMemory,
    store::{OFFERED, Store},
};
use crate::{board::Uart, static_cell::StaticCell};

/// Connections of all TCP services together. A browser opens up to six; the web server has at most
/// [`WEB_CONNECTIONS`].
const CONNECTIONS: usize = 5;

/// Connections that the web server may have.
pub const WEB_CONNECTIONS: usize = 4;

/// Bytes for a request's target and the fields that are kept, and for the head of the response.
pub const HTTP_BUFFER: usize = 1024;

/// Bytes between input and output of a TCP echo connection.
pub const ECHO: usize = 128;

/// Receive buffer of a connection. A peer sends no more than this before it waits for a response.
pub const RX: usize = 536;

/// Transmit buffer of a connection: more than a full segment, so that its acknowledgement is not
/// delayed.
pub const TX: usize = 1536;

/// The device's page, and the files.
pub type Application = (DeviceApplication<'static, Store>, Files<Store>);

type Protocols = (
    web::Tcp<Application, HTTP_BUFFER>,
    files::Tcp<'static, ReadOnly<Store>>,
    time::Tcp,
    ping::Tcp<ECHO>,
);

/// All services: HTTP with the device's page, files, time, ping, echo and the clients.
pub struct DeviceMemory {
    store: StoreMemory,
    tcp: StaticCell<TcpServices>,
    resources: PoolResources<Protocols, CONNECTIONS, RX, TX>,
    time: TimeMemory,
    ping: PingMemory,
    clients: ClientsMemory,
}

impl DeviceMemory {
    /// Sockets that it takes.
    pub const SOCKETS: usize =
        CONNECTIONS + TimeMemory::SOCKETS + PingMemory::SOCKETS + ClientsMemory::SOCKETS;

    /// All zeros.
    pub const fn new() -> Self {
        Self {
            store: StoreMemory::new(),
            tcp: StaticCell::new(),
            resources: TcpResources::new(),
            time: TimeMemory::new(),
            ping: PingMemory::new(),
            clients: ClientsMemory::new(),
        }
    }

    /// Adds the services, and the clients of `host`. With `is_writable`, files may be stored over HTTP
    /// with the token, which the log shows when it has been generated.
    ///
    /// # Errors
    /// [`SetupError`]
    // Not inlined, so that the set-up's variables do not enlarge the stack frame of the main loop.
    #[inline(never)]
    pub fn start<E: Device, U: Uart>(
        &'static mut self,
        services: &mut Services<E, U>,
        host: IpAddress,
        is_writable: bool,
    ) -> Result<(), SetupError> {
        let Self { store, tcp, resources, time, ping, clients } = self;
        let store = store.open();
        let ping = ping.start(services)?;
        let device = TcpDevice { store, ping, token: is_writable.then(|| services.token()) };
        let server = services.stack.tcp_pool(resources, device.protocols())?;
        services.run(tcp.put(TcpServices { server, device }))?;
        time.start(services, host)?;
        clients.start(services, host, store)
    }
}

impl Default for DeviceMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// The parameters of the TCP services.
struct TcpDevice {
    store: Store,
    ping: PingEntry<'static>,
    /// Holds the token when it has been generated.
    token: Option<&'static Cell<Option<Token>>>,
}

impl TcpDevice {
    fn protocols(&self) -> Protocols {
        (
            web::tcp(&web::PORTS, self.web(WriteAccess::DENIED)).at_most(WEB_CONNECTIONS),
            files::tcp(files::PORTS, OFFERED, ReadOnly(self.store)),
            time::tcp(timestamp::PORT),
            ping::tcp(),
        )
    }

    fn web(&self, access: WriteAccess) -> Server<Application, HTTP_BUFFER> {
        web_server(self.store, Some(self.ping), access)
    }
}

/// The web server: the device's page at `/`, with the section of `ping` if there is a ping service, and
/// the files of `store`.
// Called twice; not inlined, to save flash.
#[inline(never)]
pub fn web_server(
    store: Store,
    ping: Option<PingEntry<'static>>,
    access: WriteAccess,
) -> Server<Application, HTTP_BUFFER> {
    let overview = Overview {
        name: "bareserve",
        version: env!("CARGO_PKG_VERSION"),
        ping,
        files_root: "/",
        writable: false,
        authorized: false,
        capture: None,
    };
    let page = DeviceApplication::new(overview, store, access).at_root();
    let files = Files::new(store).with_listings().with_writing(access);
    Server::new((page, files)).with_links(access)
}

/// The TCP services, which are rebuilt with the token when it has been generated.
struct TcpServices {
    server: TcpServer<'static, Protocols>,
    device: TcpDevice,
}

impl Service for TcpServices {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        if let Some(token) = self.device.token.and_then(Cell::take) {
            // There is no second one.
            self.device.token = None;
            // Replaces the state that the connections share; open connections continue.
            let (web, ..) = self.server.protocols();
            web.protocol = self.device.web(WriteAccess::with_token(token));
        }
        self.server.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.server.poll_at()
    }
}
