//! Properties of the firmware: driver, clock, memory, entropy, restart.

use std::{
    env,
    net::{Ipv4Addr, TcpStream, UdpSocket},
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use crate::{
    case::{Case, case, case_on_example},
    device::{ADDRESS, Device, TAP, Target},
    namespace::run,
    noise::RawSocket,
    programs::{output_of, run_in, start_in},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("board::datagrams_of_every_length", datagrams_of_every_length)
            .board_only("tests the board's driver, which transfers whole words"),
        case("board::ping_takes_less_than_a_millisecond", ping_takes_less_than_a_millisecond)
            .board_only("tests the wake-up latency of the board's driver"),
        case("board::clock_does_not_drift_under_load", clock_does_not_drift_under_load)
            .board_only("tests the board's clock"),
        case("board::token_needs_entropy", token_needs_entropy)
            .board_only("the host has random bytes from the start"),
        case("board::survives_link_loss_and_host_restarts", link_loss)
            .board_only("host-runner owns its TAP"),
        case("board::runs_from_one_command", runs_from_one_command)
            .board_only("host-runner's command is tested by the smoke test"),
        case_on_example(
            "board::restarts_after_failure",
            "faults",
            restarts_after_failure,
            "host-runner does not restart by itself",
        ),
        case("board::noise_on_the_wire", noise_on_the_wire)
            .board_only("tests the board's memory and stack"),
    ]
}

/// Frames sent by [`noise_on_the_wire`], unless `BARESERVE_FRAMES` gives another number.
const FRAMES: usize = 100_000;

/// How much deeper the stack may go under noise than with normal use, in bytes.
const STACK_TOLERANCE: usize = 256;

fn datagrams_of_every_length(_: &Device) {
    for length in [0, 1, 2, 3, 4, 5, 17, 18, 19, 63, 64, 511, 1023, 1470, 1471, 1472] {
        let sent: Vec<u8> = (0..length).map(|i| (i * 7) as u8).collect();
        assert!(echo(&sent) == sent, "{length} bytes");
    }
}

fn ping_takes_less_than_a_millisecond(device: &Device) {
    let mut times = ping_times(device, 50);
    times.sort_by(f64::total_cmp);
    assert!(times.len() == 50, "{} of 50 were answered", times.len());
    assert!(times[25] < 1.0, "the median is {} ms", times[25]);
}

/// Round-trip times in milliseconds.
fn ping_times(device: &Device, count: u32) -> Vec<f64> {
    let arguments = ["-c", &count.to_string(), "-i", "0.02", "-W", "1", &ADDRESS.to_string()];
    let output = run_in(&device.folder, "ping", &arguments);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let times = report.split("time=").skip(1).filter_map(|rest| rest.split(' ').next());
    times.map(|time| time.parse().expect("a time")).collect()
}

/// The firmware's log lines carry its own time: two datagrams of distinctive lengths mark two moments.
fn clock_does_not_drift_under_load(device: &Device) {
    let (begin, logged_begin) = mark(device, 801..850);
    while begin.elapsed() < Duration::from_secs(20) {
        for path in ["", "bareserve.png", "_device/metrics"] {
            get(device, path);
        }
    }
    let (end, logged_end) = mark(device, 851..900);
    let (passed, logged) = ((end - begin).as_secs_f64(), logged_end - logged_begin);
    let drift = (logged / passed - 1.0).abs();
    assert!(drift < 0.001, "{logged} s instead of {passed} s");
}

/// Returns one moment by the host's clock and by the board's (seconds since its start). Sends datagrams
/// of the given `lengths` until a round trip is so short that both times are of the same moment.
fn mark(device: &Device, lengths: Range<usize>) -> (Instant, f64) {
    for length in lengths {
        let sent = Instant::now();
        echo(&vec![0; length]);
        let round_trip = sent.elapsed();
        thread::sleep(Duration::from_millis(20));
        let log = device.log();
        let wanted = format!(": {length} bytes in");
        let line = log.lines().find(|line| line.ends_with("out") && line.contains(&wanted));
        if let Some(line) = line.filter(|_| round_trip < Duration::from_millis(4)) {
            let time = line.split_whitespace().next().expect("the time");
            return (sent + round_trip / 2, time.parse().expect("seconds"));
        }
    }
    panic!("no datagram was answered within 4 ms and logged");
}

fn token_needs_entropy(device: &Device) {
    assert!(!device.log().contains("?token="), "the token was made without entropy");
    let text = "a note ".repeat(100);
    let url = format!("http://{ADDRESS}/note.txt");
    let put = |authorization: &str| {
        let field = format!("Authorization: {authorization}");
        let arguments =
            ["-sS", "-X", "PUT", "-H", &field, "--data-binary", &text, "-w", "%{http_code}", &url];
        output_of(&device.folder, "curl", &arguments)
    };
    assert!(put("Bearer 0").ends_with("405"), "writing must be disabled without a token");
    assert_eq!(ping_times(device, 70).len(), 70);
    thread::sleep(Duration::from_millis(200));
    let authorization = format!("Bearer {}", device.token());
    assert!(put("Bearer 0").ends_with("401"));
    assert!(put(&authorization).ends_with("201"));
    assert_eq!(get(device, "note.txt"), text);
    let clock = ["-sS", "-X", "PUT", "-H", &format!("Authorization: {authorization}")];
    let date = ["-d", "2020-02-02T02:02:02Z", &format!("http://{ADDRESS}/_device/clock")];
    output_of(&device.folder, "curl", &[&clock[..], &date].concat());
    let time = output_of(&device.folder, "nc", &["-w", "5", "-d", &ADDRESS.to_string(), "9999"]);
    assert!(time.starts_with("2020-02-02 02:02:"), "{time}");
}

/// First the link is down for a while, then the host's MAC address changes.
fn link_loss(device: &Device) {
    let open = TcpStream::connect((ADDRESS, 80)).expect("a connection");
    run("ip", &["link", "set", TAP, "down"]);
    thread::sleep(Duration::from_secs(30));
    run("ip", &["link", "set", TAP, "up"]);
    assert!(get(device, "HelloWorld.html").contains("Hello World!"));
    drop(open);
    for host in 1..=5 {
        run("ip", &["link", "set", TAP, "down"]);
        run("ip", &["link", "set", TAP, "address", &format!("02:00:00:00:01:0{host}")]);
        run("ip", &["link", "set", TAP, "up"]);
        assert!(get(device, "HelloWorld.html").contains("Hello World!"));
    }
    has_not_restarted(device);
    all_sockets_become_free(device);
}

/// As in the porting guide, without a TAP: the emulator's user network forwards the ports.
fn runs_from_one_command(device: &Device) {
    let Target::Board(board) = &device.target else { panic!("not a board") };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../boards/board");
    let _running = start_in(&device.folder, script, &["run", board, "--user"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", 8080)).is_err() {
        assert!(Instant::now() < deadline, "port 8080 is not open");
        thread::sleep(Duration::from_millis(100));
    }
    let retry = ["-sS", "--fail", "--retry", "5", "--retry-all-errors", "--max-time", "20"];
    let page =
        output_of(&device.folder, "curl", &[&retry[..], &["http://127.0.0.1:8080/"]].concat());
    assert!(page.contains("/_device/app.js"), "{page}");
    assert_eq!(exchange((Ipv4Addr::LOCALHOST, 12000), b"ping"), b"PING");
}

/// The firmware resets the chip after a panic; the watchdog resets it when the main loop hangs.
fn restarts_after_failure(device: &Device) {
    /// The port of `support::services::faults`.
    const PORT: u16 = 666;
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let answers = || {
        let _ = socket.send_to(b"alive?", (ADDRESS, PORT));
        socket.recv(&mut [0; 16]).is_ok()
    };
    let answers_within = |seconds| {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < deadline {
            if answers() {
                return true;
            }
        }
        false
    };
    assert!(answers_within(10), "the firmware does not start");
    let mut answer = [0; 16];
    socket.send_to(b"check", (ADDRESS, PORT)).expect("sent");
    let checked = (0..50).find_map(|_| socket.recv(&mut answer).ok());
    assert!(
        checked.is_some_and(|length| answer.starts_with(b"check") && length == 5),
        "a routine that replaces the compiler's gives a wrong result"
    );
    assert_eq!(starts(device), 1);
    socket.send_to(b"panic", (ADDRESS, PORT)).expect("sent");
    assert!(answers_within(10), "no restart after a panic");
    assert_eq!(starts(device), 2);
    assert!(device.log().contains("panic: , reset"), "the panic is not logged");
    socket.send_to(b"hang", (ADDRESS, PORT)).expect("sent");
    assert!(!answers(), "the firmware still answers");
    assert!(answers_within(20), "no restart by the watchdog");
    assert_eq!(starts(device), 3);
}

/// How often the firmware has started, by its log.
fn starts(device: &Device) -> usize {
    device.log().matches(&format!(" is {ADDRESS}/24")).count()
}

fn noise_on_the_wire(device: &Device) {
    let frames = match env::var("BARESERVE_FRAMES") {
        Ok(text) => text.replace('_', "").parse().expect("BARESERVE_FRAMES is a number"),
        Err(_) => FRAMES,
    };
    use_the_services(device);
    let stack = worst_stack(device);
    let began = Instant::now();
    RawSocket::open().make_noise(1, frames, hardware_address(device));
    let seconds = began.elapsed().as_secs_f64();
    assert!(get(device, "HelloWorld.html").contains("Hello World!"));
    has_not_restarted(device);
    all_sockets_become_free(device);
    use_the_services(device);
    let after = worst_stack(device);
    println!("{frames} frames in {seconds:.0} s; {stack} bytes of stack before, {after} after");
    assert!(after <= stack + STACK_TOLERANCE, "the stack use rose from {stack} to {after} bytes");
}

/// Uses the services whose calls need the most stack.
fn use_the_services(device: &Device) {
    for path in ["", "_device/", "_device/status.json", "_device/metrics", "bareserve.png", "none"]
    {
        get(device, path);
    }
    get(device, "_device/files.json");
    for port in [5566, 9999, 13, 37] {
        output_of(
            &device.folder,
            "nc",
            &["-w", "5", "-d", &ADDRESS.to_string(), &port.to_string()],
        );
    }
    assert_eq!(ping_times(device, 70).len(), 70);
    let authorization = device.bearer();
    let url = format!("http://{ADDRESS}/note.txt");
    let put = ["-sS", "-H", &authorization, "-X", "PUT", "--data-binary", "a note", &url];
    output_of(&device.folder, "curl", &put);
    let form = ["-sS", "-H", &authorization, "-F", "file=a note;filename=note.txt"];
    output_of(&device.folder, "curl", &[&form[..], &[&format!("http://{ADDRESS}/")]].concat());
    // The stack's use is logged once per second.
    thread::sleep(Duration::from_secs(3));
}

/// Bytes of stack used, from the last line that the board has logged about it.
fn worst_stack(device: &Device) -> usize {
    let log = device.log();
    let (_, figure) = log.rsplit_once(" stack: ").expect("a line about the stack");
    figure.split(' ').next().expect("a figure").parse().expect("bytes")
}

fn hardware_address(device: &Device) -> [u8; 6] {
    let neighbour =
        output_of(&device.folder, "ip", &["neighbour", "show", &ADDRESS.to_string(), "dev", TAP]);
    let (_, address) = neighbour.split_once("lladdr ").expect("the board is known");
    let address = address.split(' ').next().expect("an address");
    let bytes = address.trim().split(':').map(|byte| u8::from_str_radix(byte, 16).expect("hex"));
    bytes.collect::<Vec<_>>().try_into().expect("six bytes")
}

fn has_not_restarted(device: &Device) {
    assert_eq!(starts(device), 1, "the firmware has restarted");
    assert!(!device.log().contains("panic"), "the firmware has panicked");
}

/// Within all timeouts, the connection that asks for the status is the only one.
fn all_sockets_become_free(device: &Device) {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let status = get(device, "_device/status.json");
        let open: u32 = numbers(&status, "open").sum();
        let parked: u32 = numbers(&status, "parked").sum();
        if open == 1 && parked == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "sockets are still open: {status}");
        thread::sleep(Duration::from_secs(1));
    }
}

/// The values of all members `name` in `json`.
fn numbers<'j>(json: &'j str, name: &str) -> impl Iterator<Item = u32> + 'j {
    let parts: Vec<_> = json.split(&format!("\"{name}\":")).skip(1).collect();
    parts.into_iter().filter_map(|part| part.split([',', '}']).next()?.trim().parse().ok())
}

fn get(device: &Device, path: &str) -> String {
    let url = format!("http://{ADDRESS}/{path}");
    let output = run_in(&device.folder, "curl", &["-sS", "--max-time", "20", &url]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{path}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn echo(payload: &[u8]) -> Vec<u8> {
    exchange((ADDRESS, 7), payload)
}

/// Sends a datagram and returns the answer.
fn exchange(to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    socket.connect(to).expect("an address");
    socket.send(payload).expect("sent");
    let mut answer = vec![0; 2048];
    let length = socket.recv(&mut answer).expect("an answer");
    answer.truncate(length);
    answer
}
