extern crate std;

use core::cell::RefCell;
use std::{format, string::String, vec::Vec};

use smoltcp::{
    time::{Duration, Instant},
    wire::{IpAddress, IpEndpoint},
};

use super::*;
use crate::{
    clock::{UnixTime, WallClock},
    device::{
        PingEntry,
        capture::{Capture, CaptureResources},
        tests::Names,
    },
    entropy::SeededEntropy,
    http::{Connection, Server, auth::Token},
    ping::{profile::Profile, profile::SharedProfile},
    protocol::{endpoints::Endpoints, stream::Protocol},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const START: Instant = Instant::from_millis_const(5000);

type DeviceServer<'a> = Server<DeviceApplication<'a, Names>, 1024>;

/// A device with a captured frame, a ping service and two files.
struct Bench {
    profile: SharedProfile,
    clock: RefCell<WallClock>,
}

impl Bench {
    fn new() -> Self {
        Self {
            profile: SharedProfile::new(Profile::DEFAULT),
            clock: RefCell::new(WallClock::new()),
        }
    }

    /// Connects to a server that has a token, and the page at `/`.
    fn connect<R>(&self, f: impl FnOnce(&mut Line<'_, '_>) -> R) -> R {
        self.connect_to(WriteAccess::with_token(Token::from_text(TOKEN).unwrap()), f)
    }

    fn connect_to<R>(&self, access: WriteAccess, f: impl FnOnce(&mut Line<'_, '_>) -> R) -> R {
        let mut memory = CaptureResources::<4, 64>::new();
        let capture = RefCell::new(Capture::new(&mut memory));
        capture.borrow_mut().record(b"a frame", START);
        let overview = Overview {
            name: "bench",
            version: "1",
            ping: Some(PingEntry { profile: &self.profile }),
            files_root: "/",
            writable: false,
            authorized: false,
            capture: Some(&capture),
        };
        let store = Names(&["a.txt", "sub"]);
        let server = Server::new(DeviceApplication::new(overview, store, access).at_root());
        let mut line =
            Line { bench: self, server, connection: Connection::new(), now: START, room: 100 };
        let end = IpEndpoint { addr: IpAddress::v4(192, 0, 2, 1), port: 80 };
        line.with(|server, connection, env| {
            server.open(connection, Endpoints { remote: end, local: end }, env);
        });
        f(&mut line)
    }
}

/// A connection.
struct Line<'b, 'a> {
    bench: &'b Bench,
    server: DeviceServer<'a>,
    connection: Connection<DeviceApplication<'a, Names>, 1024>,
    now: Instant,
    /// Bytes that the server may write at a time.
    room: usize,
}

impl<'a> Line<'_, 'a> {
    fn with<R>(
        &mut self,
        f: impl FnOnce(
            &mut DeviceServer<'a>,
            &mut Connection<DeviceApplication<'a, Names>, 1024>,
            &mut Environment<'_>,
        ) -> R,
    ) -> R {
        let mut entropy = SeededEntropy::new(1);
        let mut env = Environment {
            now: self.now,
            wall_clock: &mut self.bench.clock.borrow_mut(),
            entropy: &mut entropy,
            observer: &mut (),
            registry: Default::default(),
        };
        f(&mut self.server, &mut self.connection, &mut env)
    }

    /// Sends a request and returns what the server sends until it has nothing more to send.
    fn ask(&mut self, request: &str) -> String {
        let mut rest = request.as_bytes();
        let mut answer = Vec::new();
        loop {
            let taken = self.with(|server, connection, env| server.receive(connection, rest, env));
            rest = &rest[taken..];
            let received = self.receive();
            answer.extend_from_slice(received.as_bytes());
            if taken == 0 && received.is_empty() {
                return String::from_utf8(answer).unwrap();
            }
        }
    }

    fn receive(&mut self) -> String {
        let mut received = Vec::new();
        let mut room = [0; 4096];
        loop {
            let room = &mut room[..self.room];
            let length =
                self.with(|server, connection, env| server.transmit(connection, room, env));
            if length == 0 {
                return String::from_utf8_lossy(&received).into_owned();
            }
            received.extend_from_slice(&room[..length]);
        }
    }

    fn get(&mut self, path: &str, fields: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"))
    }

    fn put(&mut self, path: &str, fields: &str, body: &str) -> String {
        let length = body.len();
        self.ask(&format!(
            "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
        ))
    }
}

fn status_of(answer: &str) -> &str {
    answer.get("HTTP/1.1 ".len()..).and_then(|rest| rest.get(..3)).unwrap_or(answer)
}

fn bearer() -> String {
    format!("Authorization: Bearer {TOKEN}\r\n")
}

/// Decodes a chunked body (RFC 9112 section 7.1).
fn unchunk(answer: &str) -> String {
    let (head, mut body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\nTransfer-Encoding: chunked"), "{head}");
    let mut text = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        text.push_str(&rest[..size]);
        body = rest[size..].strip_prefix("\r\n").unwrap();
    }
    assert!(body.is_empty());
    text
}

#[test]
fn the_page_stands_at_both_addresses() {
    Bench::new().connect(|line| {
        for path in ["/", "/_device/"] {
            let answer = line.get(path, "");
            assert_eq!(status_of(&answer), "200");
            assert!(answer.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
            let page = PAGE.open("index.html", Encoding::Identity).unwrap();
            assert!(answer.ends_with(core::str::from_utf8(page.content()).unwrap()));
        }
        let answer = line.get("/_device", "");
        assert_eq!(status_of(&answer), "301");
        assert!(answer.contains("\r\nLocation: /_device/\r\n"), "{answer}");
        for path in ["/_device/nothing", "/_device/x/style.css", "/other"] {
            assert_eq!(status_of(&line.get(path, "")), "404", "{path}");
        }
    });
}

#[test]
fn the_pages_files_are_not_sent_twice() {
    Bench::new().connect(|line| {
        for name in ["", "index.html", "style.css", "app.js", "icon.svg"] {
            let path = format!("/_device/{name}");
            let answer = line.get(&path, "");
            assert_eq!(status_of(&answer), "200");
            let (_, tag) = answer.split_once("\r\nETag: ").unwrap();
            let (tag, _) = tag.split_once("\r\n").unwrap();
            let again = line.get(&path, &format!("If-None-Match: {tag}\r\n"));
            assert_eq!(status_of(&again), "304", "{again}");
            assert!(again.contains(&format!("\r\nETag: {tag}\r\n")) && again.ends_with("\r\n\r\n"));
            assert_eq!(status_of(&line.get(&path, "If-None-Match: \"other\"\r\n")), "200");
        }
    });
}

#[test]
fn the_pages_files_are_gzipped_for_clients_that_accept_it() {
    Bench::new().connect(|line| {
        for name in ["", "style.css", "app.js"] {
            let request = format!("HEAD /_device/{name} HTTP/1.1\r\nHost: localhost\r\n");
            let plain = line.ask(&format!("{request}\r\n"));
            let gzipped = line.ask(&format!("{request}Accept-Encoding: gzip\r\n\r\n"));
            for head in [&plain, &gzipped] {
                assert_eq!(status_of(head), "200");
                assert!(head.contains("\r\nVary: Accept-Encoding\r\n"), "{head}");
                assert!(head.ends_with("\r\n\r\n"), "{head}");
            }
            assert!(!plain.contains("Content-Encoding"), "{plain}");
            assert!(gzipped.contains("\r\nContent-Encoding: gzip\r\n"), "{gzipped}");
        }
    });
}

#[test]
fn data_is_the_same_in_pieces_of_any_size() {
    Bench::new().connect(|line| {
        for (path, media_type, start, end) in [
            ("status.json", "application/json", "{\"device\":{\"name\":\"bench\"", "}}"),
            ("files.json", "application/json", "{\"files\":[{\"name\":\"a.txt\"", "null}]}"),
            (
                "metrics",
                "text/plain; version=0.0.4; charset=utf-8",
                "# HELP bareserve_info",
                "# TYPE bareserve_sent_bytes_total counter\n",
            ),
        ] {
            let path = format!("/_device/{path}");
            let mut texts = [1, 2, 3, 50, 1000, 4096].map(|room| {
                line.room = room;
                let answer = line.get(&path, "");
                assert!(answer.contains(&format!("\r\nContent-Type: {media_type}\r\n")));
                assert!(answer.contains("\r\nCache-Control: no-store\r\n"));
                unchunk(&answer)
            });
            assert!(texts[0].starts_with(start) && texts[0].ends_with(end), "{}", texts[0]);
            let [first, others @ ..] = &mut texts;
            assert!(others.iter().all(|other| other == first));
        }
    });
}

#[test]
fn folders_are_listed_by_their_decoded_path() {
    Bench::new().connect(|line| {
        assert_eq!(status_of(&line.get("/_device/files.json?path=", "")), "200");
        assert_eq!(status_of(&line.get("/_device/files.json?path=no%20such", "")), "404");
        for bad in ["..", "a/../..", "%2e%2e", "/etc", "%zz", "%ff", "a%00", &"x".repeat(300)] {
            let answer = line.get(&format!("/_device/files.json?path={bad}"), "");
            assert_eq!(status_of(&answer), "400", "{bad}");
        }
    });
}

#[test]
fn events_continue_without_end() {
    Bench::new().connect(|line| {
        let answer = line.get("/_device/events", "");
        assert_eq!(status_of(&answer), "200");
        assert!(answer.contains("\r\nContent-Type: text/event-stream\r\n"));
        assert!(answer.contains("retry: 2000\n\n"));
        assert_eq!(line.receive(), "");
        for _ in 0..3 {
            let due = line.server.poll_at(&line.connection).unwrap();
            assert!(due > line.now && due <= line.now + Duration::from_secs(1));
            line.now = due;
            let event = line.receive();
            assert!(event.contains("event: status\n"), "{event}");
            assert!(event.contains(&format!("\"uptime_ms\":{}", due.total_millis())), "{event}");
        }
    });
}

#[test]
fn only_holders_of_the_token_change_the_loss() {
    let bench = Bench::new();
    let loss = || PingEntry { profile: &bench.profile }.loss_percent();
    let body = r#"{"loss": 20}"#;
    bench.connect(|line| {
        for fields in ["", "Authorization: Bearer wrong\r\n", "Authorization: Basic Ojo=\r\n"] {
            let answer = line.put("/_device/ping", fields, body);
            assert_eq!(status_of(&answer), "401", "{fields}");
            assert!(answer.contains("\r\nWWW-Authenticate: Bearer"), "{answer}");
        }
        for site in ["cross-site", "same-site"] {
            let fields = format!("{}Sec-Fetch-Site: {site}\r\n", bearer());
            assert_eq!(status_of(&line.put("/_device/ping", &fields, body)), "403");
        }
        for bad in ["", "{}", r#"{"loss": 101}"#] {
            assert_eq!(status_of(&line.put("/_device/ping", &bearer(), bad)), "422", "{bad}");
        }
        assert_eq!(status_of(&line.put("/_device/ping", &bearer(), &"x".repeat(65))), "413");
        assert_eq!(loss(), 0);
    });
    bench.connect(|line| {
        let fields = format!("{}Sec-Fetch-Site: same-origin\r\n", bearer());
        assert_eq!(status_of(&line.put("/_device/ping", &fields, body)), "204");
        assert_eq!(loss(), 20);
        assert!(unchunk(&line.get("/_device/status.json", "")).contains("\"loss_percent\":20"));
        let answer = line.get("/_device/ping", "");
        assert_eq!(status_of(&answer), "405");
        assert!(answer.contains("\r\nAllow: PUT"), "{answer}");
    });
    bench.connect_to(WriteAccess::DENIED, |line| {
        assert_eq!(status_of(&line.put("/_device/ping", &bearer(), body)), "403");
        assert!(unchunk(&line.get("/_device/status.json", "")).contains("\"writable\":false"));
    });
}

#[test]
fn the_clock_is_set() {
    let bench = Bench::new();
    bench.connect(|line| {
        assert_eq!(status_of(&line.put("/_device/clock", "", "1700000000")), "401");
        assert!(bench.clock.borrow().at(START).is_none());
        let body = "2023-11-14T22:13:20Z";
        assert_eq!(status_of(&line.put("/_device/clock", &bearer(), body)), "204");
        assert_eq!(bench.clock.borrow().at(START), Some(UnixTime(1_700_000_000_000_000)));
    });
}

#[test]
fn only_holders_of_the_token_see_the_capture() {
    Bench::new().connect(|line| {
        assert_eq!(status_of(&line.get("/_device/capture.pcap", "")), "401");
        let answer = line.get("/_device/capture.pcap", &bearer());
        assert_eq!(status_of(&answer), "200");
        assert!(answer.contains("\r\nContent-Type: application/vnd.tcpdump.pcap\r\n"));
        assert!(answer.contains("\r\nContent-Length: 47\r\n") && answer.ends_with("a frame"));
    });
}

/// Recording resumes when a connection is lost during a download.
#[test]
fn recording_goes_on_when_a_download_is_lost() {
    let bench = Bench::new();
    bench.connect(|line| {
        line.room = 1;
        let request =
            format!("GET /_device/capture.pcap HTTP/1.1\r\nHost: localhost\r\n{}\r\n", bearer());
        let record = |line: &mut Line<'_, '_>, frame: &[u8]| {
            let capture = line.server.application().overview.capture.unwrap();
            capture.record(frame, START);
        };
        line.with(|server, connection, env| server.receive(connection, request.as_bytes(), env));
        line.with(|server, connection, env| server.transmit(connection, &mut [0; 1], env));
        record(line, b"unseen");
        line.with(|server, connection, env| server.close(connection, env));
        record(line, b"seen");
        let capture = line.server.application().overview.capture.unwrap();
        let mut file = [0; 200];
        let length = PcapReader::new(capture, None).read(&WallClock::new(), &mut file);
        let file = &file[..length];
        assert!(file.ends_with(b"seen") && !file.ends_with(b"unseen"));
    });
}
