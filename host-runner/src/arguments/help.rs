//! What `--help` prints.

use super::{Ping, Serve};

/// The whole text; the defaults in it are those in force.
pub fn text() -> String {
    let serve = Serve::default();
    let network = &serve.network;
    let ping = Ping::default();
    let http_ports: Vec<String> = serve.http_ports.iter().map(u16::to_string).collect();
    format!(
        "\
Runs bareserve's services on a TAP device, or speaks to such services as a client.

Usage: host-runner [FLAGS]                     serve until Ctrl-C
       host-runner time  ADDR[:PORT]           what time is it there (port {time})
       host-runner fetch ADDR[:PORT]           get a file (port {file}; with --name {file_request})
       host-runner send  ADDR[:PORT] FILE      store a file (port {file_request})
       host-runner ping  ADDR[:PORT]           UDP ping (port {ping_port})

The link:
  --tap NAME                 the TAP device [default: {tap}]
  --address ADDR/LEN         the device's address [default: {address}]
  --host-address ADDR/LEN    the host's address on the link [default: {host_address}]
  --address6 ADDR/LEN        the device's IPv6 address [default: {address6}]
  --host-address6 ADDR/LEN   the host's IPv6 address [default: {host_address6}]
  --mtu BYTES                the longest IP packet [default: {mtu}]

What is served:
  --root DIR                 the folder with the files, those whose names begin with a dot left
                             out [default: a small built-in site]
  --file NAME                what the file port sends [default: the root's first picture, else its
                             first file]
  --listings                 list folders that have no index page [default: no]
  --writable                 accept uploads, over HTTP and over port {file_request}, with the token
                             that is in the link shown at start; without --root they are kept in
                             memory [default: no]
  --app todo|clock|echo      serve an example application as well [default: none]

Where:
  --http-port PORT           repeatable [default: {http_ports}]
  --time-port PORT           [default: {time}]
  --file-port PORT           [default: {file}]
  --file-request-port PORT   [default: {file_request}]
  --ping-port PORT           [default: {ping_port}]
  --publish [ADDR:]PORT:DEVICEPORT[/udp]
                             forward PORT of this host to the device; repeatable; ADDR is
                             127.0.0.1 if left out [default: none; in a namespace of its own:
                             127.0.0.1:8080 for HTTP, the other ports under their own numbers]

How:
  --ping-profile PROFILE     what becomes of pings: default (upper case, no loss), course, echo,
                             or settings with commas between: upper, unchanged, loss=20%,
                             loss=1/3, seed=7, limit=8, delay=50ms, read=1024
                             [default: {ping_profile}]
  --connections N            TCP connections a service may have at once [default: {connections}]
  --backlog N                connection requests that may wait [default: {backlog}]
  --utc-offset +HH:MM        of the time service [default: as this host is set]
  -q, --quiet                print failures only [default: no]
  -v, --verbose              print each datagram as well [default: no]

Clients:
  --from-device              speak through the device's stack on a TAP (with the flags of the
                             link) instead of the kernel's [default: no]
  --name NAME                fetch: which file [default: what the server hands out]
  --output DIR               fetch: where to [default: .]
  --token TOKEN              send: the token in the link that the server shows with --writable
                             [default: none]
  --count N                  ping: how many [default: {count}]
  --timeout TIME             ping: how long to wait for each [default: {timeout}s]
  --interval TIME            ping: from one to the next [default: {interval}s]

  -h, --help                 print this
  -V, --version              print the version

Without the right to create a TAP, the device lives in a network namespace of its own and its
services are published on 127.0.0.1. Exit status: 0 all well, 1 failed, 2 wrong usage.
",
        tap = network.tap,
        address = network.address,
        host_address = network.host_address,
        address6 = network.address6,
        host_address6 = network.host_address6,
        mtu = network.mtu,
        http_ports = http_ports.join(", "),
        time = serve.time_port,
        file = serve.file_port,
        file_request = serve.file_request_port,
        ping_port = serve.ping_port,
        ping_profile = serve.ping_profile,
        connections = serve.connections,
        backlog = serve.backlog,
        count = ping.count,
        timeout = ping.timeout.as_secs_f64(),
        interval = ping.interval.as_secs_f64(),
    )
}
