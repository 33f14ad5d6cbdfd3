//! Parses the command line.

mod help;
mod impairment;
mod options;
mod values;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use lexopt::{Arg, Parser};

use crate::{error::UsageError, limited_store::Limits, log::Verbosity, network::Network};
use values::Flag;

pub use options::{
    App, Client, FILE_PORT, FILE_REQUEST_PORT, Fetch, Ping, SECONDS_PORT, Send, Serve, Wire,
};

/// The command to execute.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Run the device and its services.
    Serve(Serve),
    /// Ask a time server for the time.
    Time(Client),
    /// Download a file.
    Fetch(Client, Fetch),
    /// Upload a file.
    Send(Client, Send),
    /// Measure UDP round trips.
    Ping(Client, Ping),
    /// Join two TAPs by a wire with faults.
    Wire(Wire),
    /// Print this text and exit.
    Print(String),
}

const SUBCOMMANDS: [&str; 5] = ["time", "fetch", "send", "ping", "wire"];

/// Parses the arguments, without the program's name.
///
/// # Errors
/// Returns one line that names the mistake and the correction.
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
        Some("wire") => parse_wire(parser),
        Some(name) => parse_client(name, parser),
    }
}

fn parse_serve(mut parser: Parser) -> Result<Command, UsageError> {
    let mut serve = Serve::default();
    let mut http_ports = Vec::new();
    while let Some(flag) = next_flag(&mut parser, |word| {
        Err(UsageError(format!(
            "unknown command '{word}': the commands are {}, and flags begin with --; see host-runner --help",
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
            "--host-name" => serve.host_names.push(value.host_name()?),
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
            "--max-upload" => serve.limits.upload = Some(value.size()?),
            "--max-files" => serve.limits.files = Some(value.number(1..=1_000_000)?),
            "--utc-offset" => serve.utc_offset = Some(value.utc_offset()?),
            "--publish" => serve.publish.push(value.publish()?),
            "-q" | "--quiet" => serve.verbosity = Verbosity::Quiet,
            "-v" | "--verbose" => serve.verbosity = Verbosity::Debug,
            _ => {
                if !parse_network(&mut serve.network, &mut value)? {
                    return Err(unknown_flag(&flag));
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
    let (mut from_device, mut network_flag) = (false, None);
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
                    return Err(unknown_flag(&flag));
                }
                network_flag.get_or_insert(flag);
            }
        }
    }
    if let (Some(flag), false) = (network_flag, from_device) {
        return Err(UsageError(format!(
            "{flag} configures a device's TAP, but {name} uses the kernel's network stack: add --from-device"
        )));
    }
    check_network(&network)?;

    let mut words = words.into_iter();
    let synopsis = if name == "send" { "ADDR[:PORT] FILE" } else { "ADDR[:PORT]" };
    let missing =
        || UsageError(format!("{name} lacks an argument: usage: host-runner {name} {synopsis}"));
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
        Some(word) => Err(UsageError(format!(
            "unexpected argument '{word}': usage: host-runner {name} {synopsis}"
        ))),
    }
}

fn parse_wire(mut parser: Parser) -> Result<Command, UsageError> {
    const USAGE: &str = "usage: host-runner wire TAP TAP";
    let mut taps = Vec::new();
    let mut faults = impairment::NONE;
    let mut seed = 0;
    let mut verbosity = Verbosity::Info;
    while let Some(flag) = next_flag(&mut parser, |word| {
        taps.push(values::interface(&word)?);
        Ok(())
    })? {
        if let Some(print) = parse_print(&flag) {
            return Ok(print);
        }
        let mut value = Flag::new(&mut parser, &flag);
        match flag.as_str() {
            "--impair" => faults = value.impairment()?,
            "--seed" => seed = value.number(0..=u32::MAX as usize)? as u64,
            "-q" | "--quiet" => verbosity = Verbosity::Quiet,
            _ => return Err(unknown_flag(&flag)),
        }
    }
    let count = taps.len();
    let Ok(taps) = <[String; 2]>::try_from(taps) else {
        return Err(UsageError(format!("wire joins two TAPs, and {count} are given: {USAGE}")));
    };
    if taps[0] == taps[1] {
        return Err(UsageError(format!(
            "wire joins two TAPs, and {} is given twice: {USAGE}",
            taps[0]
        )));
    }
    Ok(Command::Wire(Wire { taps, faults, seed, verbosity }))
}

/// Returns the next flag as written; the parser is then at its value, if it has one. Positional
/// arguments are passed to `word`.
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
                    "{option} takes no value: remove the = and the text after it"
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

/// Handles a flag that configures the TAP. Returns whether it was one.
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

fn unknown_flag(flag: &str) -> UsageError {
    UsageError(format!("unknown flag {flag}: see host-runner --help"))
}

const APPS: [(&str, App); 3] = [("todo", App::Todo), ("clock", App::Clock), ("echo", App::Echo)];

impl Serve {
    fn check(&self) -> Result<(), UsageError> {
        check_network(&self.network)?;
        for (protocol, ports) in [("TCP", self.tcp_ports()), ("UDP", self.udp_ports())] {
            for (at, (port, user)) in ports.iter().enumerate() {
                if let Some((_, other)) = ports[..at].iter().find(|(taken, _)| taken == port) {
                    let movable = if user.starts_with("--") { user } else { other };
                    return Err(UsageError(format!(
                        "{protocol} port {port} is used by both {other} and {user}: choose another with {movable}"
                    )));
                }
            }
        }
        if !self.is_writable && self.limits != Limits::default() {
            return Err(UsageError(
                "--max-upload and --max-files limit uploads, which need --writable: add it".into(),
            ));
        }
        // The other services take 6 ports.
        let limit = bareserve::net::listener::queue::MAX_PORTS - 6;
        if self.http_ports.len() > limit {
            return Err(UsageError(format!(
                "--http-port is given {} times: at most {limit} are supported",
                self.http_ports.len()
            )));
        }
        for (at, publish) in self.publish.iter().enumerate() {
            let earlier = &self.publish[..at];
            if earlier.iter().any(|other| other.listens_where(publish)) {
                return Err(UsageError(format!(
                    "--publish forwards {} to two ports of the device: choose a different PORT for one of them",
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
