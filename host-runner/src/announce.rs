//! The start-up banner: the addresses, ports and links of the device.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process,
};

use bareserve::http::auth::Token;

use crate::{
    arguments::Serve,
    log::Verbosity,
    network::{Namespace, Network},
    publish::{Listeners, Publish, Transport},
};

/// Prints the banner to standard output, unless `--quiet` is given.
pub fn print(options: &Serve, namespace: Namespace, listeners: &Listeners, token: Option<&Token>) {
    if options.verbosity > Verbosity::Quiet {
        let mut output = io::stdout();
        // A closed standard output is not an error.
        let _ = output
            .write_all(text(options, namespace, listeners, token).as_bytes())
            .and_then(|()| output.flush());
    }
}

fn text(
    options: &Serve,
    namespace: Namespace,
    listeners: &Listeners,
    token: Option<&Token>,
) -> String {
    let network = &options.network;
    let address = network.address.address;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = (|| {
        match namespace {
            Namespace::Host => writeln!(text, "The device is up on {}.", network.tap)?,
            Namespace::Own => writeln!(
                text,
                "The device is up in its own network namespace (no permission to create a TAP in the \
                 system's).\nTo open a shell in it: nsenter -t {} -U -n --preserve-credentials",
                process::id()
            )?,
        }
        writeln!(
            text,
            "  ping      {address}, {}, {}%{}",
            network.address6.address,
            Network::link_local(),
            network.tap
        )?;
        for port in &options.http_ports {
            let suffix = if *port == 80 { String::new() } else { format!(":{port}") };
            writeln!(text, "  web       http://{address}{suffix}/")?;
        }
        writeln!(text, "  time      {address}:{} (RFC 867: 13, RFC 868: 37)", options.time_port)?;
        writeln!(
            text,
            "  files     {address}:{}, by name on {}",
            options.file_port, options.file_request_port
        )?;
        writeln!(text, "  UDP ping  {address}:{} (RFC 862 echo: 7)", options.ping_port)?;
        if !listeners.open.is_empty() {
            writeln!(text, "Published on this host:")?;
        }
        for publish in &listeners.open {
            writeln!(
                text,
                "  {:<22} {}",
                service_name(options, publish),
                location(options, publish)
            )?;
        }
        for (reason, kind) in
            [("privileged", io::ErrorKind::PermissionDenied), ("in use", io::ErrorKind::AddrInUse)]
        {
            let skipped: Vec<String> = listeners
                .skipped
                .iter()
                .filter(|(_, error)| error.kind() == kind)
                .map(|(publish, _)| service_name(options, publish))
                .collect();
            if !skipped.is_empty() {
                writeln!(
                    text,
                    "Not published, because these ports are {reason}: {}",
                    skipped.join(", ")
                )?;
            }
        }
        if let Some(token) = token {
            let first = options.http_ports.first().copied().unwrap_or_default();
            let published = listeners.open.iter().find(|publish| {
                publish.transport == Transport::Tcp && publish.device_port == first
            });
            let authority = match published {
                Some(publish) => publish.listen.to_string(),
                None if first == 80 => address.to_string(),
                None => format!("{address}:{first}"),
            };
            writeln!(
                text,
                "To make changes: http://{authority}/_device/?token={}",
                token.as_str()
            )?;
        }
        writeln!(text, "Press Ctrl-C to stop.")
    })();
    text
}

/// Where a published service is reached on this host: a URL for HTTP, address and port otherwise.
fn location(options: &Serve, publish: &Publish) -> String {
    let is_http =
        publish.transport == Transport::Tcp && options.http_ports.contains(&publish.device_port);
    if is_http { format!("http://{}/", publish.listen) } else { publish.listen.to_string() }
}

/// The name of the published service, with the device's port.
fn service_name(options: &Serve, publish: &Publish) -> String {
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
