//! The command line.

mod help;
mod values;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use bareserve::ping::profile::Profile;
use lexopt::{Arg, Parser};

use crate::{error::UsageError, log::Verbosity, network::Network, publish::Publish};
use values::Flag;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Run the device.
    Serve(Serve),
    /// Ask a server for the time.
    Time(Client),
    /// Fetch a file.
    Fetch(Client, Fetch),
    /// Store a file on a server.
    Send(Client, Send),
    /// Measure round trips.
    Ping(Client, Ping),
    /// Print this and end.
    Print(String),
}

/// How the device is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Serve {
    pub network: Network,
    pub root: Option<PathBuf>,
    pub file: Option<String>,
    pub http_ports: Vec<u16>,
    pub time_port: u16,
    pub file_port: u16,
    pub file_request_port: u16,
    pub ping_port: u16,
    pub ping_profile: Profile,
    pub app: Option<App>,
    pub connections: usize,
    pub backlog: usize,
    pub is_writable: bool,
    /// Folders without an index page are listed.
    pub has_listings: bool,
    /// Seconds ahead of UTC; `None`: as the host is set.
    pub utc_offset: Option<i32>,
    pub publish: Vec<Publish>,
    pub verbosity: Verbosity,
}

/// The ports that a flag may move, for files.
pub const FILE_PORT: u16 = 5566;
pub const FILE_REQUEST_PORT: u16 = 5567;

/// Echo (RFC 862), daytime (RFC 867) and time (RFC 868) keep their numbers.
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
            time_port: bareserve::time::timestamp::PORT,
            file_port: FILE_PORT,
            file_request_port: FILE_REQUEST_PORT,
            ping_port: bareserve::ping::server::PORT,
            ping_profile: Profile::DEFAULT,
            app: None,
            connections: 8,
            backlog: 512,
            is_writable: false,
            has_listings: false,
            utc_offset: None,
            publish: Vec::new(),
            verbosity: Verbosity::Info,
        }
    }
}

/// The example applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    Todo,
    Clock,
    Echo,
}

/// What all clients have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    /// A name or an address.
    pub host: String,
    pub port: Option<u16>,
    /// Speak through the stack of a device on this TAP instead of the kernel's.
    pub from_device: Option<Network>,
    pub verbosity: Verbosity,
}

/// What to fetch.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// `None`: what the server hands out unasked.
    pub name: Option<String>,
    pub output: PathBuf,
}

/// What to store.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    pub path: PathBuf,
    /// The server's token.
    pub token: Option<String>,
}

/// How to ping.
#[derive(Debug, Clone, PartialEq)]
pub struct Ping {
    pub count: u32,
    pub timeout: Duration,
    pub interval: Duration,
}

impl Default for Ping {
    fn default() -> Self {
        Self { count: 9, timeout: Duration::from_secs(1), interval: Duration::from_secs(1) }
    }
}

const SUBCOMMANDS: [&str; 4] = ["time", "fetch", "send", "ping"];

/// Reads the command line, without the program's name.
///
/// # Errors
/// One line that names the mistake and the cure.
pub fn parse(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
) -> Result<Command, UsageError> {
    let mut arguments = arguments.into_iter().peekable();
    let subcommand = arguments
        .peek()
        .and_then(|first| SUBCOMMANDS.into_iter().find(|name| first.to_str() == Some(*name)));
    if subcommand.is_some() {
        arguments.next();
    }
    let parser = Parser::from_args(arguments);
    match subcommand {
        None => parse_serve(parser),
        Some(name) => parse_client(name, parser),
    }
}

fn parse_serve(mut parser: Parser) -> Result<Command, UsageError> {
    let mut serve = Serve::default();
    let mut http_ports = Vec::new();
    while let Some(flag) = next_flag(&mut parser, |word| {
        Err(UsageError(format!(
            "'{word}' is no command: {} are, and flags begin with --; see host-runner --help",
            SUBCOMMANDS.join(", ")
        )))
    })? {
        if let Some(print) = parse_print(&flag) {
            return Ok(print);
        }
        let mut value = Flag::new(&mut parser, &flag);
        match flag.as_str() {
            "--root" => serve.root = Some(value.path("a folder, such as ./site")?),
            "--file" => serve.file = Some(value.file_name()?),
            "--http-port" => http_ports.push(value.port()?),
            "--time-port" => serve.time_port = value.port()?,
            "--file-port" => serve.file_port = value.port()?,
            "--file-request-port" => serve.file_request_port = value.port()?,
            "--ping-port" => serve.ping_port = value.port()?,
            "--ping-profile" => serve.ping_profile = value.ping_profile()?,
            "--app" => serve.app = Some(value.one_of(&APPS)?),
            "--connections" => serve.connections = value.number(1..=1024)?,
            "--backlog" => serve.backlog = value.number(1..=65_536)?,
            "--listings" => serve.has_listings = true,
            "--writable" => serve.is_writable = true,
            "--utc-offset" => serve.utc_offset = Some(value.utc_offset()?),
            "--publish" => serve.publish.push(value.publish()?),
            "-q" | "--quiet" => serve.verbosity = Verbosity::Quiet,
            "-v" | "--verbose" => serve.verbosity = Verbosity::Debug,
            _ => {
                if !parse_network(&mut serve.network, &mut value)? {
                    return Err(unknown(&flag, "host-runner --help"));
                }
            }
        }
    }
    if !http_ports.is_empty() {
        serve.http_ports = http_ports;
    }
    serve.check()?;
    Ok(Command::Serve(serve))
}

fn parse_client(name: &str, mut parser: Parser) -> Result<Command, UsageError> {
    let mut words = Vec::new();
    let mut network = Network::default();
    let (mut from_device, mut names_network) = (false, None);
    let mut verbosity = Verbosity::Info;
    let mut fetch = Fetch { name: None, output: PathBuf::from(".") };
    let mut ping = Ping::default();
    let mut token = None;
    while let Some(flag) = next_flag(&mut parser, |word| {
        words.push(word);
        Ok(())
    })? {
        if let Some(print) = parse_print(&flag) {
            return Ok(print);
        }
        let mut value = Flag::new(&mut parser, &flag);
        match (name, flag.as_str()) {
            (_, "--from-device") => from_device = true,
            (_, "-q" | "--quiet") => verbosity = Verbosity::Quiet,
            ("fetch", "--name") => fetch.name = Some(value.file_name()?),
            ("fetch", "--output") => fetch.output = value.path("a folder, such as ./downloads")?,
            ("send", "--token") => token = Some(value.token()?),
            ("ping", "--count") => ping.count = value.number(1..=1_000_000)? as u32,
            ("ping", "--timeout") => ping.timeout = value.duration()?,
            ("ping", "--interval") => ping.interval = value.duration()?,
            _ => {
                if !parse_network(&mut network, &mut value)? {
                    return Err(unknown(&flag, "host-runner --help"));
                }
                names_network.get_or_insert(flag);
            }
        }
    }
    if let (Some(flag), false) = (names_network, from_device) {
        return Err(UsageError(format!(
            "{flag} says where a device is, but {name} speaks through the kernel: add --from-device"
        )));
    }
    check_network(&network)?;

    let mut words = words.into_iter();
    let what = if name == "send" { "ADDR[:PORT] FILE" } else { "ADDR[:PORT]" };
    let missing = || UsageError(format!("{name} needs to know more: host-runner {name} {what}"));
    let (host, port) = values::target(name, &words.next().ok_or_else(missing)?)?;
    let client = Client { host, port, from_device: from_device.then_some(network), verbosity };
    let command = match name {
        "time" => Command::Time(client),
        "fetch" => Command::Fetch(client, fetch),
        "send" => {
            let path = words.next().ok_or_else(missing)?.into();
            Command::Send(client, Send { path, token })
        }
        _ => Command::Ping(client, ping),
    };
    match words.next() {
        None => Ok(command),
        Some(word) => {
            Err(UsageError(format!("'{word}' is one word too many: host-runner {name} {what}")))
        }
    }
}

/// The next flag as it was written, in front of its value if it has one. Words that are neither go
/// to `word`.
fn next_flag(
    parser: &mut Parser,
    mut word: impl FnMut(String) -> Result<(), UsageError>,
) -> Result<Option<String>, UsageError> {
    loop {
        match parser.next() {
            Ok(None) => return Ok(None),
            Ok(Some(Arg::Long(name))) => return Ok(Some(format!("--{name}"))),
            Ok(Some(Arg::Short(name))) => return Ok(Some(format!("-{name}"))),
            Ok(Some(Arg::Value(value))) => word(value.to_string_lossy().into_owned())?,
            Err(lexopt::Error::UnexpectedValue { option, .. }) => {
                return Err(UsageError(format!(
                    "{option} takes no value: leave out what follows the ="
                )));
            }
            Err(error) => return Err(UsageError(format!("{error}; see host-runner --help"))),
        }
    }
}

fn parse_print(flag: &str) -> Option<Command> {
    match flag {
        "-h" | "--help" => Some(Command::Print(help::text())),
        "-V" | "--version" => Some(Command::Print(
            concat!("host-runner ", env!("CARGO_PKG_VERSION"), "\n").to_string(),
        )),
        _ => None,
    }
}

/// Takes a flag that describes the TAP; says whether it was one.
fn parse_network(network: &mut Network, value: &mut Flag<'_>) -> Result<bool, UsageError> {
    match value.name() {
        "--tap" => network.tap = value.interface()?,
        "--address" => network.address = value.prefix4()?,
        "--host-address" => network.host_address = value.prefix4()?,
        "--address6" => network.address6 = value.prefix6()?,
        "--host-address6" => network.host_address6 = value.prefix6()?,
        "--mtu" => network.mtu = value.number(1280..=65_521)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn unknown(flag: &str, see: &str) -> UsageError {
    UsageError(format!("{flag} is no flag here: see {see}"))
}

const APPS: [(&str, App); 3] = [("todo", App::Todo), ("clock", App::Clock), ("echo", App::Echo)];

impl Serve {
    /// Every TCP port of the device, with the flag that moves it.
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

    /// Every UDP port of the device, with the flag that moves it.
    pub fn udp_ports(&self) -> Vec<(u16, &'static str)> {
        vec![
            (self.ping_port, "--ping-port"),
            (ECHO_PORT, "echo"),
            (DAYTIME_PORT, "daytime"),
            (SECONDS_PORT, "time (RFC 868)"),
        ]
    }

    fn check(&self) -> Result<(), UsageError> {
        check_network(&self.network)?;
        for (protocol, ports) in [("TCP", self.tcp_ports()), ("UDP", self.udp_ports())] {
            for (at, (port, user)) in ports.iter().enumerate() {
                if let Some((_, other)) = ports[..at].iter().find(|(taken, _)| taken == port) {
                    let movable = if user.starts_with("--") { user } else { other };
                    return Err(UsageError(format!(
                        "{protocol} port {port} is wanted by {other} and by {user}: give another with {movable}"
                    )));
                }
            }
        }
        // 6 are taken by the other services.
        let most = bareserve::net::listener::queue::MAX_PORTS - 6;
        if self.http_ports.len() > most {
            return Err(UsageError(format!(
                "--http-port is given {} times: {most} are the most",
                self.http_ports.len()
            )));
        }
        for (at, publish) in self.publish.iter().enumerate() {
            let earlier = &self.publish[..at];
            if earlier.iter().any(|other| other.listens_where(publish)) {
                return Err(UsageError(format!(
                    "--publish gives {} to two ports of the device: choose another PORT for one of them",
                    publish.listen
                )));
            }
        }
        Ok(())
    }
}

fn check_network(network: &Network) -> Result<(), UsageError> {
    let Network { address, host_address, address6, host_address6, .. } = network;
    values::check_pair("", *address, *host_address)?;
    values::check_pair("6", *address6, *host_address6)
}
