//! Published ports with many clients: idle ones delay no others.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{
    case::{Case, case},
    device::Device,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    const WHY: &str = "a board publishes no ports";
    let all = [
        case("forwarder::idle_clients_delay_no_page", idle_clients_delay_no_page),
        case("forwarder::clients_that_only_listen", clients_that_only_listen),
        case("forwarder::half_requests_go_for_a_page", half_requests),
    ];
    all.map(|case| case.tap_only(WHY).with_options(PUBLISHED)).into()
}

const WEB: u16 = 8080;
const FILE: u16 = 5566;
const PUBLISHED: &[&str] =
    &["--publish", "8080:80", "--publish", "8081:6789", "--publish", "5566:5566"];

/// The longest time for a page in these cases. Far more than it takes, for busy machines.
const PATIENCE: Duration = Duration::from_secs(5);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn idle_clients_delay_no_page(_: &Device) {
    raise_limit();
    let mut idle = Vec::new();
    for count in [420, 2000] {
        idle.resize_with(count, || connect(WEB));
        for port in [WEB, 8081] {
            let begin = Instant::now();
            assert!(get(port, REQUEST).starts_with(b"HTTP/1.1 200 OK\r\n"));
            println!("port {port}: {:?} with {count} idle clients of {WEB}", begin.elapsed());
        }
        assert!(get(FILE, b"").len() > 4000);
    }
}

/// Each gets the file, though the forwarder does not know that it need not send anything.
fn clients_that_only_listen(_: &Device) {
    let threads: Vec<_> = (0..200).map(|_| thread::spawn(|| get(FILE, b"").len())).collect();
    for client in threads {
        assert!(client.join().expect("not refused") > 4000);
    }
}

/// Clients that begin a request occupy the device until it drops them for another.
fn half_requests(_: &Device) {
    raise_limit();
    let _half: Vec<_> = (0..420)
        .map(|_| {
            let mut client = connect(WEB);
            client.write_all(b"GET / HT").expect("sent");
            client
        })
        .collect();
    let begin = Instant::now();
    let mut stream = connect(WEB);
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    stream.write_all(REQUEST).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    println!("a page with 420 half requests: {:?}", begin.elapsed());
}

fn connect(port: u16) -> TcpStream {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, PATIENCE).expect("a connection")
}

fn get(port: u16, request: &[u8]) -> Vec<u8> {
    let mut stream = connect(port);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(request).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer in time");
    answer
}

/// For 2,000 connections in one process.
fn raise_limit() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit");
    if soft < 3000 {
        setrlimit(Resource::RLIMIT_NOFILE, hard.min(3000), hard).expect("3,000 descriptors");
    }
}
