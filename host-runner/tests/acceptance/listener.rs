//! The listener with real clients: many at once, silent, slow, and disconnecting ones.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::AsFd,
    path::Path,
    time::Duration,
};

use nix::{
    libc::linger,
    sys::{
        signal::Signal,
        socket::{setsockopt, sockopt},
    },
};

use crate::{
    case::{Case, case, case_in_folder},
    device::{ADDRESS, Device, TAP, Target},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("listener::unserved_port_is_refused", unserved_port_is_refused),
        case("listener::clients_at_once", clients_at_once),
        case("listener::silent_and_slow_peers_are_evicted", silent_and_slow_peers_are_evicted),
        case("listener::close_and_reset_free_the_slot", close_and_reset_free_the_slot),
        case("listener::idle_device_uses_no_cpu", idle_device_uses_no_cpu),
        case_in_folder("listener::exits_cleanly", exits_cleanly, "firmware does not exit"),
    ]
}

fn unserved_port_is_refused(_: &Device) {
    let error = TcpStream::connect((ADDRESS, 81)).expect_err("port 81 has no service");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

/// 512 clients for the 8 connections that each service of `host-runner` has; 64 for a board's 4 for HTTP
/// and 2 for files. None is refused, and each receives the whole file.
fn clients_at_once(device: &Device) {
    let clients = if device.target == Target::Tap { 512 } else { 64 };
    for ask in [ask_for_the_picture, receive_the_picture] {
        let picture = ask();
        assert!(picture.len() > 4000, "{} bytes", picture.len());
        let threads: Vec<_> = (0..clients).map(|_| std::thread::spawn(ask)).collect();
        let answers = threads.into_iter().map(|thread| thread.join().expect("not refused"));
        let served = answers.filter(|answer| *answer == picture).count();
        assert_eq!(served, clients, "clients that received the whole picture");
    }
}

fn ask_for_the_picture() -> Vec<u8> {
    let request = b"GET /bareserve.png HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = receive(80, request);
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    answer[head + 4..].to_vec()
}

fn receive_the_picture() -> Vec<u8> {
    receive(5566, b"")
}

fn receive(port: u16, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect((ADDRESS, port)).expect("not refused");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream.write_all(request).expect("sent");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).expect("the whole answer");
    received
}

fn silent_and_slow_peers_are_evicted(_: &Device) {
    let _silent: Vec<_> =
        (0..4).map(|_| TcpStream::connect((ADDRESS, 80)).expect("a connection")).collect();
    let slow: Vec<_> =
        (0..4).map(|_| TcpStream::connect((ADDRESS, 80)).expect("a connection")).collect();
    std::thread::spawn(move || {
        let mut slow = slow;
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\n" {
            for stream in &mut slow {
                let _ = stream.write_all(&[*byte]);
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    assert!(get(Duration::from_secs(10)).starts_with("HTTP/1.1 200"));
}

fn close_and_reset_free_the_slot(_: &Device) {
    for _ in 0..20 {
        // A clean close.
        drop(TcpStream::connect((ADDRESS, 80)).expect("a connection"));
        // A reset: closing with linger 0 sends one.
        let reset = TcpStream::connect((ADDRESS, 80)).expect("a connection");
        let abort = linger { l_onoff: 1, l_linger: 0 };
        setsockopt(&reset.as_fd(), sockopt::Linger, &abort).expect("the option");
        drop(reset);
    }
    assert!(get(Duration::from_secs(10)).starts_with("HTTP/1.1 200"));
}

fn get(timeout: Duration) -> String {
    let address = SocketAddr::from((ADDRESS, 80));
    let mut stream = TcpStream::connect_timeout(&address, timeout).expect("a connection");
    stream.set_read_timeout(Some(timeout)).expect("a timeout");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// At most 1 % of a core for `host-runner`, 2 % for the emulator.
fn idle_device_uses_no_cpu(device: &Device) {
    let seconds = 5;
    let before = ticks(device);
    std::thread::sleep(Duration::from_secs(seconds));
    let used = ticks(device) - before;
    // A tick is 10 ms, so N % of a core is N ticks per second.
    let percent = if device.target == Target::Tap { 1 } else { 2 };
    assert!(used <= seconds * percent, "{used} ticks of 10 ms in {seconds} s");
}

fn ticks(device: &Device) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", device.process_id()))
        .expect("the process's statistics");
    let after_name = stat.rsplit(')').next().expect("its fields");
    // Fields 14 and 15 of proc(5), user and system time; the name is the second.
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum()
}

/// Exit status 0 and no TAP left behind, for either signal.
fn exits_cleanly(_: &Path) {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut device = Device::start(&Target::Tap, &[]);
        assert_eq!(device.stop_with(signal), Some(0), "{}", device.log());
        // Not from /sys, which shows the namespace that it was mounted in.
        let interfaces = fs::read_to_string("/proc/net/dev").expect("the interfaces");
        assert!(!interfaces.contains(TAP), "the TAP is still there");
    }
}
