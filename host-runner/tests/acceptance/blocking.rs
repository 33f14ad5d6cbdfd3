//! What blocks a file or a pipe of `host-runner` does not stop its services.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, PipeReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{net::if_::if_nametoindex, sys::signal::Signal};

use crate::{
    case::{Case, case_in_folder},
    device::{ADDRESS, Device, HOST_ADDRESS, TAP, Target},
    namespace::run,
    programs::{course, host_runner, start_in},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    const WHY: &str = "firmware has no files and pipes that block";
    vec![
        case_in_folder("blocking::log_that_is_not_read", log_that_is_not_read, WHY),
        case_in_folder("blocking::log_on_a_full_disk", log_on_a_full_disk, WHY),
        case_in_folder("blocking::log_that_is_closed", log_that_is_closed, WHY),
        case_in_folder("blocking::tap_that_is_deleted", tap_that_is_deleted, WHY),
        case_in_folder("blocking::file_on_a_slow_disk", file_on_a_slow_disk, WHY),
    ]
}

/// The longest time for a page in these cases. Far more than it takes, for busy machines.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest time of half of the pages that are served beside what blocks. One page may take longer, as
/// other programs use the processor too.
const USUAL: Duration = Duration::from_millis(50);

fn log_that_is_not_read(_: &Path) {
    let (reader, writer) = io::pipe().expect("a pipe");
    let mut device = Device::start_with_errors_to(writer.into(), &[]);
    // Several times what the pipe and the queue hold.
    for _ in 0..200 {
        assert_eq!(status_of(&"x".repeat(8000)), 404);
    }
    let median = median_of((0..50).map(|_| time_of("")).collect());
    println!("a page while the log is not read: {median:?}");

    let mut lines = lines_of(reader);
    let dropped = |line: &String| line.ends_with("dropped: standard error did not accept them");
    let notice = lines.find(dropped).expect("a line with the number of dropped lines");
    let count = notice.split_whitespace().find_map(|word| word.parse::<u32>().ok());
    assert!(count.is_some_and(|count| (10..=500).contains(&count)), "{notice}");
    assert_eq!(status_of("after"), 404);
    assert!(lines.any(|line| line.contains("after 404")), "no lines after those dropped");

    for _ in 0..200 {
        assert_eq!(status_of(&"x".repeat(8000)), 404);
    }
    assert_eq!(device.stop_with(Signal::SIGTERM), Some(0), "it ends, too");
}

fn log_on_a_full_disk(_: &Path) {
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    serves_and_ends(Device::start_with_errors_to(full.into(), &["--verbose"]));
}

fn log_that_is_closed(_: &Path) {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    serves_and_ends(Device::start_with_errors_to(writer.into(), &["--verbose"]));
}

fn serves_and_ends(mut device: Device) {
    median_of((0..50).map(|_| time_of("")).collect());
    assert_eq!(device.stop_with(Signal::SIGTERM), Some(0));
}

fn tap_that_is_deleted(folder: &Path) {
    const MESSAGE: &str = "host-runner: the TAP accept0 was deleted: start host-runner again\n";
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let mut device = Device::start_with_errors_to(writer.into(), &["--quiet"]);
    run("ip", &["link", "delete", TAP]);
    assert_eq!(device.wait(), Some(1));
    let mut errors = String::new();
    reader.read_to_string(&mut errors).expect("text");
    assert_eq!(errors, MESSAGE);

    // A client that waits for an answer.
    let address = format!("{HOST_ADDRESS}/24");
    let mut client = Command::new(host_runner())
        .args(["ping", &HOST_ADDRESS.to_string(), "--from-device", "--tap", TAP])
        .args(["--host-address", &address])
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("errors")).expect("a file"))
        .spawn()
        .expect("host-runner");
    let deadline = Instant::now() + PATIENCE;
    while if_nametoindex(TAP).is_err() {
        assert!(Instant::now() < deadline, "the client has no TAP");
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(100));
    run("ip", &["link", "delete", TAP]);
    assert_eq!(client.wait().expect("an exit status").code(), Some(1));
    let errors = fs::read_to_string(folder.join("errors")).expect("text");
    assert!(errors.ends_with(MESSAGE), "{errors}");
}

/// Each request to the file system takes 100 ms; pages are served meanwhile.
fn file_on_a_slow_disk(folder: &Path) {
    let slow = folder.join("slow");
    fs::create_dir(&slow).expect("a folder");
    fs::write(folder.join("fast.txt"), "fast").expect("a file");
    let root = folder.display().to_string();
    let script = course("slow_folder.py");
    let disk = start_in(folder, "python3", &[&script, &slow.display().to_string(), "0.1"]);
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(slow.join("slow.txt")).is_err() {
        assert!(Instant::now() < deadline, "the file system is not mounted");
        thread::sleep(Duration::from_millis(5));
    }
    let options = ["--root", &root, "--file", "slow/slow.txt", "--listings"];
    let device = Device::start(&Target::Tap, &options);
    let clients = [("slow/slow.txt", 80), ("slow/slow.txt", 80), ("slow/", 80), ("", 5566)];
    let clients = clients.map(|(path, port)| {
        thread::spawn(move || {
            let begin = Instant::now();
            (answer_of(port, path).len(), begin.elapsed())
        })
    });
    thread::sleep(Duration::from_millis(50));
    let mut times = Vec::new();
    while !clients.iter().all(|client| client.is_finished()) {
        times.push(time_of("fast.txt"));
        thread::sleep(Duration::from_millis(5));
    }
    let answers = clients.map(|client| client.join().expect("an answer"));
    let (pages, longest) = (times.len(), times.iter().copied().max().unwrap_or_default());
    assert!(pages > 20, "pages were not served meanwhile");
    let median = median_of(times);
    println!("{pages} pages beside a slow disk: {median:?}, at most {longest:?}; {answers:?}");
    assert!(longest < Duration::from_millis(300), "a page took {longest:?}");
    for ((length, took), least) in answers.into_iter().zip([100_000, 100_000, 100, 130_000]) {
        assert!(length > least, "{length} bytes");
        assert!(took > Duration::from_millis(300), "the disk is not slow");
    }
    drop((device, disk));
    run("umount", &["--lazy", &slow.display().to_string()]);
}

fn lines_of(reader: PipeReader) -> impl Iterator<Item = String> {
    BufReader::new(reader).lines().map(|line| line.expect("a line"))
}

/// Requests the page at `path`, which exists, and returns how long that took.
fn time_of(path: &str) -> Duration {
    let begin = Instant::now();
    assert_eq!(status_of(path), 200);
    begin.elapsed()
}

/// The median, which is at most [`USUAL`].
fn median_of(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let median = times[times.len() / 2];
    assert!(median <= USUAL, "half of the pages took {median:?} and more: {times:?}");
    median
}

/// Requests the page at `path`, and returns the status of the response.
fn status_of(path: &str) -> u32 {
    let answer = answer_of(80, path);
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no status in {answer:?}"))
}

/// What the device sends until it closes. The file port takes no request.
fn answer_of(port: u16, path: &str) -> Vec<u8> {
    let address = SocketAddr::from((ADDRESS, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    if port == 80 {
        let request =
            format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer in time");
    answer
}
