//! The device: all services, wired to memory, files and clocks.

use std::cell::RefCell;

use bareserve::{
    Service,
    counters::{BacklogCounters, Counters},
    device::{
        DeviceApplication, Overview, PingEntry, ServiceEntry, Transport,
        capture::{Capture, CaptureResources, Recorder},
    },
    echo::{EchoConnection, TcpEcho, UdpEcho},
    file_transfer::{download, download::Download, request, request::FileServer},
    http,
    http::{WriteAccess, auth::Token},
    net::{setup_error::SetupError, tcp::server::TcpServer, udp::server::UdpServer},
    ping::server::{Control, Held, PingMemory, PingServer},
    store::ram::RamStore,
    time::{
        daytime::Daytime,
        seconds::Seconds,
        server::{TimeConnection, TimeServer, UdpTime},
        timestamp::Timestamp,
    },
};

use crate::{
    announce,
    apps::App,
    arguments::{DAYTIME_PORT, ECHO_PORT, SECONDS_PORT, Serve},
    clock::Clock,
    entropy::OsEntropy,
    error::{Error, Failure},
    files::{self, Files},
    forward,
    log::Log,
    memory::{DATAGRAM_SIZE, StackSpace, TcpSpace, UdpSpace},
    publish::{self, Listeners},
    run::{self, StopSignals},
};

/// TCP and UDP services below.
const TCP_SERVICES: usize = 7;
const UDP_SERVICES: usize = 4;

/// Bytes of a request's target and the fields that are kept, and of the response's head.
const HTTP_BUFFER: usize = 16 * 1024;

/// Bytes on their way through an echo connection.
const ECHO_SIZE: usize = 16 * 1024;

/// Pings that can be held back at a time, for profiles with a delay.
const HELD_PINGS: usize = 64;

/// Frames that `/_device/capture.pcap` has, and bytes kept of each: the headers, and the start of what
/// they carry.
const CAPTURED_FRAMES: usize = 256;
const CAPTURED_BYTES: usize = 256;

/// Runs the device until a signal comes.
pub fn serve(options: &Serve) -> Result<(), Error> {
    let mut scratch = files::scratch();
    let scratch = RamStore::new(&mut scratch);
    let files = Files::open(options, &scratch)?;
    let offered = options.file.clone().or_else(|| files.offered()).unwrap_or_default();
    let token = options.is_writable.then(|| Token::generate(&mut OsEntropy));
    let signals = StopSignals::new()?;
    let mut listeners = Listeners::open(&options.publish)?;
    let (tap, place) = options.network.set_up(options.verbosity, || {
        if listeners.is_empty() {
            listeners = Listeners::open_free(&publish::defaults(options));
        }
        Ok(())
    })?;
    let mut clock = Clock::new(options.utc_offset);
    let mut log = Log::new(options.verbosity);

    let connections = options.connections;
    let mut time_space = TcpSpace::new(connections, TimeConnection::new);
    let mut daytime_space = TcpSpace::new(connections, TimeConnection::new);
    let mut seconds_space = TcpSpace::new(connections, TimeConnection::new);
    let mut download_space = TcpSpace::new(connections, download::Connection::new);
    let mut request_space = TcpSpace::new(connections, request::Connection::new);
    let mut echo_space = TcpSpace::new(connections, EchoConnection::<ECHO_SIZE>::new);
    let mut udp_spaces: [UdpSpace; UDP_SERVICES] = Default::default();
    let [ping_udp, echo_udp, daytime_udp, seconds_udp] = &mut udp_spaces;
    let mut held = [Held::NOTHING; HELD_PINGS];
    let mut held_bytes = vec![0; HELD_PINGS * DATAGRAM_SIZE];
    let counters: [Counters; TCP_SERVICES + UDP_SERVICES] = Default::default();
    let [tcp_counts @ .., ping_count, udp_echo_count, udp_daytime_count, udp_seconds_count] =
        &counters;
    let [
        http_count,
        time_count,
        daytime_count,
        seconds_count,
        download_count,
        request_count,
        echo_count,
    ] = tcp_counts;
    let ping_control = Control::new(options.ping_profile);
    let ping_memory = PingMemory { queue: &mut held, bytes: &mut held_bytes };
    let time_ports = [options.time_port];
    let download_ports = [options.file_port];
    let request_ports = [options.file_request_port];
    let ping_ports = [options.ping_port];

    let access = token.map_or(WriteAccess::NOBODY, WriteAccess::with_token);
    let mut web_files = http::Files::new(&files).with_writing(access);
    if options.has_listings {
        web_files = web_files.with_listings();
    }
    let entry =
        |name, transport, ports, counters| ServiceEntry { name, transport, ports, counters };
    let entries = [
        entry("http", Transport::Tcp, &options.http_ports[..], http_count),
        entry("time", Transport::Tcp, &time_ports, time_count),
        entry("file", Transport::Tcp, &download_ports, download_count),
        entry("file-request", Transport::Tcp, &request_ports, request_count),
        entry("ping", Transport::Udp, &ping_ports, ping_count),
        entry("echo", Transport::Tcp, &[ECHO_PORT], echo_count),
        entry("echo", Transport::Udp, &[ECHO_PORT], udp_echo_count),
        entry("daytime", Transport::Tcp, &[DAYTIME_PORT], daytime_count),
        entry("daytime", Transport::Udp, &[DAYTIME_PORT], udp_daytime_count),
        entry("seconds", Transport::Tcp, &[SECONDS_PORT], seconds_count),
        entry("seconds", Transport::Udp, &[SECONDS_PORT], udp_seconds_count),
    ];
    let backlog_count = BacklogCounters::new();
    // Only a holder of the token may see it, so nothing is recorded while there is none.
    let mut captured = Box::new(CaptureResources::<CAPTURED_FRAMES, CAPTURED_BYTES>::new());
    let mut not_captured = CaptureResources::<0, 0>::new();
    let capture = RefCell::new(match options.is_writable {
        true => Capture::new(&mut captured),
        false => Capture::new(&mut not_captured),
    });
    let overview = Overview {
        name: "bareserve",
        version: env!("CARGO_PKG_VERSION"),
        services: &entries,
        backlog: &backlog_count,
        ping: Some(PingEntry { control: &ping_control, counters: ping_count }),
        files_root: "/",
        writable: options.is_writable,
        authorized: false,
        capture: options.is_writable.then_some(&capture),
    };
    let app = App::new(options.app);
    let mut page = DeviceApplication::new(overview, &files, access);
    if options.root.is_none() && !app.has_root() {
        page = page.at_root();
    }
    let mut http_space = TcpSpace::new(connections, http::Connection::<_, HTTP_BUFFER>::new);

    let mut stack_space =
        StackSpace::new(TCP_SERVICES * connections + UDP_SERVICES, options.backlog);
    let tap = Recorder { device: tap, capture: &capture };
    let stack = &mut options.network.stack(tap, stack_space.split(), clock.now());
    let mut web = TcpServer::new(
        stack,
        http::Server::new((page, (app, web_files))).with_links(access),
        &options.http_ports,
        http_space.split(),
        http_count,
    )?;
    let mut time =
        TcpServer::new(stack, TimeServer(Timestamp), &time_ports, time_space.split(), time_count)?;
    let mut daytime = TcpServer::new(
        stack,
        TimeServer(Daytime),
        &[DAYTIME_PORT],
        daytime_space.split(),
        daytime_count,
    )?;
    let mut seconds = TcpServer::new(
        stack,
        TimeServer(Seconds),
        &[SECONDS_PORT],
        seconds_space.split(),
        seconds_count,
    )?;
    let mut downloads = TcpServer::new(
        stack,
        Download::new(&files, &offered),
        &download_ports,
        download_space.split(),
        download_count,
    )?;
    let requests = match token {
        Some(token) => FileServer::new(&files).with_token(token),
        None => FileServer::new(&files),
    };
    let mut requests =
        TcpServer::new(stack, requests, &request_ports, request_space.split(), request_count)?;
    let mut echo = TcpServer::new(stack, TcpEcho, &[ECHO_PORT], echo_space.split(), echo_count)?;
    let mut ping = UdpServer::new(
        stack,
        PingServer::new(&ping_control, ping_memory),
        options.ping_port,
        ping_udp.split(),
        ping_count,
    )?;
    let mut udp_echo = UdpServer::new(stack, UdpEcho, ECHO_PORT, echo_udp.split(), udp_echo_count)?;
    let mut udp_daytime = UdpServer::new(
        stack,
        UdpTime(Daytime),
        DAYTIME_PORT,
        daytime_udp.split(),
        udp_daytime_count,
    )?;
    let mut udp_seconds = UdpServer::new(
        stack,
        UdpTime(Seconds),
        SECONDS_PORT,
        seconds_udp.split(),
        udp_seconds_count,
    )?;
    let mut services: [&mut dyn Service; TCP_SERVICES + UDP_SERVICES] = [
        &mut web,
        &mut time,
        &mut daytime,
        &mut seconds,
        &mut downloads,
        &mut requests,
        &mut echo,
        &mut ping,
        &mut udp_echo,
        &mut udp_daytime,
        &mut udp_seconds,
    ];

    announce::print(options, place, &listeners, token.as_ref());
    if !listeners.is_empty() {
        forward::start(listeners, options.network.address.address)?;
    }
    run::run(stack, &mut services, &mut clock, &mut log, &signals, |stack| {
        stack.backlog().report(&backlog_count);
        false
    })?;
    log.frames_dropped(stack.device().device.dropped());
    Ok(())
}

impl From<SetupError> for Error {
    fn from(error: SetupError) -> Self {
        Self::Failure(Failure(error.to_string()))
    }
}
