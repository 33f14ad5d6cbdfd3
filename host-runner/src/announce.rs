//! What is reachable where, for whoever started the program.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process,
};

use crate::{
    arguments::Serve,
    log::Verbosity,
    network::Place,
    publish::{Listeners, Publish, Transport},
};

/// Prints it to standard output.
pub fn print(options: &Serve, place: Place, listeners: &Listeners) {
    if options.verbosity > Verbosity::Quiet {
        let mut output = io::stdout();
        // Nobody may be reading.
        let _ = output
            .write_all(text(options, place, listeners).as_bytes())
            .and_then(|()| output.flush());
    }
}

fn text(options: &Serve, place: Place, listeners: &Listeners) -> String {
    let network = &options.network;
    let address = network.address.address;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = (|| {
        match place {
            Place::Here => writeln!(text, "The device is up on {}.", network.tap)?,
            Place::OwnNamespace => writeln!(
                text,
                "The device is up in a network namespace of its own, as the system's may not be \
                 changed.\nA shell in there: nsenter -t {} -U -n --preserve-credentials",
                process::id()
            )?,
        }
        writeln!(text, "  ping      {address}, {}, {}%{}", network.address6.address,
            network.link_local(), network.tap)?;
        for port in &options.http_ports {
            writeln!(text, "  web       http://{address}:{port}/")?;
        }
        writeln!(text, "  time      {address}:{} (RFC 867: 13, RFC 868: 37)", options.time_port)?;
        writeln!(
            text,
            "  files     {address}:{}, by name on {}",
            options.file_port, options.file_request_port
        )?;
        writeln!(
            text,
            "  UDP ping  {address}:{} (RFC 862 echo: 7)",
            options.ping_port
        )?;
        if !listeners.open.is_empty() {
            writeln!(text, "Published on this host:")?;
        }
        for publish in &listeners.open {
            writeln!(text, "  {:<22} {}", what(options, publish), at(options, publish))?;
        }
        for (publish, error) in &listeners.skipped {
            let why = match error.kind() {
                io::ErrorKind::PermissionDenied => "a privileged port".to_string(),
                io::ErrorKind::AddrInUse => "in use".to_string(),
                _ => error.to_string(),
            };
            writeln!(text, "  {:<22} not published: {} is {why}", what(options, publish), publish.listen.port())?;
        }
        writeln!(text, "Ctrl-C ends it.")
    })();
    text
}

fn at(options: &Serve, publish: &Publish) -> String {
    let is_http = publish.transport == Transport::Tcp
        && options.http_ports.contains(&publish.device_port);
    if is_http { format!("http://{}/", publish.listen) } else { publish.listen.to_string() }
}

/// The service behind a port of the device.
fn what(options: &Serve, publish: &Publish) -> String {
    let port = publish.device_port;
    let name = match publish.transport {
        Transport::Tcp if options.http_ports.contains(&port) => "web",
        Transport::Tcp if port == options.time_port => "time",
        Transport::Tcp if port == options.file_port => "files",
        Transport::Tcp if port == options.file_request_port => "files by name",
        Transport::Udp if port == options.ping_port => "ping",
        _ => match port {
            7 => "echo",
            13 => "daytime",
            37 => "seconds",
            _ => "port",
        },
    };
    match publish.transport {
        Transport::Tcp => format!("{name} ({port})"),
        Transport::Udp => format!("{name} ({port}/udp)"),
    }
}
