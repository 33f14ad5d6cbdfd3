//! Compares the device on a TAP with nginx (one worker) on the kernel's stack behind a veth pair: the
//! same load on both alternately. Prints the medians and their ratio (device to nginx).
//!
//! `cargo bench -p host-runner --bench nginx`, with nginx, wrk, python3 and Chromium installed.

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
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use device::{ADDRESS, Device, Target};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use programs::output_of;

const ROUNDS: usize = 3;
const NGINX: &str = "192.168.71.1";

/// A row of the table: name, unit, and the function that measures it at an address.
type Measured<'m> = (&'m str, &'m str, Box<dyn Fn(&str) -> f64 + 'm>);

fn main() {
    namespace::enter();
    let folder = std::env::temp_dir().join(format!("bareserve-bench-{}", std::process::id()));
    let root = folder.join("root");
    fs::create_dir_all(&root).expect("a temporary folder");
    write_site(&root);
    let more: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let root_name = root.display().to_string();
    let mut options = vec!["--root", &root_name, "--quiet"];
    options.extend(more.iter().map(String::as_str));
    let device = Device::start(&Target::Tap, &options);
    let nginx = Nginx::start(&folder, &root);

    println!("{:<34}{:>16}{:>16}{:>8}", "", "device", "nginx", "ratio");
    let (device_address, nginx_address) = (ADDRESS.to_string(), NGINX.to_owned());
    let wrk = |connections: &'static str, header: &'static str| {
        let folder = folder.clone();
        move |address: &str| requests_per_second(&folder, address, connections, header)
    };
    let rows: [Measured<'_>; 4] = [
        ("keep-alive, 1 connection", "/s", Box::new(wrk("1", "X-A: b"))),
        ("keep-alive, 8 connections", "/s", Box::new(wrk("8", "X-A: b"))),
        ("8 at once, new connection each", "/s", Box::new(wrk("8", "Connection: close"))),
        ("download of 1 MB", " MB/s", Box::new(megabytes_per_second)),
    ];
    for (what, unit, measure) in rows {
        row(what, unit, &device_address, &nginx_address, measure);
    }
    drop(device);

    // The page of twenty images, served with four connections.
    options.extend(["--connections", "4"]);
    let device = Device::start(&Target::Tap, &options);
    row("page of 20 images in Chromium", " ms", &device_address, &nginx_address, |address| {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser/page_load.py");
        let arguments =
            ["-B", &script.display().to_string(), &format!("http://{address}/images.html")];
        output_of(&folder, "python3", &arguments).trim().parse().expect("milliseconds")
    });
    drop((device, nginx));
    let _ = fs::remove_dir_all(&folder);
}

fn row(what: &str, unit: &str, device: &str, nginx: &str, measure: impl Fn(&str) -> f64) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(measure(device));
        theirs.push(measure(nginx));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let with_unit = |value: f64| format!("{value:.0}{unit}");
    println!("{what:<34}{:>16}{:>16}{:>8.2}", with_unit(ours), with_unit(theirs), ours / theirs);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn write_site(root: &Path) {
    fs::write(root.join("page.html"), vec![b'x'; 1014]).expect("a page");
    fs::write(root.join("megabyte.bin"), vec![0xa5; 1 << 20]).expect("a file");
    let images: String =
        (0..20).map(|i| format!("<img src=\"{i}.svg\" width=\"40\" height=\"40\">")).collect();
    let page = format!(
        "<!doctype html><title>Images</title><link rel=\"icon\" href=\"0.svg\"><link rel=\"stylesheet\" \
         href=\"style.css\"><body>{images}<script src=\"script.js\"></script>"
    );
    fs::write(root.join("images.html"), page).expect("a page");
    fs::write(root.join("style.css"), "body { margin: 7px }").expect("a style sheet");
    fs::write(root.join("script.js"), "window.scriptRan = true").expect("a script");
    for i in 0..20 {
        let picture = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><circle cx=\"4\" cy=\"4\" r=\"4\"/><!--{}--></svg>",
            "x".repeat(10_000)
        );
        fs::write(root.join(format!("{i}.svg")), picture).expect("an image");
    }
}

fn requests_per_second(folder: &Path, address: &str, connections: &str, header: &str) -> f64 {
    let url = format!("http://{address}/page.html");
    let report =
        output_of(folder, "wrk", &["-t1", "-c", connections, "-d", "2", "-H", header, &url]);
    assert!(!report.contains("Socket errors") && !report.contains("Non-2xx"), "{report}");
    let line = report.lines().find(|line| line.starts_with("Requests/sec:")).expect("wrk's figure");
    line.split_whitespace().nth(1).and_then(|figure| figure.parse().ok()).expect("a number")
}

/// The rate of consecutive downloads on one connection.
fn megabytes_per_second(address: &str) -> f64 {
    let mut stream = TcpStream::connect((address, 80)).expect("a connection");
    let mut buffer = vec![0; 1 << 18];
    let start = Instant::now();
    let mut megabytes = 0.0;
    while start.elapsed() < Duration::from_secs(1) {
        stream.write_all(b"GET /megabyte.bin HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
        let mut head = Vec::new();
        let mut received = loop {
            let length = stream.read(&mut buffer).expect("no reset");
            head.extend_from_slice(&buffer[..length]);
            if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
                break head.len() - end - 4;
            }
        };
        while received < 1 << 20 {
            received += stream.read(&mut buffer).expect("no reset");
        }
        megabytes += 1.048576;
    }
    megabytes / start.elapsed().as_secs_f64()
}

/// nginx in its own network namespace.
struct Nginx {
    holder: Child,
    server: Child,
}

impl Nginx {
    fn start(folder: &Path, root: &Path) -> Self {
        let holder = Command::new("unshare")
            .args(["--net", "sleep", "600"])
            .spawn()
            .expect("`unshare` of util-linux");
        std::thread::sleep(Duration::from_millis(300));
        let pid = holder.id().to_string();
        namespace::run(
            "ip",
            &["link", "add", "bench0", "type", "veth", "peer", "name", "bench1", "netns", &pid],
        );
        namespace::run("ip", &["address", "add", "192.168.71.100/24", "dev", "bench0"]);
        namespace::run("ip", &["link", "set", "bench0", "up"]);
        let inside = ["-t", &pid, "-n"];
        let address = format!("{NGINX}/24");
        namespace::run(
            "nsenter",
            &[&inside[..], &["ip", "address", "add", &address, "dev", "bench1"]].concat(),
        );
        namespace::run("nsenter", &[&inside[..], &["ip", "link", "set", "bench1", "up"]].concat());
        let configuration = folder.join("nginx.conf");
        let text = format!(
            "worker_processes 1; daemon off; pid {0}/nginx.pid; error_log stderr crit; user root;
             events {{ worker_connections 1024; }}
             http {{ access_log off; sendfile on; keepalive_requests 100000000; default_type text/html;
                     types {{ image/svg+xml svg; text/css css; text/javascript js; }}
                     server {{ listen 80; root {1}; }} }}",
            folder.display(),
            root.display()
        );
        fs::write(&configuration, text).expect("a configuration");
        let server = Command::new("nsenter")
            .args(inside)
            .args(["nginx", "-c", &configuration.display().to_string()])
            .stderr(Stdio::inherit())
            .spawn()
            .expect("`nginx`: apt-get install nginx-light");
        std::thread::sleep(Duration::from_millis(500));
        Self { holder, server }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM rather than SIGKILL, so that the master process ends its worker.
        let _ = kill(Pid::from_raw(self.server.id() as i32), Signal::SIGTERM);
        let _ = self.server.wait();
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
