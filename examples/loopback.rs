//! All services and their clients in one process, over smoltcp's loopback device.
//!
//! ```sh
//! cargo run --example loopback
//! ```
//!
//! It needs no network, no privileges and no particular operating system, and prints what each
//! service answered. Time is virtual and randomness comes from a fixed seed, so that every run
//! prints the same.

use std::error::Error;

use bareserve::{
    Environment, Service, Stack,
    clock::UnixTime,
    echo::{self, TcpEcho, UdpEcho},
    entropy::SeededEntropy,
    file_transfer::{
        client::{Fetch, Source, StoreSink, Upload},
        download::Download,
        request::FileServer,
    },
    http::{self, Files},
    net::{
        config::Config,
        resources::{StackResources, TcpClientResources, TcpResources, UdpResources},
        setup_error::SetupError,
    },
    ping::{
        client::{PingClient, PingEvent, PingSettings},
        profile::{Profile, SharedProfile},
        server::{self as ping, PingResources, PingServer},
    },
    protocol::{
        client::{DatagramSession, Failure, Progress, StreamSession},
        datagram::DatagramProtocol,
        stream::Protocol,
        token::Token,
    },
    store::{
        Encoding, Store, StoreError,
        ram::{RamMemory, RamStore},
        rom::{RomFile, RomStore},
    },
    time::{
        client::{ClockSetter, TimeClient},
        daytime::{self, Daytime},
        seconds::{self, Seconds},
        server::{TimeServer, UdpTime},
        timestamp::{self, Timestamp},
    },
};
use smoltcp::{
    phy::{Loopback, Medium},
    time::{Duration, Instant},
    wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint},
};

const ADDRESS: IpAddress = IpAddress::v4(127, 0, 0, 1);
const HTTP_PORT: u16 = 80;
const FILE_PORT: u16 = 5566;
const FILE_REQUEST_PORT: u16 = 5567;
/// Lets a client store files. A device takes it from its entropy and shows it to its owner.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

static SITE: RomStore = RomStore::new(&[RomFile::new("index.html", 1, b"<h1>It works</h1>")]);

fn main() -> Result<(), Box<dyn Error>> {
    let files = leak(RamStore::new(leak(RamMemory::<8, 32>::new())));
    let token = Token::from_text(TOKEN).ok_or("the token has 32 characters")?;
    let mut host = Host::new();

    host.serve_tcp(http::Server::<_, 1024>::new(Files::new(&SITE)), &[HTTP_PORT])?;
    host.serve_tcp(TimeServer(Timestamp), &[timestamp::PORT])?;
    host.serve_tcp(TimeServer(Daytime), &[daytime::PORT])?;
    host.serve_tcp(TimeServer(Seconds), &[seconds::PORT])?;
    host.serve_tcp(Download::new(&SITE, "index.html"), &[FILE_PORT])?;
    host.serve_tcp(FileServer::new(&*files).with_token(token), &[FILE_REQUEST_PORT])?;
    host.serve_tcp(TcpEcho::<64>, &[echo::PORT])?;
    host.serve_udp(UdpEcho, echo::PORT)?;
    host.serve_udp(UdpTime(Daytime), daytime::PORT)?;
    host.serve_udp(UdpTime(Seconds), seconds::PORT)?;
    let control = leak(SharedProfile::new(Profile::DEFAULT));
    let held = leak(PingResources::<4, 64>::new());
    host.serve_udp(PingServer::new(control, held), ping::PORT)?;

    let mut get =
        Exchange::until_closed("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    host.connect(HTTP_PORT, &mut get)?;
    let answer = get.text();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    println!("http          {}: {body}", head.lines().next().unwrap_or_default());

    for (name, port) in [("time", timestamp::PORT), ("daytime", daytime::PORT)] {
        let mut buffer = [0; 64];
        let mut time = TimeClient::new(&mut buffer);
        host.connect(port, &mut time)?;
        println!("{name:<13} {}", String::from_utf8_lossy(time.text()).trim_end());
    }
    let mut buffer = [0; 64];
    let mut time = TimeClient::new(&mut buffer);
    host.connect(seconds::PORT, &mut time)?;
    let date = seconds::decode(time.text().try_into()?);
    println!("seconds       {} since 1970", date.0 / 1_000_000);

    let mut daytime = Exchange::datagram("");
    host.exchange(daytime::PORT, &mut daytime)?;
    println!("daytime, UDP  {}", daytime.text().trim_end());
    host.exchange(seconds::PORT, &mut ClockSetter::new())?;
    let date = host.stack.wall_clock().at(host.now).ok_or("the clock is not set")?;
    println!("seconds, UDP  the clock is set to {} since 1970", date.0 / 1_000_000);

    let mut offered = Fetch::offered(StoreSink::new(&*files));
    host.connect(FILE_PORT, &mut offered)?;
    println!("file          {} of {} bytes", offered.text(), offered.received());
    let mut upload = Upload::new("notes.txt", Text("stored over the loopback")).with_token(TOKEN);
    host.connect(FILE_REQUEST_PORT, &mut upload)?;
    println!("file upload   {} bytes sent", upload.sent());
    let mut fetch = Fetch::named("notes.txt", StoreSink::new(&*files));
    host.connect(FILE_REQUEST_PORT, &mut fetch)?;
    println!("file request  {}: {}", fetch.text(), content(&*files, "notes.txt")?);

    let mut tcp_echo = Exchange::of_same_length("hello over TCP");
    host.connect(echo::PORT, &mut tcp_echo)?;
    println!("echo          {}", tcp_echo.text());
    let mut udp_echo = Exchange::datagram("hello over UDP");
    host.exchange(echo::PORT, &mut udp_echo)?;
    println!("echo, UDP     {}", udp_echo.text());

    let report = |event: PingEvent| println!("ping          {event}");
    let settings = PingSettings { count: 3, ..PingSettings::COURSE };
    host.exchange(ping::PORT, &mut PingClient::new(ADDRESS, settings, report))?;
    Ok(())
}

/// An interface on the loopback device, with services.
struct Host {
    stack: Stack<'static, Loopback, SeededEntropy>,
    services: Vec<Box<dyn Service>>,
    now: Instant,
}

// Every call that sets up the stack and its services.
impl Host {
    fn new() -> Self {
        let device = Loopback::new(Medium::Ethernet);
        let mac = EthernetAddress([2, 0, 0, 0, 0, 1]);
        let config = Config::new(mac).address(IpCidr::new(ADDRESS, 8));
        let resources = leak(StackResources::<40, 8>::new());
        let mut stack = Stack::new(device, config, SeededEntropy::new(1), resources);
        stack.wall_clock().set(Instant::ZERO, UnixTime(1_681_923_870_293_444));
        Self { stack, services: Vec::new(), now: Instant::ZERO }
    }

    /// Serves `protocol` with two connections.
    fn serve_tcp(
        &mut self,
        protocol: impl Protocol + 'static,
        ports: &[u16],
    ) -> Result<(), SetupError> {
        let resources = leak(TcpResources::<_, 2, 1024, 1024>::new());
        let server = self.stack.tcp(resources, protocol, ports)?;
        self.services.push(Box::new(server));
        Ok(())
    }

    /// Serves `protocol` with room for four datagrams.
    fn serve_udp(
        &mut self,
        protocol: impl DatagramProtocol + 'static,
        port: u16,
    ) -> Result<(), SetupError> {
        let resources = leak(UdpResources::<4, 512>::new());
        let server = self.stack.udp(resources, protocol, port)?;
        self.services.push(Box::new(server));
        Ok(())
    }

    /// Connects to `port` and runs until `session` is over.
    fn connect(&mut self, port: u16, session: impl StreamSession) -> Result<(), Box<dyn Error>> {
        let resources = leak(TcpClientResources::<1024, 1024>::new());
        let mut client = self.stack.tcp_client(resources, session)?;
        if client.connect(IpEndpoint::new(ADDRESS, port)).is_err() {
            return Err("the client is busy".into());
        }
        while client.outcome().is_none() {
            self.poll(&mut client);
        }
        Ok(client.outcome().unwrap_or(Ok(()))?)
    }

    /// Exchanges datagrams with `port` until `session` is over.
    fn exchange(&mut self, port: u16, session: impl DatagramSession) -> Result<(), Box<dyn Error>> {
        let resources = leak(UdpResources::<4, 512>::new());
        let remote = IpEndpoint::new(ADDRESS, port);
        let mut client = self.stack.udp_client(resources, session, remote)?;
        let limit = self.now + Duration::from_secs(60);
        while client.progress() == Progress::Running && self.now < limit {
            self.poll(&mut client);
        }
        match client.progress() {
            Progress::Succeeded => Ok(()),
            _ => Err(format!("port {port} did not answer").into()),
        }
    }

    /// Polls all services and `client`; each poll takes a millisecond of virtual time.
    fn poll(&mut self, client: &mut dyn Service) {
        let mut services: Vec<&mut dyn Service> =
            self.services.iter_mut().map(|service| &mut **service as _).collect();
        services.push(client);
        self.stack.poll(self.now, &mut services);
        self.now += Duration::from_millis(1);
    }
}

/// Sends a text and keeps what comes back: a client of HTTP, daytime and echo.
struct Exchange {
    request: &'static str,
    sent: usize,
    received: Vec<u8>,
    /// How many bytes the answer has; `None`: until the server closes.
    length: Option<usize>,
    is_over: bool,
}

impl Exchange {
    fn until_closed(request: &'static str) -> Self {
        Self { request, sent: 0, received: Vec::new(), length: None, is_over: false }
    }

    fn of_same_length(request: &'static str) -> Self {
        Self { length: Some(request.len()), ..Self::until_closed(request) }
    }

    /// One datagram each way.
    fn datagram(request: &'static str) -> Self {
        Self::until_closed(request)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

impl StreamSession for Exchange {
    fn receive(&mut self, input: &[u8], _: &mut Environment<'_>) -> usize {
        self.received.extend_from_slice(input);
        self.is_over = self.length == Some(self.received.len());
        input.len()
    }

    fn end_of_input(&mut self, _: &mut Environment<'_>) {
        self.is_over = true;
    }

    fn transmit(&mut self, output: &mut [u8], _: &mut Environment<'_>) -> usize {
        let rest = &self.request.as_bytes()[self.sent..];
        let length = rest.len().min(output.len());
        output[..length].copy_from_slice(&rest[..length]);
        self.sent += length;
        length
    }

    fn progress(&self) -> Progress {
        if self.is_over { Progress::Succeeded } else { Progress::Running }
    }

    fn end(&mut self, _: Result<(), Failure>, _: &mut Environment<'_>) {}
}

impl DatagramSession for Exchange {
    fn receive(&mut self, datagram: &[u8], _: &mut Environment<'_>) {
        self.received = datagram.to_vec();
        self.is_over = true;
    }

    fn transmit(&mut self, datagram: &mut [u8], _: &mut Environment<'_>) -> Option<usize> {
        if std::mem::replace(&mut self.sent, 1) > 0 {
            return None;
        }
        datagram[..self.request.len()].copy_from_slice(self.request.as_bytes());
        Some(self.request.len())
    }

    fn poll_at(&self) -> Option<Instant> {
        (self.sent == 0).then_some(Instant::ZERO)
    }

    fn progress(&self) -> Progress {
        StreamSession::progress(self)
    }
}

/// A text as a file to upload.
struct Text(&'static str);

impl Source for Text {
    type Error = StoreError;

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let rest = self.0.as_bytes().get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

fn content(store: impl Store, path: &str) -> Result<String, Box<dyn Error>> {
    let mut file = store.open(path, Encoding::Identity)?;
    let mut buffer = [0; 100];
    let length = store.read(&mut file, 0, &mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Memory for the whole run.
fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}
