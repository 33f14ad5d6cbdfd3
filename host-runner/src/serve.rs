//! The device: all services, with the host's memory, files and clocks.

use std::{
    cell::RefCell,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use bareserve::{
    Service,
    device::{
        DeviceApplication, Overview, PingEntry,
        capture::{Capture, CaptureResources, Recorder},
    },
    http::{self, WriteAccess, auth::Token},
    net::setup_error::SetupError,
    ping::profile::SharedProfile,
    services,
    store::ram::RamStore,
};

use crate::{
    announce, apps,
    arguments::Serve,
    clock::Clock,
    entropy::OsEntropy,
    error::{Error, Failure},
    files, forward,
    log::Log,
    memory,
    publish::{Listeners, Publish, Transport},
    run::{self, StopSignals},
};

/// Connections of the pool that are reserved for services other than the web server.
const OTHER_CONNECTIONS: usize = 4;

/// UDP services: ping, echo, daytime and seconds.
const UDP_SERVICES: usize = 4;

/// Bytes for a request's target and the fields that are kept, and for the head of the response.
const HTTP_BUFFER: usize = 16 * 1024;

/// Bytes between input and output of an echo connection.
const ECHO_SIZE: usize = 16 * 1024;

/// The frames in `/_device/capture.pcap`, and the bytes kept of each: the headers and the first bytes of
/// the payload.
const CAPTURED_FRAMES: usize = 256;
const CAPTURED_BYTES: usize = 256;

/// Runs the device until a signal arrives.
pub fn serve(options: &Serve) -> Result<(), Error> {
    let mut scratch = files::scratch();
    let scratch = RamStore::new(&mut scratch);
    let files = files::open(options, &scratch)?;
    let offered = options.file.clone().or_else(|| files::offered(&files)).unwrap_or_default();
    let token = options.is_writable.then(|| Token::generate(&mut OsEntropy));
    let access = token.map_or(WriteAccess::DENIED, WriteAccess::with_token);
    let signals = StopSignals::new()?;
    let mut listeners = Listeners::open(&options.publish)?;
    let (tap, namespace) = options.network.set_up(options.verbosity, || {
        if listeners.is_empty() {
            listeners = Listeners::open_free(&default_publish(options));
        }
        Ok(())
    })?;

    let profile = SharedProfile::new(options.ping_profile);
    // Captured frames are only served with the token, so without a token none are recorded.
    let mut captured = Box::new(CaptureResources::<CAPTURED_FRAMES, CAPTURED_BYTES>::new());
    let mut not_captured = CaptureResources::<0, 0>::new();
    let capture = RefCell::new(match options.is_writable {
        true => Capture::new(&mut captured),
        false => Capture::new(&mut not_captured),
    });
    let overview = Overview {
        name: "bareserve",
        version: env!("CARGO_PKG_VERSION"),
        ping: Some(PingEntry { profile: &profile }),
        files_root: "/",
        writable: options.is_writable,
        authorized: false,
        capture: options.is_writable.then_some(&capture),
    };
    let app = apps::app(options.app);
    let mut page = DeviceApplication::new(overview, &files, access);
    // The echo application has its own page at `/`.
    if options.root.is_none() && app.2.is_none() {
        page = page.at_root();
    }
    let mut web_files = http::Files::new(&files).with_writing(access);
    if options.has_listings {
        web_files = web_files.with_listings();
    }
    // Lives as long as the program.
    let host_names: Vec<&str> =
        options.host_names.clone().into_iter().map(|name| &*name.leak()).collect();
    let web = http::Server::<_, HTTP_BUFFER>::new((page, (app, web_files)))
        .with_links(access)
        .with_host_names(host_names.leak());
    let file_ports = [options.file_port, options.file_request_port];
    let (download, mut requests) = services::files::tcp(file_ports, &offered, &files);
    if let Some(token) = token {
        requests.protocol = requests.protocol.with_token(token);
    }

    let connections = options.connections + OTHER_CONNECTIONS;
    let stack_memory = memory::stack(connections + UDP_SERVICES, options.backlog);
    let tap = Recorder { device: tap, capture: &capture };
    let stack = &mut options.network.stack(tap, stack_memory, Log::new(options.verbosity));
    let mut tcp = stack.tcp_pool(
        memory::tcp(connections),
        (
            services::web::tcp(&options.http_ports, web).at_most(options.connections),
            (download, requests),
            services::time::tcp(options.time_port),
            services::ping::tcp::<ECHO_SIZE>(),
        ),
    )?;
    let mut time = services::time::udp(stack, [memory::udp(), memory::udp()])?;
    let mut ping = services::ping::udp(stack, memory::ping(), options.ping_port, &profile)?;

    announce::print(options, namespace, &listeners, token.as_ref());
    if !listeners.is_empty() {
        forward::start(listeners, options.network.address.address)?;
    }
    let mut clock = Clock::new(options.utc_offset);
    let services = &mut [&mut tcp as &mut dyn Service, &mut time, &mut ping];
    run::run(stack, services, &mut clock, &signals, files::workers(&files), || false)?;
    let dropped = stack.device().device.dropped();
    stack.observer().frames_dropped(dropped);
    stack.observer().flush();
    Ok(())
}

/// The ports that a device in a private namespace publishes by default, on 127.0.0.1: its first
/// HTTP port as 8080, the others under their own numbers.
fn default_publish(options: &Serve) -> Vec<Publish> {
    let on_localhost = |port, device_port, transport| Publish {
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        device_port,
        transport,
    };
    let mut all = Vec::new();
    for (port, _) in options.tcp_ports() {
        let first_http = options.http_ports.first() == Some(&port);
        all.push(on_localhost(if first_http { 8080 } else { port }, port, Transport::Tcp));
    }
    for (port, _) in options.udp_ports() {
        all.push(on_localhost(port, port, Transport::Udp));
    }
    all
}

impl From<SetupError> for Error {
    fn from(error: SetupError) -> Self {
        Self::Failure(Failure(error.to_string()))
    }
}
