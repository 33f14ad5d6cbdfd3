//! The two topologies, which differ in the server alone: a client in a namespace of its own, a wire, and
//! at its other end the device's TAP behind a bridge, or nginx in a namespace of its own.
//!
//! ```text
//! client: w1 ══ host-runner wire ══ w0 ─ bridge ─ TAP of the device
//! client: w1 ══ host-runner wire ══ w0 of nginx
//! ```
//!
//! The wire's TAPs offer no offload, so the kernel segments on both sides before a frame enters the wire.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    net::if_::if_nametoindex,
    sched::{CloneFlags, setns},
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    client::{self, DOWNLOAD, Outcome, Transfer, UPLOAD},
    device::{self, ADDRESS, Device, TAP, Target},
    namespace::run,
    options::{Direction, Side},
    programs,
};

/// Of the client, in the server's network.
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 168, 69, 50);

const NETWORK: &str = "192.168.69.0/24";

/// The end of the wire at the server, and the one at the client.
const SERVER_END: &str = "w0";
const CLIENT_END: &str = "w1";

const BRIDGE: &str = "paths0";

/// Frames that wait for the wire's process. No frame is to be lost outside of the wire.
const TX_QUEUE: &str = "10000";

/// What stays the same for all transfers.
pub struct Network {
    client: Space,
    // Before the folder, which holds its files.
    nginx: Nginx,
    folder: Folder,
    is_verbose: bool,
}

impl Network {
    /// With `is_verbose`, each wire prints its counters when it ends.
    pub fn new(is_verbose: bool) -> Self {
        let folder = Folder(device::temporary_folder());
        fs::create_dir_all(folder.0.join("root")).expect("a folder");
        no_ipv6(&[]);
        run("ip", &["link", "add", "name", BRIDGE, "type", "bridge"]);
        run("ip", &["link", "set", BRIDGE, "up"]);
        Self { client: Space::new(), nginx: Nginx::start(&folder.0), folder, is_verbose }
    }

    /// Transfers once through a new wire.
    pub fn transfer(&self, side: Side, impairment: &str, seed: u64, transfer: Transfer) -> Outcome {
        let root = self.folder.0.join("root");
        let (content, uploaded) = (client::content(transfer.size), root.join(UPLOAD));
        fs::write(root.join(DOWNLOAD), &content).expect("a file");
        let _ = fs::remove_file(&uploaded);

        let wire = Wire::start(impairment, seed, self.is_verbose);
        self.client.take(CLIENT_END, CLIENT);
        let mut authorization = String::new();
        let device = match side {
            Side::Device => {
                let root = root.display().to_string();
                let device = Device::start(&Target::Tap, &["--root", &root, "--writable"]);
                authorization = format!("{}\r\n", device.bearer());
                for port in [TAP, SERVER_END] {
                    run("ip", &["link", "set", port, "master", BRIDGE, "up"]);
                }
                run("ip", &["link", "set", SERVER_END, "txqueuelen", TX_QUEUE]);
                Some(device)
            }
            Side::Nginx => {
                self.nginx.space.take(SERVER_END, ADDRESS);
                None
            }
        };
        let outcome = self.client.run(|| {
            client::warm_up(ADDRESS);
            client::transfer(ADDRESS, transfer, &authorization)
        });
        drop((device, wire));
        let is_stored = || fs::read(&uploaded).is_ok_and(|stored| stored == content);
        match outcome {
            Outcome::Done(_) if transfer.direction == Direction::Up && !is_stored() => {
                Outcome::Failed("what is stored differs from what was sent".to_owned())
            }
            other => other,
        }
    }
}

/// A folder that is removed with all in it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A network namespace, which exists as long as a process in it sleeps.
struct Space {
    holder: Child,
}

impl Space {
    fn new() -> Self {
        let mut holder = Command::new("unshare");
        let holder =
            holder.args(["--net", "sleep", "86400"]).spawn().expect("unshare of util-linux");
        let link = |process: String| fs::read_link(format!("/proc/{process}/ns/net")).ok();
        let own = link("self".to_owned());
        wait_until("a network namespace", || link(holder.id().to_string()) != own);
        let space = Self { holder };
        space.command(&["ip", "link", "set", "lo", "up"]);
        no_ipv6(&space.prefix());
        // Otherwise a transfer starts with the congestion window of the one before.
        space.command(&["sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1"]);
        space
    }

    fn prefix(&self) -> Vec<String> {
        ["nsenter", "-t", &self.holder.id().to_string(), "-n"].map(str::to_owned).to_vec()
    }

    fn command(&self, arguments: &[&str]) {
        let prefix = self.prefix();
        let prefix: Vec<_> = prefix[1..].iter().map(String::as_str).collect();
        run("nsenter", &[&prefix[..], arguments].concat());
    }

    /// Moves an interface into the namespace, with `address` and CUBIC for its connections.
    fn take(&self, interface: &str, address: Ipv4Addr) {
        run("ip", &["link", "set", interface, "netns", &self.holder.id().to_string()]);
        let address = format!("{address}/24");
        self.command(&["ip", "address", "add", &address, "dev", interface]);
        self.command(&["ip", "link", "set", interface, "txqueuelen", TX_QUEUE, "up"]);
        // A namespace cannot always choose CUBIC as its default, but a route can.
        let route = ["ip", "route", "replace", NETWORK, "dev", interface, "congctl", "cubic"];
        self.command(&route);
    }

    /// Runs `what` in a thread in this namespace.
    fn run<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let namespace =
            File::open(format!("/proc/{}/ns/net", self.holder.id())).expect("a namespace");
        let inside = || {
            setns(&namespace, CloneFlags::CLONE_NEWNET).expect("the client's namespace");
            what()
        };
        thread::scope(|scope| scope.spawn(inside).join()).expect("no panic")
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// `host-runner wire` between both ends.
struct Wire(Child);

impl Wire {
    fn start(impairment: &str, seed: u64, is_verbose: bool) -> Self {
        let mut command = Command::new(programs::host_runner());
        command.args(["wire", SERVER_END, CLIENT_END, "--impair", impairment]);
        if !is_verbose {
            command.arg("--quiet");
        }
        let mut wire =
            Self(command.args(["--seed", &seed.to_string()]).spawn().expect("host-runner"));
        wait_until("the wire's TAPs", || {
            if let Ok(Some(status)) = wire.0.try_wait() {
                panic!("host-runner wire: {status}");
            }
            [SERVER_END, CLIENT_END].iter().all(|name| if_nametoindex(*name).is_ok())
        });
        wire
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

/// nginx in a namespace of its own, without a master process: that would drop privileges for its worker,
/// which a user namespace refuses.
struct Nginx {
    space: Space,
    server: Child,
}

impl Nginx {
    fn start(folder: &std::path::Path) -> Self {
        let space = Space::new();
        let folder = folder.display();
        let configuration = format!("{folder}/nginx.conf");
        let text = format!(
            "master_process off; daemon off; pid {folder}/nginx.pid; error_log stderr crit; user root;
             events {{ worker_connections 1024; }}
             http {{ access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
                     client_body_temp_path {folder}/body;
                     server {{ listen 80; root {folder}/root; dav_methods PUT; }} }}"
        );
        fs::write(&configuration, text).expect("a configuration");
        let prefix = space.prefix();
        let server = Command::new(&prefix[0])
            .args(&prefix[1..])
            .args(["nginx", "-c", &configuration])
            .stderr(Stdio::inherit())
            .spawn()
            .expect("nsenter of util-linux");
        let mut nginx = Self { space, server };
        wait_until("nginx (if it is missing: apt-get install nginx)", || {
            if let Ok(Some(status)) = nginx.server.try_wait() {
                panic!("nginx: {status}; if it is missing: apt-get install nginx");
            }
            nginx.space.run(|| TcpStream::connect(("127.0.0.1", 80)).is_ok())
        });
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        end(&mut self.server);
    }
}

/// Turns IPv6 off, so that its announcements do not take part in the wire's random losses.
fn no_ipv6(prefix: &[String]) {
    for scope in ["all", "default"] {
        let setting = format!("net.ipv6.conf.{scope}.disable_ipv6=1");
        let sysctl = ["sysctl", "-qw", &setting];
        let command: Vec<_> = prefix.iter().map(String::as_str).chain(sysctl).collect();
        run(command[0], &command[1..]);
    }
}

fn wait_until(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_there() {
        assert!(Instant::now() < deadline, "not there after 10 s: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Ends a process with SIGTERM rather than SIGKILL, so that it tidies up.
fn end(process: &mut Child) {
    let _ = kill(Pid::from_raw(process.id() as i32), Signal::SIGTERM);
    let _ = process.wait();
}
