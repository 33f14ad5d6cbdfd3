//! Host names, sandboxes and cookies: what pages of other origins, and stored pages, cannot do.

extern crate std;

use super::{Bench, Files, MemoryStore, WriteAccess, statuses};
use crate::http::auth::Token;
use crate::store::{
    Store,
    overlay::Overlay,
    ram::{RamMemory, RamStore},
    read_only::ReadOnly,
    rom::{RomFile, RomStore},
};
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
        assert!(answer.contains("use the IP address"), "{answer}");
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

#[test]
fn what_a_client_may_have_stored_is_sandboxed() {
    static SITE: [RomFile; 2] =
        [RomFile::new("index.html", 1, b"<p>"), RomFile::new("page.html", 2, b"<p>")];
    let mut memory = RamMemory::<8, 64>::new();
    let ram = RamStore::new(&mut memory);
    let store: Overlay<_, _> = Overlay::new(&ram, RomStore::new(&SITE));
    for (path, content) in [("page.html", &b"<script></script>"[..]), ("new.svg", b"<svg/>")] {
        let mut upload = store.create(None).unwrap();
        store.write(&mut upload, content).unwrap();
        store.commit(upload, path).unwrap();
    }
    let ask = |request: &str| {
        let (whole, view) = (Files::new(&store), Files::new(ReadOnly(&store)));
        let request = format!("{request} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0,2-2\r\n\r\n");
        let answer = Bench::<_>::new(whole).ask(request.as_bytes());
        // Another service may write to a store that this one only reads.
        let same = Bench::<_>::new(view).ask(request.as_bytes());
        assert_eq!(
            same.contains("Content-Security-Policy"),
            answer.contains("Content-Security-Policy")
        );
        answer
    };
    for request in ["GET /page.html", "HEAD /page.html", "GET /new.svg"] {
        let answer = ask(request);
        assert!(answer.contains("\r\nContent-Security-Policy: sandbox\r\n"), "{answer}");
        assert!(answer.contains("\r\nX-Content-Type-Options: nosniff\r\n"), "{answer}");
    }
    for request in ["GET /", "GET /index.html"] {
        assert!(!ask(request).contains("sandbox"), "{request}");
    }
}

/// Browsers send the cookies of all ports of a host.
#[test]
fn cookies_are_those_of_the_port() {
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";
    let access = WriteAccess::with_token(Token::from_text(TOKEN).unwrap());
    let mut bench = Bench::<_>::new(Files::new(MemoryStore::sample()).with_writing(access));
    bench.server = super::Server::new(Files::new(MemoryStore::sample()).with_writing(access))
        .with_links(access);
    for (host, port) in [
        ("192.168.69.1", "80"),
        ("192.168.69.1:80", "80"),
        ("192.168.69.1:8080", "8080"),
        ("[::1]:81", "81"),
    ] {
        let link = format!("GET /?token={TOKEN} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let answer = bench.ask(link.as_bytes());
        assert!(
            answer.contains(&format!("Set-Cookie: bareserve-token-{port}={TOKEN};")),
            "{answer}"
        );
        for (cookies, status) in [
            (format!("bareserve-token-{port}={TOKEN}"), 204),
            (format!("bareserve-token-9={OTHER}; bareserve-token-{port}={TOKEN}"), 204),
            (format!("bareserve-token-{port}={OTHER}; bareserve-token-{port}={TOKEN}"), 204),
            (format!("bareserve-token-{port}={OTHER}; bareserve-token-9={OTHER}"), 401),
            (format!("bareserve-token={TOKEN}; bareserve-toke={TOKEN}"), 401),
            (format!("{port}={TOKEN}"), 401),
        ] {
            let request = format!(
                "PUT /x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nCookie: {cookies}\r\n\r\nx"
            );
            let status = if status == 204 { [201, 204] } else { [status; 2] };
            let [answer] = bench.statuses(request.as_bytes())[..] else { panic!("{host}") };
            assert!(status.contains(&answer), "{host}: {cookies}: {answer}");
        }
    }
}
