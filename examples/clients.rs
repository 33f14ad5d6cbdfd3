//! The library's clients against a device's services, one after the other, with the result or the error
//! of each: `cargo run --example clients`.
//!
//! A client is a protocol's session on a socket of the stack: one [`TcpClient`] makes any number of
//! connections, one after the other. The application polls it with its services and reads the outcome;
//! no call blocks. Clients and services are on the same stack here, over smoltcp's loopback device.
//! Time is virtual, so that a timeout takes no time.

use std::error::Error;

use bareserve::{
    Environment, Service, Stack,
    clock::UnixTime,
    echo::{self, TcpEcho},
    entropy::SeededEntropy,
    file_transfer::{
        client::{ClientError, Fetch, StoreSink},
        request::FileServer,
    },
    http::{self, Files},
    net::{
        config::Config,
        resources::{StackResources, TcpClientResources, TcpResources, UdpResources},
        setup_error::SetupError,
        tcp::{
            client::{ClientTimeouts, TcpClient},
            protocols::on,
        },
    },
    ping::{
        client::{PingClient, PingEvent, PingSettings},
        profile::{Profile, SharedProfile},
        server::{self as ping, PingResources, PingServer},
    },
    protocol::client::{Failure, Progress, StreamSession},
    store::{
        ram::{RamMemory, RamStore},
        rom::{RomFile, RomStore},
    },
    time::{
        client::TimeClient,
        server::TimeServer,
        timestamp::{self, Timestamp},
    },
    wire::{template::Value, writer::ResumableWriter},
};
use smoltcp::{
    phy::{Loopback, Medium},
    time::{Duration, Instant},
    wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint},
};

const ADDRESS: IpAddress = IpAddress::v4(192, 168, 69, 1);
const HTTP_PORT: u16 = 80;
const FILE_PORT: u16 = 5567;
/// No service has this port.
const CLOSED_PORT: u16 = 81;

/// Shorter than the default, for a peer on the same network.
const TIMEOUTS: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_secs(3),
    progress: Duration::from_secs(5),
    linger: Duration::from_secs(1),
};

static SITE: RomStore = RomStore::new(&[RomFile::new("index.html", 1, b"<h1>It works</h1>")]);

fn main() -> Result<(), Box<dyn Error>> {
    let mut device = Device::start()?;
    times(&mut device)?;
    files(&mut device)?;
    pages(&mut device)?;
    pings(&mut device)?;
    Ok(())
}

/// One client, five connections. All but the first and the last fail, each with another reason.
fn times(device: &mut Device) -> Result<(), SetupError> {
    let session = TimeClient::new(leak([0; 64]));
    let resources = leak(TcpClientResources::<256, 256>::new());
    let mut client = device.stack.tcp_client(resources, session)?.with_timeouts(TIMEOUTS);
    for (what, peer) in [
        ("the time", server(timestamp::PORT)),
        ("no service on the port", server(CLOSED_PORT)),
        ("no host with the address", IpEndpoint::new(IpAddress::v4(192, 168, 69, 9), 9999)),
        ("a server that waits too", server(echo::PORT)),
        ("the time again", server(timestamp::PORT)),
    ] {
        client.session().restart();
        let began = device.now;
        match device.connect(&mut client, peer) {
            Ok(()) => println!("time  {what}: {}", client.session().text().escape_ascii()),
            Err(failure) => println!("time  {what}: {failure}, after {}", device.now - began),
        }
    }
    Ok(())
}

/// Files by name. The session knows more about a failure than the connection does.
fn files(device: &mut Device) -> Result<(), SetupError> {
    let files = &*leak(RamStore::new(leak(RamMemory::<1, 1>::new())));
    let session = |name| Fetch::named(name, StoreSink::new(files));
    let resources = leak(TcpClientResources::<1024, 256>::new());
    let mut client = device.stack.tcp_client(resources, session(""))?;
    for name in ["index.html", "missing.html"] {
        *client.session() = session(name);
        let result = device.connect(&mut client, server(FILE_PORT));
        let fetch = client.session();
        match (result, fetch.outcome()) {
            (Ok(()), _) => println!("file  {name}: {} bytes", fetch.received()),
            (Err(_), Some(Err(ClientError::Refused))) => {
                println!("file  {name}: refused: {}", fetch.text());
            }
            (Err(failure), _) => println!("file  {name}: {failure}"),
        }
    }
    Ok(())
}

/// Pages, by a session of the application's own.
fn pages(device: &mut Device) -> Result<(), SetupError> {
    let resources = leak(TcpClientResources::<1024, 256>::new());
    let mut client = device.stack.tcp_client(resources, Get::new(""))?;
    for path in ["/", "/missing.html"] {
        *client.session() = Get::new(path);
        match device.connect(&mut client, server(HTTP_PORT)) {
            Ok(()) => println!("web   {path}: {}", client.session().status()),
            Err(failure) => println!("web   {path}: {failure}"),
        }
    }
    Ok(())
}

/// Pings. A datagram may be lost, and from a port without a service neither an answer nor an error arrives.
fn pings(device: &mut Device) -> Result<(), SetupError> {
    let profile = leak(SharedProfile::new(Profile::COURSE));
    let held = leak(PingResources::<1, 64>::new());
    let resources = leak(UdpResources::<4, 256>::new());
    let mut service = device.stack.udp(resources, PingServer::new(profile, held), ping::PORT)?;
    let half_a_second = Duration::from_millis(500);
    let settings = PingSettings { count: 3, timeout: half_a_second, interval: Duration::ZERO };
    for port in [ping::PORT, CLOSED_PORT] {
        let report = |event: PingEvent| println!("ping  port {port}: {event}");
        let session = PingClient::new(ADDRESS, settings, report);
        let resources = leak(UdpResources::<1, 256>::new());
        let mut client = device.stack.udp_client(resources, session, server(port))?;
        while client.progress() == Progress::Running {
            device.poll(&mut [&mut client, &mut service]);
        }
        let statistics = client.session().statistics();
        println!("ping  port {port}: {} of {} answered", statistics.received, statistics.sent);
    }
    Ok(())
}

fn server(port: u16) -> IpEndpoint {
    IpEndpoint::new(ADDRESS, port)
}

/// The stack and its services, as in any program.
struct Device {
    stack: Stack<'static, Loopback, SeededEntropy>,
    services: Box<dyn Service>,
    now: Instant,
}

impl Device {
    fn start() -> Result<Self, SetupError> {
        let mac = EthernetAddress([2, 0, 0, 0, 0, 1]);
        let config = Config::new(mac).address(IpCidr::new(ADDRESS, 24));
        let resources = leak(StackResources::<10, 4>::new());
        let device = Loopback::new(Medium::Ethernet);
        let mut stack = Stack::new(device, config, SeededEntropy::new(1), resources);
        stack.wall_clock().set(Instant::ZERO, UnixTime(1_681_923_870_293_444));
        let protocols = (
            on(&[timestamp::PORT], TimeServer(Timestamp)),
            on(&[echo::PORT], TcpEcho::<64>),
            on(&[FILE_PORT], FileServer::new(&SITE)),
            on(&[HTTP_PORT], http::Server::<_, 1024>::new(Files::new(&SITE))),
        );
        let pool = leak(TcpResources::<_, 4, 1024, 1024>::new());
        let services = Box::new(stack.tcp_pool(pool, protocols)?);
        Ok(Self { stack, services, now: Instant::ZERO })
    }

    /// Connects to `peer` and polls until the connection is over. An application that has other work
    /// reads the outcome in its main loop instead.
    fn connect<S: StreamSession>(
        &mut self,
        client: &mut TcpClient<S>,
        peer: IpEndpoint,
    ) -> Result<(), Failure> {
        // A client is busy only while it has a connection, and each call waits for the end of its own.
        let _ = client.connect(peer);
        loop {
            self.poll(&mut [client]);
            if let Some(outcome) = client.outcome() {
                return outcome;
            }
        }
    }

    /// One pass of the main loop. It does not sleep: a millisecond passes at once.
    fn poll(&mut self, others: &mut [&mut dyn Service]) {
        let mut services: Vec<&mut dyn Service> = vec![&mut *self.services];
        services.extend(others.iter_mut().map(|service| &mut **service as &mut dyn Service));
        self.stack.poll(self.now, &mut services);
        self.now += Duration::from_millis(1);
    }
}

/// An HTTP client that keeps what the server sends until it closes.
struct Get {
    path: &'static str,
    sent: usize,
    received: Vec<u8>,
    progress: Progress,
}

impl Get {
    fn new(path: &'static str) -> Self {
        Self { path, sent: 0, received: Vec::new(), progress: Progress::Running }
    }

    fn status(&self) -> String {
        let line = self.received.split(|byte| *byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }
}

impl StreamSession for Get {
    fn transmit(&mut self, output: &mut [u8], _: &mut Environment<'_>) -> usize {
        // Writes on from where the last call stopped: the output may be as short as one byte.
        let mut request = ResumableWriter::new(output, self.sent);
        let template = "GET % HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        request.render(template, &[Value::Text(self.path)]);
        self.sent += request.written();
        request.written()
    }

    fn receive(&mut self, input: &[u8], _: &mut Environment<'_>) -> usize {
        self.received.extend_from_slice(input);
        input.len()
    }

    fn end_of_input(&mut self, _: &mut Environment<'_>) {
        self.progress = Progress::Succeeded;
    }

    fn progress(&self) -> Progress {
        self.progress
    }

    fn end(&mut self, _: Result<(), Failure>, _: &mut Environment<'_>) {}
}

/// Memory for the whole run.
fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}
