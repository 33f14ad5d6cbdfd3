//! Slow attackers, many more than the device has connections: a normal client is served all the
//! same.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::AsFd,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::sys::socket::{setsockopt, sockopt};

use crate::{
    device::{ADDRESS, Case, Device, Target, case_in_folder},
    programs::output_of,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case_in_folder("attacks::dribbled_heads", |folder| {
            siege(folder, |_| Attack {
                begin: "GET / HTTP/1.1\r\nHost: x\r\nX: ".into(),
                dribble: true,
            });
        }),
        case_in_folder("attacks::dribbled_bodies", |folder| {
            siege(folder, |device| Attack {
                begin: format!(
                    "PUT /new HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
                     Content-Length: 100000\r\n\r\n",
                    device.token()
                ),
                dribble: true,
            });
        }),
        case_in_folder("attacks::answers_that_are_not_read", |folder| {
            siege(folder, |_| Attack {
                begin: "GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n".into(),
                dribble: false,
            });
        }),
        case_in_folder("attacks::slowhttptest_headers", |folder| slowhttptest(folder, &["-H"])),
        case_in_folder("attacks::slowhttptest_body", |folder| slowhttptest(folder, &["-B"])),
        case_in_folder("attacks::slowhttptest_range", |folder| slowhttptest(folder, &["-R"])),
        case_in_folder("attacks::slowhttptest_read", |folder| {
            slowhttptest(folder, &["-X", "-k", "3"]);
        }),
    ]
}

const ATTACKERS: usize = 64;

/// How long a normal client waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// What each attacker sends, and whether it goes on with a byte now and then.
struct Attack {
    begin: String,
    dribble: bool,
}

fn serving(folder: &Path) -> Device {
    let root = folder.join("root");
    fs::create_dir(&root).expect("a folder");
    fs::write(root.join("index.html"), "<p>Hello").expect("a file");
    fs::write(root.join("large.bin"), vec![7; 16 << 20]).expect("a file");
    let root = root.display().to_string();
    Device::start(&Target::Tap, &["--connections", "8", "--writable", "--root", &root])
}

fn siege(folder: &Path, attack: fn(&Device) -> Attack) {
    let device = serving(folder);
    let attack = attack(&device);
    let is_over = AtomicBool::new(false);
    let served = thread::scope(|scope| {
        for _ in 0..ATTACKERS {
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
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" { Ok(()) } else { Err(std::io::Error::other("not 200")) }
}

/// `slowhttptest` asks for a page itself all the time, and says whether it came within 2 s.
fn slowhttptest(folder: &Path, mode: &[&str]) {
    let device = serving(folder);
    let url = format!("http://{ADDRESS}/");
    let always = ["-c", "64", "-r", "64", "-l", "15", "-i", "1", "-p", "2", "-u", &url];
    let report = output_of(folder, "slowhttptest", &[mode, &always].concat());
    let available = report.matches("service available").count();
    let yes = report
        .lines()
        .filter(|line| line.contains("service available") && line.contains("YES"))
        .count();
    assert!(available >= 1 && yes == available, "{yes} of {available}: {report}\n{}", device.log());
}
