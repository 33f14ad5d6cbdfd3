//! The device under test, on a TAP: `host-runner`, or a board's firmware in the emulator.

use std::{
    env,
    fs::{self, File},
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{namespace, programs::output_of};

/// The device's address.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 69, 1);
/// The host's address on the same link.
pub const HOST_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 69, 100);
/// The TAP's name.
pub const TAP: &str = "accept0";

/// The kind of device that the suite runs against.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// `host-runner`.
    Tap,
    /// A board in the emulator, by the name of its machine.
    Board(String),
}

impl Target {
    /// Reads `BARESERVE_TARGET`.
    pub fn from_environment() -> Self {
        match env::var("BARESERVE_TARGET").as_deref() {
            Err(_) | Ok("" | "tap") => Self::Tap,
            Ok(board) => Self::Board(board.to_owned()),
        }
    }
}

/// Creates a folder for a device and its clients.
pub fn temporary_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("bareserve-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

/// A running device, which is stopped when this is dropped.
pub struct Device {
    process: Child,
    log: PathBuf,
    /// A folder for the case's own files, removed with the device.
    pub folder: PathBuf,
    /// Its kind.
    pub target: Target,
}

impl Device {
    /// Starts the target and waits until it answers on port 80.
    pub fn start(target: &Target, options: &[&str]) -> Self {
        Self::start_in(temporary_folder(), target, options)
    }

    /// As [`Device::start`], with `folder` as the device's folder.
    pub fn start_in(folder: PathBuf, target: &Target, options: &[&str]) -> Self {
        let command = match target {
            Target::Tap => host_runner(options),
            Target::Board(_) => emulator(target, &firmware()),
        };
        // Bound before the start, as a board asks for the time at once.
        let clock = (*target != Target::Tap)
            .then(|| UdpSocket::bind((HOST_ADDRESS, 37)).expect("UDP port 37"));
        let mut device = Self::spawn(folder, target, command, None);
        device.wait_until_ready();
        if let Some(clock) = clock {
            answer_time_request(&clock);
        }
        device
    }

    /// Starts `host-runner` with `errors` as its standard error, and waits until it answers on port 80.
    pub fn start_with_errors_to(errors: Stdio, options: &[&str]) -> Self {
        let folder = temporary_folder();
        let mut device = Self::spawn(folder, &Target::Tap, host_runner(options), Some(errors));
        device.wait_until_ready();
        device
    }

    /// Starts a board with another firmware, one of its examples. Does not wait until it answers.
    pub fn start_example(target: &Target, name: &str) -> Self {
        Self::spawn(temporary_folder(), target, emulator(target, &example_firmware(name)), None)
    }

    /// Starts a program whose output is the log, except its standard error if `errors` are given.
    fn spawn(
        folder: PathBuf,
        target: &Target,
        mut command: Command,
        errors: Option<Stdio>,
    ) -> Self {
        let log = folder.join("device.log");
        let output = File::create(&log).expect("a log file");
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the log file twice"))
            .stderr(errors.unwrap_or_else(|| output.into()))
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{:?} cannot be started: {error}", command.get_program())
            });
        Self { process, log, folder, target: target.clone() }
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let address = SocketAddr::from((ADDRESS, 80));
        while TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_err() {
            if let Ok(Some(status)) = self.process.try_wait() {
                panic!("the device exited during start-up ({status}):\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "the device does not answer:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The log so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The device's status document.
    pub fn status(&self) -> serde_json::Value {
        let url = format!("http://{ADDRESS}/_device/status.json");
        let status = output_of(&self.folder, "curl", &["-sS", "--fail", &url]);
        serde_json::from_str(&status).unwrap_or_else(|error| panic!("{error}: {status}"))
    }

    /// The link with the token, from the log. A board generates its token when it has received enough
    /// frames, so this sends frames until the link is logged.
    pub fn link(&self) -> String {
        for _ in 0..200 {
            let log = self.log();
            // Complete lines only.
            let lines = log.rsplit_once('\n').map_or("", |(lines, _)| lines);
            let link = lines.split_whitespace().find(|word| word.contains("/_device/?token="));
            if let Some(link) = link {
                return link.to_owned();
            }
            self.send_a_frame();
        }
        panic!("no link with a token in the log:\n{}", self.log());
    }

    fn send_a_frame(&self) {
        let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
        socket.send_to(b"entropy", (ADDRESS, 7)).expect("sent");
        thread::sleep(Duration::from_millis(5));
    }

    /// The token of that link.
    pub fn token(&self) -> String {
        self.link().split_once("token=").map(|(_, token)| token.to_owned()).unwrap_or_default()
    }

    /// The request field that carries the token.
    pub fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.token())
    }

    /// The process ID of `host-runner` or the emulator.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the device ends by itself, and returns its exit status.
    pub fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.process.try_wait() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("the device does not end:\n{}", self.log());
    }

    /// Stops the device with a signal, and returns its exit status.
    pub fn stop_with(&mut self, signal: Signal) -> Option<i32> {
        let _ = kill(Pid::from_raw(self.process.id() as i32), signal);
        self.process.wait().ok()?.code()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            self.stop_with(Signal::SIGTERM);
        }
        if let Target::Board(_) = self.target {
            namespace::run("ip", &["link", "delete", TAP]);
        }
        if let Ok(kept) = env::var("BARESERVE_LOG") {
            let kept = File::options().create(true).append(true).open(kept);
            let _ = kept.and_then(|mut file| file.write_all(self.log().as_bytes()));
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Answers a board's time request (RFC 868 over UDP), with which it sets its clock.
fn answer_time_request(socket: &UdpSocket) {
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let (_, board) = socket.recv_from(&mut [0; 8]).expect("the board asks for the time");
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    // RFC 868 counts seconds from 1900 in 32 bits.
    let seconds = (since_1970.as_secs() + 2_208_988_800) as u32;
    socket.send_to(&seconds.to_be_bytes(), board).expect("sent");
}

/// `host-runner` with the suite's addresses.
fn host_runner(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-runner"));
    command.args(["--tap", TAP]);
    command.args([
        "--address",
        &format!("{ADDRESS}/24"),
        "--host-address",
        &format!("{HOST_ADDRESS}/24"),
    ]);
    command.args(options);
    command
}

/// The path of the board's main program.
fn firmware() -> PathBuf {
    let name = env::var_os("BARESERVE_FIRMWARE");
    name.expect("BARESERVE_FIRMWARE names the board's ELF file; `boards/board test` sets it").into()
}

/// The path of one of its examples.
fn example_firmware(name: &str) -> PathBuf {
    let main = firmware();
    let board = main.file_name().expect("a file").display();
    main.with_file_name("examples").join(format!("{board}-{name}"))
}

/// The emulator with `firmware`, on a newly created TAP.
fn emulator(target: &Target, firmware: &Path) -> Command {
    let Target::Board(machine) = target else { panic!("host-runner does not run in the emulator") };
    let model = match machine.as_str() {
        "lm3s6965evb" => "stellaris",
        "mps2-an385" => "lan9118",
        other => panic!("BARESERVE_TARGET={other}: use tap, lm3s6965evb or mps2-an385"),
    };
    namespace::run("ip", &["tuntap", "add", "dev", TAP, "mode", "tap"]);
    namespace::run("ip", &["address", "add", &format!("{HOST_ADDRESS}/24"), "dev", TAP]);
    namespace::run("ip", &["link", "set", TAP, "up"]);
    let mut command = Command::new("qemu-system-arm");
    command.args(["-M", machine, "-display", "none", "-monitor", "none", "-serial", "stdio"]);
    command.args(["-nic", &format!("tap,ifname={TAP},script=no,downscript=no,model={model}")]);
    command.arg("-kernel").arg(firmware);
    command
}
