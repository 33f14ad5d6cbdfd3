//! The options of each command, with their defaults.

use std::{path::PathBuf, time::Duration};

use bareserve::ping::profile::Profile;
use bareserve_testbench::Faults;

use crate::{limited_store::Limits, log::Verbosity, network::Network, publish::Publish};

/// The configuration of the device.
#[derive(Debug, Clone, PartialEq)]
pub struct Serve {
    pub network: Network,
    /// The folder to serve; `None`: the built-in site.
    pub root: Option<PathBuf>,
    /// The file that the file port serves; `None`: the default of the store.
    pub file: Option<String>,
    pub http_ports: Vec<u16>,
    /// Names besides `localhost` under which clients reach the web server.
    pub host_names: Vec<String>,
    pub time_port: u16,
    pub file_port: u16,
    pub file_request_port: u16,
    pub ping_port: u16,
    pub ping_profile: Profile,
    pub app: Option<App>,
    /// Concurrent connections of each TCP service.
    pub connections: usize,
    /// Connection requests that can wait for a free connection.
    pub backlog: usize,
    /// Whether clients may store files and change settings.
    pub is_writable: bool,
    /// Limits for what clients store.
    pub limits: Limits,
    /// Whether folders without an index page are listed.
    pub has_listings: bool,
    /// Seconds ahead of UTC; `None`: the host's time zone.
    pub utc_offset: Option<i32>,
    pub publish: Vec<Publish>,
    pub verbosity: Verbosity,
}

/// The default ports of the file services.
pub const FILE_PORT: u16 = 5566;
pub const FILE_REQUEST_PORT: u16 = 5567;

/// The ports of echo (RFC 862), daytime (RFC 867) and time (RFC 868), which are not configurable.
pub const ECHO_PORT: u16 = 7;
pub const DAYTIME_PORT: u16 = 13;
pub const SECONDS_PORT: u16 = 37;

impl Default for Serve {
    fn default() -> Self {
        Self {
            network: Network::default(),
            root: None,
            file: None,
            http_ports: vec![80, 6789],
            host_names: Vec::new(),
            time_port: bareserve::time::timestamp::PORT,
            file_port: FILE_PORT,
            file_request_port: FILE_REQUEST_PORT,
            ping_port: bareserve::ping::server::PORT,
            ping_profile: Profile::DEFAULT,
            app: None,
            connections: 8,
            backlog: 512,
            is_writable: false,
            limits: Limits::default(),
            has_listings: false,
            utc_offset: None,
            publish: Vec::new(),
            verbosity: Verbosity::Info,
        }
    }
}

impl Serve {
    /// Every TCP port of the device, with the flag that sets it, or the service's name if none does.
    pub fn tcp_ports(&self) -> Vec<(u16, &'static str)> {
        let mut ports: Vec<_> = self.http_ports.iter().map(|port| (*port, "--http-port")).collect();
        ports.extend([
            (self.time_port, "--time-port"),
            (self.file_port, "--file-port"),
            (self.file_request_port, "--file-request-port"),
            (ECHO_PORT, "echo"),
            (DAYTIME_PORT, "daytime"),
            (SECONDS_PORT, "time (RFC 868)"),
        ]);
        ports
    }

    /// Every UDP port of the device, with the flag that sets it, or the service's name if none does.
    pub fn udp_ports(&self) -> Vec<(u16, &'static str)> {
        vec![
            (self.ping_port, "--ping-port"),
            (ECHO_PORT, "echo"),
            (DAYTIME_PORT, "daytime"),
            (SECONDS_PORT, "time (RFC 868)"),
        ]
    }
}

/// The example application to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    Todo,
    Clock,
    Echo,
}

/// The options common to all clients.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    /// The server's name or address.
    pub host: String,
    /// The server's port; `None`: the default of the protocol.
    pub port: Option<u16>,
    /// Use the stack of a device on this TAP instead of the kernel's.
    pub from_device: Option<Network>,
    pub verbosity: Verbosity,
}

/// The options of `fetch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// The file to request; `None`: the file that the server offers.
    pub name: Option<String>,
    /// The folder to store it in.
    pub output: PathBuf,
}

/// The options of `send`.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    /// The file to upload.
    pub path: PathBuf,
    /// The server's token.
    pub token: Option<String>,
}

/// The options of `ping`.
#[derive(Debug, Clone, PartialEq)]
pub struct Ping {
    /// Pings to send.
    pub count: u32,
    /// How long to wait for each answer.
    pub timeout: Duration,
    /// The time between two pings.
    pub interval: Duration,
}

impl Default for Ping {
    fn default() -> Self {
        Self { count: 9, timeout: Duration::from_secs(1), interval: Duration::from_secs(1) }
    }
}

/// The options of `wire`.
#[derive(Debug, Clone, PartialEq)]
pub struct Wire {
    /// The names of the TAPs.
    pub taps: [String; 2],
    /// The faults in each direction.
    pub faults: Faults,
    /// Determines which frames are lost.
    pub seed: u64,
    pub verbosity: Verbosity,
}
