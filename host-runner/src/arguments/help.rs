//! The text of `--help`.

use super::options::{Ping, Serve};

/// Returns the whole text, with the default values filled in.
pub fn text() -> String {
    let serve = Serve::default();
    let network = &serve.network;
    let ping = Ping::default();
    let http_ports: Vec<String> = serve.http_ports.iter().map(u16::to_string).collect();
    format!(
        "\
Runs bareserve's services on a TAP device, or connects to such services as a client.

Usage: host-runner [FLAGS]                     run the services until Ctrl-C
       host-runner time  ADDR[:PORT]           ask for the time (port {time})
       host-runner fetch ADDR[:PORT]           download a file (port {file}; with --name: {file_request})
       host-runner send  ADDR[:PORT] FILE      upload a file (port {file_request})
       host-runner ping  ADDR[:PORT]           measure UDP round trips (port {ping_port})
       host-runner wire  TAP TAP               join two TAPs by a wire with faults

Link:
  --tap NAME                 the TAP device [default: {tap}]
  --address ADDR/LEN         the device's address [default: {address}]
  --host-address ADDR/LEN    the host's address on the link [default: {host_address}]
  --address6 ADDR/LEN        the device's IPv6 address [default: {address6}]
  --host-address6 ADDR/LEN   the host's IPv6 address [default: {host_address6}]
  --mtu BYTES                the largest IP packet [default: {mtu}]

Content:
  --root DIR                 the folder to serve, without files and folders whose names begin with
                             a dot [default: a small built-in site]
  --file NAME                the file that the file port serves [default: the first picture of
                             the folder by name, else its first file; of the built-in site, its
                             picture]
  --listings                 list folders without an index page [default: no]
  --writable                 accept uploads, over HTTP and over port {file_request}, with the token
                             in the link that is printed at the start; uploads are stored below
                             --root, or without it in memory [default: no]
  --max-upload SIZE          the most bytes of an uploaded file, such as 500K, 10M or 2G; a larger
                             one gets 413 [default: no limit]
  --max-files N              the most files that are served, with those of the built-in site; a
                             further one gets 507 [default: no limit]
  --host-name NAME           a name under which browsers reach the web server, with the names below
                             it, repeatable; addresses and localhost always work, other names are
                             refused (421) [default: none]
  --app todo|clock|echo      also serve an example application [default: none]

Ports:
  --http-port PORT           HTTP, repeatable [default: {http_ports}]
  --time-port PORT           time as text [default: {time}]
  --file-port PORT           the offered file [default: {file}]
  --file-request-port PORT   files by name [default: {file_request}]
  --ping-port PORT           UDP ping [default: {ping_port}]
  --publish [ADDR:]PORT:DEVICEPORT[/udp]
                             forward PORT of this host to DEVICEPORT; repeatable; ADDR is
                             127.0.0.1 if omitted [default: none; in a private namespace:
                             127.0.0.1:8080 for HTTP, the other ports under their own numbers]

Behaviour:
  --ping-profile PROFILE     how pings are answered: default (upper case, no loss), course,
                             echo, or comma-separated settings: upper, unchanged, loss=20%,
                             loss=1/3, seed=7, limit=8, delay=50ms, read=1024
                             [default: {ping_profile}]
  --connections N            concurrent connections of each TCP service [default: {connections}]
  --backlog N                connection requests that can wait for a free connection
                             [default: {backlog}]
  --utc-offset +HH:MM        time zone of the time service [default: this host's]
  -q, --quiet                log errors only [default: no]
  -v, --verbose              also log each datagram and new connection [default: no]

Clients:
  --from-device              use a device's network stack on a TAP, configured by the link
                             flags, instead of the kernel's [default: no]
  --name NAME                fetch: the file to request [default: the file the server offers]
  --output DIR               fetch: the folder to store it in [default: .]
  --token TOKEN              send: the token in the link that the server prints with --writable
                             [default: none]
  --count N                  ping: the number of pings [default: {count}]
  --timeout TIME             ping: how long to wait for each answer [default: {timeout}s]
  --interval TIME            ping: the time between two pings [default: {interval}s]

Wire:
  --impair FAULTS            faults in each direction: comma-separated delay=20ms, loss=1%,
                             rate=10mbit, and queue=20: frames that wait for the line, beyond which
                             frames are dropped; it needs a rate [default: none]
  --seed N                   determines which frames are lost [default: 0]

  -h, --help                 print this help
  -V, --version              print the version

Without permission to create a TAP, the device runs in a private network namespace and its services
are published on 127.0.0.1. Exit status: 0 success, 1 failure, 2 usage error.
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
