//! The course's unmodified clients with the device's servers, and our clients with the course's servers.

use std::{
    fs,
    net::{TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use crate::{
    case::{Case, case},
    device::{ADDRESS, Device, Target},
    programs::{Background, course, host_runner, output_of, run_in, start_in},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("course::time_client", time_client),
        case("course::file_client", file_client),
        case("course::web_client", web_client),
        case("course::ping_client", ping_client),
        case(
            "course::ping_client_against_the_course_profile",
            ping_client_against_the_course_profile,
        )
        .with_options(&["--ping-profile", "course"])
        .tap_only(PROFILE),
        case("course::our_time_client", our_time_client).tap_only(CLIENTS),
        case("course::our_file_client", our_file_client).tap_only(CLIENTS),
        case("course::our_ping_client", our_ping_client).tap_only(CLIENTS),
        case("course::our_clients_from_the_device", our_clients_from_the_device).tap_only(CLIENTS),
        case("course::our_clients_on_the_board", our_clients_on_the_board)
            .board_only("the board runs its clients by itself"),
    ]
}

/// The reason why cases with another ping profile are for `host-runner` only.
pub const PROFILE: &str = "a board's ping profile is a constant";

const CLIENTS: &str = "the client commands are host-runner's";

fn time_client(device: &Device) {
    let time = python(device, "time_client.py", "9999", &[]);
    assert_is_timestamp(time.trim_end_matches('\n'));
    if let Some(offset) = seconds_from_now(&time) {
        // A board answers in UTC.
        let zone = if device.target == Target::Tap { 0 } else { offset_of_host() };
        assert!((offset - zone).abs() < 5, "{time:?} is {offset} s off");
    }
}

/// Checks the format `2023-04-19 17:04:30.293444`.
fn assert_is_timestamp(text: &str) {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00 00:00:00.000000", "not a timestamp: {text:?}");
}

/// The difference in seconds between Python's current time and `timestamp`.
fn seconds_from_now(timestamp: &str) -> Option<i64> {
    let script = "import sys, datetime as d; \
                  t = d.datetime.strptime(sys.argv[1].strip(), '%Y-%m-%d %H:%M:%S.%f'); \
                  print(int((d.datetime.now() - t).total_seconds()))";
    output_of(&std::env::temp_dir(), "python3", &["-c", script, timestamp]).trim().parse().ok()
}

/// Seconds that the host's local time is ahead of UTC.
fn offset_of_host() -> i64 {
    let script = "import datetime as d; print(int(d.datetime.now().astimezone().utcoffset().total_seconds()))";
    let offset = output_of(&std::env::temp_dir(), "python3", &["-c", script]);
    offset.trim().parse().expect("seconds")
}

fn file_client(device: &Device) {
    let name = python(device, "file_client.py", "5566", &[]);
    let received = fs::read(device.folder.join(name.trim())).expect("the file under its name");
    let shown = output_of(
        &device.folder,
        "sh",
        &[
            "-c",
            &format!("curl -sS -o shown http://{ADDRESS}/{} && cat shown | wc -c", name.trim()),
        ],
    );
    assert_eq!(shown.trim(), received.len().to_string());
    assert_eq!(received, fs::read(device.folder.join("shown")).expect("the same file over HTTP"));
}

fn web_client(device: &Device) {
    let page = output_of(
        &device.folder,
        "curl",
        &["-sS", "-i", &format!("http://{ADDRESS}:6789/HelloWorld.html")],
    );
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.to_ascii_lowercase().contains("content-type: text/html"), "{page}");
    let missing = output_of(
        &device.folder,
        "curl",
        &["-sS", "-i", &format!("http://{ADDRESS}:6789/abc.html")],
    );
    assert!(missing.starts_with("HTTP/1.1 404 Not Found\r\n"), "{missing}");
}

fn ping_client(device: &Device) {
    let report = python(device, "udp_ping_client.py", "12000", &[]);
    for sequence in 1..=9 {
        assert!(report.contains(&format!("Sequence {sequence}: Reply from {ADDRESS}")), "{report}");
    }
}

fn ping_client_against_the_course_profile(device: &Device) {
    let report = python(device, "udp_ping_client.py", "12000", &["0.2"]);
    for sequence in 1..=9 {
        let outcome = match sequence {
            2 | 3 | 5 | 6 => format!("Sequence {sequence}: Reply from {ADDRESS}"),
            _ => format!("Sequence {sequence}: Request timed out."),
        };
        assert!(report.contains(&outcome), "{report}");
    }
}

fn our_time_client(device: &Device) {
    let _server =
        start_in(&device.folder, "python3", &[&course("time_server.py"), "127.0.0.1", "9999", "8"]);
    await_tcp(9999);
    let time = output_of(&device.folder, host_runner(), &["time", "127.0.0.1"]);
    assert_is_timestamp(time.trim_end());
}

fn our_file_client(device: &Device) {
    let content: Vec<u8> = (0..100_001_u32).map(|i| (i * 7 + i / 251) as u8).collect();
    fs::write(device.folder.join("caf\u{e9}.bin"), &content).expect("a file to serve");
    let server = [&course("file_server.py"), "127.0.0.1", "5566", "caf\u{e9}.bin", "8"];
    let _server = start_in(&device.folder, "python3", &server);
    await_tcp(5566);
    let output = device.folder.join("fetched");
    fs::create_dir(&output).expect("a folder");
    output_of(&device.folder, host_runner(), &["fetch", "127.0.0.1", "--output", "fetched"]);
    assert!(fs::read(output.join("caf\u{e9}.bin")).expect("the file") == content);
}

fn our_ping_client(device: &Device) {
    let _server =
        start_in(&device.folder, "python3", &[&course("udp_ping_server.py"), "127.0.0.1", "12000"]);
    await_udp(12000);
    let output = run_in(
        &device.folder,
        host_runner(),
        &["ping", "127.0.0.1", "--timeout", "200ms", "--interval", "1ms"],
    );
    let report = String::from_utf8_lossy(&output.stdout);
    // `await_udp` has sent the first datagram, so these are the second to the tenth.
    for (sequence, answered) in [(1, true), (2, true), (3, false), (4, true), (5, true), (6, false)]
    {
        let outcome =
            if answered { "Reply from 127.0.0.1    RTT = 0." } else { "Request timed out." };
        assert!(report.contains(&format!("Sequence {sequence}: {outcome}")), "{report}");
    }
    assert!(report.contains("9 packets sent, 4 received"), "{report}");
}

fn our_clients_from_the_device(device: &Device) {
    // The clients run on a second device, as the device under test occupies its TAP.
    let (host, address) = ("192.168.70.100", "192.168.70.1/24");
    let _servers = start_servers(device);
    let from_device = [
        "--from-device",
        "--tap",
        "accept1",
        "--address",
        address,
        "--host-address",
        "192.168.70.100/24",
    ];
    let time =
        output_of(&device.folder, host_runner(), &[&["time", host][..], &from_device].concat());
    assert_is_timestamp(time.trim_end());
    output_of(
        &device.folder,
        host_runner(),
        &[&["fetch", host, "--output", "."][..], &from_device].concat(),
    );
    let report = output_of(
        &device.folder,
        host_runner(),
        &[&["ping", host, "--interval", "1ms"][..], &from_device].concat(),
    );
    assert!(report.contains("9 packets sent, 9 received"), "{report}");
}

/// A board contacts its host every ten seconds until it is answered.
fn our_clients_on_the_board(device: &Device) {
    let _servers = start_servers(device);
    let end = Instant::now() + Duration::from_secs(60);
    while !device.log().contains("pings answered") {
        assert!(Instant::now() < end, "the board's clients have not finished");
        std::thread::sleep(Duration::from_millis(200));
    }
    let log = device.log();
    let line_with = |text: &str| {
        let line = log.lines().find(|line| line.contains("client ") && line.contains(text));
        line.unwrap_or_else(|| panic!("no line contains {text:?}")).trim_end().to_owned()
    };
    let time = line_with("9999: it is ");
    assert_is_timestamp(time.split_once(" is ").expect("the time").1);
    assert!(line_with(":5566: ").ends_with("6 bytes stored"));
    // The course's server drops a third of the pings.
    let pings = line_with(":12000: ");
    let answered = pings.split(": ").nth(1).and_then(|text| text.split_once(" of 10 pings"));
    let answered: u32 = answered.and_then(|(count, _)| count.parse().ok()).expect("a count");
    assert!((1..=10).contains(&answered), "{pings}");
    let fetched = format!("http://{ADDRESS}/from-host");
    assert_eq!(output_of(&device.folder, "curl", &["-sS", &fetched]), "a file");
}

/// The course's servers, on all addresses of the host.
fn start_servers(device: &Device) -> [Background; 3] {
    let start = |script: &str, more: &[&str]| {
        let script = course(script);
        start_in(&device.folder, "python3", &[&[script.as_str(), "0.0.0.0"], more].concat())
    };
    fs::write(device.folder.join("from-host"), "a file").expect("a file to serve");
    let servers = [
        start("time_server.py", &["9999", "8"]),
        start("file_server.py", &["5566", "from-host", "8"]),
        start("udp_ping_server.py", &["12000", "forever"]),
    ];
    await_tcp(9999);
    await_tcp(5566);
    await_udp(12000);
    servers
}

fn python(device: &Device, script: &str, port: &str, more: &[&str]) -> String {
    let (script, address) = (course(script), ADDRESS.to_string());
    let arguments = [&[script.as_str(), &address, port][..], more].concat();
    output_of(&device.folder, "python3", &arguments)
}

fn await_tcp(port: u16) {
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("port {port} does not answer");
}

/// Sends datagrams until the port is bound; exactly one datagram reaches it.
fn await_udp(port: u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(("127.0.0.1", port)).expect("an address");
    for _ in 0..100 {
        let sent = socket.send(b"hello");
        std::thread::sleep(Duration::from_millis(20));
        // An ICMP error is reported by the next call on the socket.
        if sent.is_ok() && socket.take_error().is_ok_and(|error| error.is_none()) {
            return;
        }
    }
    panic!("port {port} does not answer");
}
