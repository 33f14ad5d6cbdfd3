//! Who may ask: host names.

extern crate std;

use super::{Bench, Files, MemoryStore, statuses};
use std::format;

fn bench() -> Bench<Files<MemoryStore>> {
    let mut bench = super::files();
    bench.server = super::Server::new(Files::new(MemoryStore::sample()));
    bench
}

#[test]
fn requests_for_unknown_host_names_are_refused() {
    let ask = |bench: &mut Bench<_>, host| {
        bench.ask(format!("GET /folder/ HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
    };
    let mut bench = bench();
    for host in ["192.168.69.1", "10.1.1.1:8080", "[fd69::1]", "localhost:80", "a.localhost"] {
        assert_eq!(statuses(&ask(&mut bench, host)), [200], "{host}");
    }
    for host in ["evil.example", "evil.example:80", "lamp.example", "device", "1.evil.example"] {
        let answer = ask(&mut bench, host);
        assert_eq!(statuses(&answer), [421], "{host}");
        assert!(answer.contains("use the IP address or a configured name"), "{answer}");
    }
    bench.server = super::Server::new(Files::new(MemoryStore::sample()))
        .with_host_names(&["lamp.example", "device"]);
    for (host, status) in [
        ("lamp.example", 200),
        ("Lamp.Example:8080", 200),
        ("a.lamp.example", 200),
        ("device", 200),
        ("localhost", 200),
        ("evil.example", 421),
    ] {
        assert_eq!(statuses(&ask(&mut bench, host)), [status], "{host}");
    }
}

#[test]
fn a_target_in_absolute_form_decides() {
    let mut bench = bench();
    for (target, host, status) in [
        ("http://localhost:80/folder/", "evil.example", 200),
        ("http://192.168.69.1/folder/", "evil.example", 200),
        ("http://evil.example/folder/", "localhost", 421),
        ("http://evil.example", "localhost", 421),
        ("http://evil.example?/localhost/", "localhost", 421),
        ("/folder/?http://evil.example/", "localhost", 200),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(bench.statuses(request.as_bytes()), [status], "{target}");
    }
    assert_eq!(bench.statuses(b"GET /folder/ HTTP/1.0\r\n\r\n"), [200]);
    assert_eq!(bench.statuses(b"GET /folder/ HTTP/1.0\r\nHost: evil.example\r\n\r\n"), [421]);
}
