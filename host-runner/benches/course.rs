//! Compares the device on a TAP with the course's Python servers on the kernel's stack: the same
//! sequential client measures both alternately. Prints the medians and their ratio (device to Python;
//! higher is better).
//!
//! `cargo bench -p host-runner --bench course`

#[path = "../tests/acceptance/device.rs"]
#[allow(dead_code, reason = "shared with the acceptance suite, which uses all of it")]
mod device;
#[path = "../tests/acceptance/namespace.rs"]
mod namespace;
#[path = "../tests/acceptance/programs.rs"]
#[allow(dead_code, reason = "shared with the acceptance suite, which uses all of it")]
mod programs;

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream, UdpSocket},
    path::Path,
    time::{Duration, Instant},
};

use device::{ADDRESS, Device, Target};
use programs::{Background, course, start_in};

/// How long each server is measured per round.
const ROUND: Duration = Duration::from_millis(1000);
const ROUNDS: usize = 5;

/// One row of the table.
struct Row {
    name: &'static str,
    unit: &'static str,
    /// The ratio that this project promises.
    promised: f64,
    script: &'static str,
    port: u16,
    /// Runs one exchange and returns the amount of work done, in `unit`s.
    work: fn((Ipv4Addr, u16)) -> f64,
}

const ROWS: [Row; 5] = [
    Row {
        name: "time, new connections",
        unit: "/s",
        promised: 1.0,
        script: "time_server.py",
        port: 9999,
        work: time,
    },
    Row {
        name: "file of 60 KB",
        unit: " MB/s",
        promised: 1.0,
        script: "file_server.py",
        port: 5566,
        work: file,
    },
    Row {
        name: "UDP round trips",
        unit: "/s",
        promised: 1.2,
        script: "udp_ping_server.py",
        port: 12000,
        work: ping,
    },
    Row {
        name: "small files over HTTP",
        unit: "/s",
        promised: 20.0,
        script: "web_server.py",
        port: 6789,
        work: page,
    },
    Row {
        name: "the same, connection kept",
        unit: "/s",
        promised: 20.0,
        script: "web_server.py",
        port: 6789,
        work: page_of_many,
    },
];

fn main() {
    namespace::enter();
    let folder = std::env::temp_dir().join(format!("bareserve-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    fs::write(folder.join("file.bin"), vec![0xa5; 60_000]).expect("a file");
    fs::write(folder.join("page.html"), vec![b'x'; 1014]).expect("a page");
    let root = folder.display().to_string();
    // Cargo passes `--bench`; all other arguments are options of host-runner, such as `--mtu 65000`.
    let more: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let mut options = vec!["--root", &root, "--file", "file.bin", "--quiet"];
    options.extend(more.iter().map(String::as_str));
    let device = Device::start(&Target::Tap, &options);
    println!("{:<26}{:>14}{:>14}{:>10}{:>10}", "", "device", "Python", "ratio", "promised");
    for row in &ROWS {
        let _server = start(row, &folder);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(rate(row, ADDRESS));
            theirs.push(rate(row, Ipv4Addr::LOCALHOST));
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let with_unit = |value: f64| format!("{value:.0}{}", row.unit);
        println!(
            "{:<26}{:>14}{:>14}{:>10.2}{:>10.1}",
            row.name,
            with_unit(ours),
            with_unit(theirs),
            ours / theirs,
            row.promised
        );
    }
    drop(device);
    let _ = fs::remove_dir_all(&folder);
}

fn start(row: &Row, folder: &Path) -> Background {
    let (script, port) = (course(row.script), row.port.to_string());
    let more: &[&str] = match row.script {
        "file_server.py" => &["file.bin", "10000000"],
        "udp_ping_server.py" => &["forever"],
        _ => &["10000000"],
    };
    let server =
        start_in(folder, "python3", &[&[script.as_str(), "127.0.0.1", &port][..], more].concat());
    std::thread::sleep(Duration::from_millis(500));
    server
}

/// Units of work per second.
fn rate(row: &Row, address: Ipv4Addr) -> f64 {
    let start = Instant::now();
    let mut done = 0.0;
    while start.elapsed() < ROUND {
        done += (row.work)((address, row.port));
    }
    done / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn time(server: (Ipv4Addr, u16)) -> f64 {
    assert!(read_all(connect(server)) >= 19);
    1.0
}

fn file(server: (Ipv4Addr, u16)) -> f64 {
    let length = read_all(connect(server));
    assert!(length > 80_000);
    length as f64 / 1e6
}

fn page(server: (Ipv4Addr, u16)) -> f64 {
    let mut stream = connect(server);
    stream
        .write_all(b"GET /page.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("sent");
    assert!(read_all(stream) > 1014);
    1.0
}

/// Reuses a connection as long as the server keeps it open, which the course's server never does.
fn page_of_many(server: (Ipv4Addr, u16)) -> f64 {
    let mut stream = connect(server);
    let pages = (0..100).take_while(|_| {
        let sent = stream.write_all(b"GET /page.html HTTP/1.1\r\nHost: localhost\r\n\r\n");
        sent.is_ok() && receive_page(&mut stream)
    });
    pages.count() as f64
}

/// Reads one response. Returns whether it was complete.
fn receive_page(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    let mut length = 0;
    loop {
        match stream.read(&mut buffer[length..]) {
            Ok(more @ 1..) => length += more,
            _ => return false,
        }
        let head = buffer[..length].windows(4).position(|window| window == b"\r\n\r\n");
        if head.is_some_and(|end| length == end + 4 + 1014) {
            return true;
        }
    }
}

fn ping(server: (Ipv4Addr, u16)) -> f64 {
    thread_local! {
        static SOCKET: UdpSocket = {
            let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
            socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
            socket
        };
    }
    SOCKET.with(|socket| {
        for _ in 0..100 {
            socket.send_to(b"Ping 1 1700000000.123456", server).expect("sent");
            assert_eq!(socket.recv(&mut [0; 64]).expect("an answer"), 24);
        }
    });
    100.0
}

fn connect(server: (Ipv4Addr, u16)) -> TcpStream {
    TcpStream::connect(server).expect("a connection")
}

fn read_all(mut stream: TcpStream) -> usize {
    let mut buffer = [0; 65536];
    let mut length = 0;
    loop {
        match stream.read(&mut buffer).expect("no reset") {
            0 => return length,
            more => length += more,
        }
    }
}
