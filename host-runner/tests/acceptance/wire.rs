//! `host-runner wire`: two interfaces joined by a wire with faults.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    net::if_::if_nametoindex,
    sched::{CloneFlags, unshare},
    sys::signal::{Signal, kill},
    unistd::{Pid, gettid},
};

use crate::{
    case::{Case, case_in_folder},
    namespace::run,
    programs::{host_runner, run_in},
};

const NEAR: &str = "wire0";
const FAR: &str = "wire1";

/// Addresses of both ends: IP and hardware.
const NEAR_ADDRESSES: [&str; 2] = ["10.9.0.1", "02:00:00:09:00:01"];
const FAR_ADDRESSES: [&str; 2] = ["10.9.0.2", "02:00:00:09:00:02"];

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    const WHY: &str = "a board has no part in it";
    vec![
        case_in_folder("wire::delay_in_both_directions", delay, WHY),
        case_in_folder("wire::loss_as_set", loss, WHY),
        case_in_folder("wire::ends_on_a_signal", ends_on_a_signal, WHY),
        case_in_folder("wire::ends_when_a_tap_is_deleted", ends_with_its_tap, WHY),
    ]
}

fn delay(folder: &Path) {
    let mut wire = Wire::start(folder, &["--impair", "delay=30ms"]);
    let report = wire.ping(folder, &["-c", "5", "-i", "0.01", "-s", "1472"]);
    assert!(report.contains(" 0% packet loss"), "{report}");
    // rtt min/avg/max/mdev = 60.123/…
    let fastest = report.split_once("mdev = ").and_then(|(_, times)| times.split('/').next());
    let fastest: f64 = fastest.and_then(|time| time.parse().ok()).expect("a time");
    assert!(fastest >= 60.0, "{report}");
}

fn loss(folder: &Path) {
    const PINGS: u32 = 400;
    let faults = ["--impair", "loss=20%", "--seed", "3"];
    let mut wire = Wire::start(folder, &faults);
    let count = PINGS.to_string();
    let report = wire.ping(folder, &["-c", &count, "-i", "0.002", "-W", "1"]);
    let words: Vec<_> = report.split_whitespace().collect();
    let received = words.windows(2).find(|pair| pair[1] == "received,").map(|pair| pair[0]);
    let received: u32 = received.and_then(|count| count.parse().ok()).expect("a count");
    // Each passes the wire twice: 64 % are answered, within five standard deviations.
    assert!((208..=304).contains(&received), "{report}");
    let output = wire.output();
    let line = output.lines().find(|line| line.starts_with("wire0 to wire1: ")).expect("a report");
    let counts: Vec<u32> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // What is refused was sent before the interface was up.
    let [frames, lost, 0, _refused] = counts[..] else { panic!("{line}") };
    assert!(frames >= PINGS, "{line}");
    assert!((frames / 10..frames * 3 / 10).contains(&lost), "{line}");
}

fn ends_on_a_signal(folder: &Path) {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut wire = Wire::start(folder, &["--impair", "rate=1mbit,queue=1"]);
        assert_eq!(wire.end_with(signal), Some(0), "{signal}: {}", wire.output());
        assert!(!wire.output().contains("host-runner:"), "{}", wire.output());
    }
}

fn ends_with_its_tap(folder: &Path) {
    let mut wire = Wire::start(folder, &["--quiet"]);
    run("ip", &["link", "delete", FAR]);
    assert_eq!(wire.process.wait().expect("an exit status").code(), Some(1));
    let expected = "host-runner: the TAP wire1 was deleted: start the wire again\n";
    assert_eq!(wire.output(), expected);
}

/// A running wire between [`NEAR`] and [`FAR`].
struct Wire {
    process: Child,
    log: std::path::PathBuf,
}

impl Wire {
    fn start(folder: &Path, options: &[&str]) -> Self {
        let log = folder.join("wire.log");
        let output = File::create(&log).expect("a log file");
        let process = Command::new(host_runner())
            .args(["wire", NEAR, FAR])
            .args(options)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the log file twice"))
            .stderr(output)
            .spawn()
            .expect("host-runner");
        let mut wire = Self { process, log };
        let deadline = Instant::now() + Duration::from_secs(20);
        while [NEAR, FAR].iter().any(|name| if_nametoindex(*name).is_err()) {
            let status = wire.process.try_wait().expect("a child");
            assert!(status.is_none(), "the wire ended: {}", wire.output());
            assert!(Instant::now() < deadline, "the wire has no TAPs");
            thread::sleep(Duration::from_millis(5));
        }
        wire
    }

    /// Pings through the wire, whose far end is in another network namespace, and ends the wire with
    /// SIGTERM. Returns the report of `ping`.
    fn ping(&mut self, folder: &Path, options: &[&str]) -> String {
        configure(NEAR, NEAR_ADDRESSES, FAR_ADDRESSES);
        thread::scope(|scope| {
            let ((tell, entered), (moved, wait)) = (mpsc::channel(), mpsc::channel());
            let (ready, is_ready) = mpsc::channel();
            let (done, wait_for_end) = mpsc::channel::<()>();
            scope.spawn(move || {
                unshare(CloneFlags::CLONE_NEWNET).expect("a network namespace");
                tell.send(gettid()).expect("the case waits");
                wait.recv().expect("the case goes on");
                configure(FAR, FAR_ADDRESSES, NEAR_ADDRESSES);
                ready.send(()).expect("the case waits");
                // The namespace exists as long as this thread.
                let _ = wait_for_end.recv();
            });
            let thread = entered.recv().expect("the thread runs").to_string();
            run("ip", &["link", "set", FAR, "netns", &thread]);
            moved.send(()).expect("the thread waits");
            is_ready.recv().expect("the thread sets up its end");
            let report = run_in(folder, "ping", &[options, &FAR_ADDRESSES[..1]].concat());
            // Before the namespace is removed, and the TAP in it.
            assert_eq!(self.end_with(Signal::SIGTERM), Some(0), "{}", self.output());
            done.send(()).expect("the thread waits");
            String::from_utf8_lossy(&report.stdout).into_owned()
        })
    }

    fn end_with(&mut self, signal: Signal) -> Option<i32> {
        let _ = kill(Pid::from_raw(self.process.id() as i32), signal);
        self.process.wait().ok()?.code()
    }

    fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Gives `interface` its addresses. Those of the peer are entered by hand, so that no ping waits for a
/// lost ARP request.
fn configure(interface: &str, [address, hardware]: [&str; 2], [peer, peer_hardware]: [&str; 2]) {
    run("ip", &["link", "set", interface, "address", hardware]);
    run("ip", &["address", "add", &format!("{address}/24"), "dev", interface]);
    run("ip", &["link", "set", interface, "up"]);
    let neighbour = ["neighbour", "replace", peer, "lladdr", peer_hardware, "dev", interface];
    run("ip", &[&neighbour[..], &["nud", "permanent"]].concat());
}
