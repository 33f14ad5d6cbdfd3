//! Slow attackers, many more than the device has connections. A normal client must still be served.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::AsFd,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::sys::socket::{setsockopt, sockopt};

use crate::{
    case::{Case, case, case_on_site},
    device::{ADDRESS, Device, Target},
    programs::output_of,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("attacks::slow_request_heads", |device| {
            attack_and_measure(
                device,
                &Attack {
                    opening: "GET / HTTP/1.1\r\nHost: localhost\r\nX: ".into(),
                    sends_slowly: true,
                },
            );
        }),
        case("attacks::slow_request_bodies", |device| {
            let token = device.token();
            // A board has room for 2 KB.
            let length = if device.target == Target::Tap { 100_000 } else { 1_000 };
            let opening = format!(
                "PUT /new HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
                 Content-Length: {length}\r\n\r\n"
            );
            attack_and_measure(device, &Attack { opening, sends_slowly: true });
        })
        .with_options(&["--writable"]),
        case_on_site("attacks::unread_responses", |site| {
            let (path, _) = site.large_file();
            let opening = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            attack_and_measure(&site.device, &Attack { opening, sends_slowly: false });
        }),
        case("attacks::slowhttptest_headers", |device| slowhttptest(device, &["-H"])),
        case("attacks::slowhttptest_body", |device| slowhttptest(device, &["-B"])),
        case("attacks::slowhttptest_range", |device| slowhttptest(device, &["-R"])),
        case("attacks::slowhttptest_read", |device| {
            slowhttptest(device, &["-X", "-k", "3"]);
        }),
    ]
}

/// Attackers at once: 64 for the 8 connections of `host-runner`; for the 4 of a board, as many as its
/// backlog holds.
fn attackers(device: &Device) -> usize {
    if device.target == Target::Tap { 64 } else { 16 }
}

/// How long a normal client waits.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(2);

/// What each attacker sends first, and whether it then sends one byte every 200 ms.
struct Attack {
    opening: String,
    sends_slowly: bool,
}

fn attack_and_measure(device: &Device, attack: &Attack) {
    let is_over = AtomicBool::new(false);
    let served = thread::scope(|scope| {
        for _ in 0..attackers(device) {
            scope.spawn(|| attack.run(&is_over));
        }
        let served: Vec<_> = (0..5)
            .map(|_| {
                thread::sleep(Duration::from_millis(700));
                is_served()
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        served
    });
    assert!(served.iter().all(Result::is_ok), "{served:?}\n{}", device.log());
}

impl Attack {
    /// Holds one connection until the device closes it or the test ends.
    fn run(&self, is_over: &AtomicBool) {
        let address = SocketAddr::from((ADDRESS, 80));
        let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(20)) else {
            return;
        };
        // The kernel raises this to its minimum.
        let _ = setsockopt(&stream.as_fd(), sockopt::RcvBuf, &1);
        let mut alive = stream.write_all(self.opening.as_bytes()).is_ok();
        while alive && !is_over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(200));
            alive = !self.sends_slowly || stream.write_all(b"a").is_ok();
        }
    }
}

/// Requests a page, within [`CLIENT_TIMEOUT`].
fn is_served() -> std::io::Result<()> {
    let start = Instant::now();
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, 80)), CLIENT_TIMEOUT)?;
    let rest = CLIENT_TIMEOUT.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
    stream.set_read_timeout(Some(rest))?;
    stream.write_all(b"GET /_device/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" { Ok(()) } else { Err(std::io::Error::other("not 200")) }
}

/// `slowhttptest` probes the server itself during the attack, and reports whether it answered within
/// 2 s.
fn slowhttptest(device: &Device, mode: &[&str]) {
    let url = format!("http://{ADDRESS}/_device/");
    let attackers = attackers(device).to_string();
    let always = ["-c", &attackers, "-r", &attackers, "-l", "15", "-i", "1", "-p", "2", "-u", &url];
    let report = output_of(&device.folder, "slowhttptest", &[mode, &always].concat());
    let available = report.matches("service available").count();
    let yes = report
        .lines()
        .filter(|line| line.contains("service available") && line.contains("YES"))
        .count();
    assert!(available >= 1 && yes == available, "{yes} of {available}: {report}\n{}", device.log());
}
