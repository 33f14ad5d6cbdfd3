//! Slow attackers, many more than the device has connections: a normal client is served all the
//! same.

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
        case("attacks::dribbled_heads", |device| {
            siege(
                device,
                &Attack { begin: "GET / HTTP/1.1\r\nHost: x\r\nX: ".into(), dribble: true },
            );
        }),
        case("attacks::dribbled_bodies", |device| {
            let token = device.token();
            // A board has room for 2 KB.
            let length = if device.target == Target::Tap { 100_000 } else { 1_000 };
            let begin = format!(
                "PUT /new HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
                 Content-Length: {length}\r\n\r\n"
            );
            siege(device, &Attack { begin, dribble: true });
        })
        .with_options(&["--writable"]),
        case_on_site("attacks::answers_that_are_not_read", |site| {
            let (path, _) = site.large_file();
            let begin = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            siege(&site.device, &Attack { begin, dribble: false });
        }),
        case("attacks::slowhttptest_headers", |device| slowhttptest(device, &["-H"])),
        case("attacks::slowhttptest_body", |device| slowhttptest(device, &["-B"])),
        case("attacks::slowhttptest_range", |device| slowhttptest(device, &["-R"])),
        case("attacks::slowhttptest_read", |device| {
            slowhttptest(device, &["-X", "-k", "3"]);
        }),
    ]
}

/// Many more than the device has connections: 64 against the 8 of `host-runner`, and against the 4 of
/// a board as many as its backlog has places.
fn attackers(device: &Device) -> usize {
    if device.target == Target::Tap { 64 } else { 16 }
}

/// How long a normal client waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// What each attacker sends, and whether it goes on with a byte now and then.
struct Attack {
    begin: String,
    dribble: bool,
}

fn siege(device: &Device, attack: &Attack) {
    let is_over = AtomicBool::new(false);
    let served = thread::scope(|scope| {
        for _ in 0..attackers(device) {
            scope.spawn(|| attack.wage(&is_over));
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
    /// One connection, until the device or the test ends it.
    fn wage(&self, is_over: &AtomicBool) {
        let address = SocketAddr::from((ADDRESS, 80));
        let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(20)) else {
            return;
        };
        // The smallest there is, whatever is asked for.
        let _ = setsockopt(&stream.as_fd(), sockopt::RcvBuf, &1);
        let mut alive = stream.write_all(self.begin.as_bytes()).is_ok();
        while alive && !is_over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(200));
            alive = !self.dribble || stream.write_all(b"a").is_ok();
        }
    }
}

/// Asks for a page as a client does that gives up after [`PATIENCE`].
fn is_served() -> std::io::Result<()> {
    let start = Instant::now();
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((ADDRESS, 80)), PATIENCE)?;
    let rest = PATIENCE.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
    stream.set_read_timeout(Some(rest))?;
    stream.write_all(b"GET /_device/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" { Ok(()) } else { Err(std::io::Error::other("not 200")) }
}

/// `slowhttptest` asks for a page itself all the time, and says whether it came within 2 s.
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
