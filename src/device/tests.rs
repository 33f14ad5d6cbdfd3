extern crate std;

mod capture;
mod requests;

use core::cell::RefCell;
use std::{format, string::String, vec, vec::Vec};

use smoltcp::{
    phy::{Device, DeviceCapabilities, RxToken, TxToken},
    time::{Duration, Instant},
};

use super::{
    capture::{Capture, CaptureResources, PcapReader, Recorder},
    *,
};
use crate::{
    clock::{UnixTime, WallClock},
    counters::{Counters, Ports, QueueFigures, Registry, ServiceEntry, Transport},
    entropy::SeededEntropy,
    ping::profile::{Loss, Profile, SharedProfile},
    protocol::environment::Environment,
    store::{Encoding, Entry, Metadata, Store, StoreError},
};

const NOW: Instant = Instant::from_millis_const(81_234);

/// Lends an environment at `now`, whose clock was at 2023-11-14 22:13:20 UTC at the start.
fn at<R>(now: Instant, registry: Registry<'_>, f: impl FnOnce(&Environment<'_>) -> R) -> R {
    let mut wall_clock = WallClock::new();
    wall_clock.set(Instant::ZERO, UnixTime(1_700_000_000_000_000));
    wall_clock.set_utc_offset_seconds(-3600);
    with_clock(now, registry, &mut wall_clock, f)
}

fn with_clock<R>(
    now: Instant,
    registry: Registry<'_>,
    wall_clock: &mut WallClock,
    f: impl FnOnce(&Environment<'_>) -> R,
) -> R {
    let mut entropy = SeededEntropy::new(1);
    f(&Environment { now, wall_clock, entropy: &mut entropy, observer: &mut (), registry })
}

/// A service of the registry.
fn service(name: &'static str, transport: Transport, ports: &[u16]) -> ServiceEntry {
    let ports = Ports::from_slice(ports).unwrap();
    ServiceEntry { name, transport, ports, counters: Counters::new() }
}

/// Two services, one over TCP and one over UDP, a queue and a ping profile.
struct Bench {
    services: [ServiceEntry; 2],
    queue: QueueFigures,
    profile: SharedProfile,
}

impl Bench {
    fn new() -> Self {
        let http = service("http", Transport::Tcp, &[80, 6789]);
        let ping = service("ping", Transport::Udp, &[12000]);
        http.counters.open.set(2);
        http.counters.capacity.set(8);
        http.counters.parked.set(3);
        http.counters.served.set(u32::MAX);
        http.counters.bytes_in.set(u64::MAX);
        ping.counters.served.set(80);
        ping.counters.unanswered.set(20);
        Self {
            services: [http, ping],
            queue: QueueFigures { waiting: 3, capacity: 64, dropped: 1 },
            profile: SharedProfile::new(Profile { loss: Loss::Percent(20), ..Profile::DEFAULT }),
        }
    }

    fn show<R>(&self, f: impl FnOnce(Overview<'_>, Registry<'_>) -> R) -> R {
        let overview = Overview {
            name: "sensor \"7\"\n",
            version: "0.1.0",
            ping: Some(PingEntry { profile: &self.profile }),
            files_root: "/",
            writable: true,
            authorized: false,
            capture: None,
        };
        f(overview, Registry { services: &self.services, queue: self.queue, connections: 12 })
    }
}

/// Reads to the end, `size` bytes at a time.
fn read_all(size: usize, mut read: impl FnMut(&mut [u8]) -> usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut room = vec![0; size];
    loop {
        let length = read(&mut room);
        assert!(length <= size);
        all.extend_from_slice(&room[..length]);
        if length == 0 {
            return all;
        }
    }
}

fn read_document<'a>(document: &dyn Document<'a>, size: usize, env: &Environment<'_>) -> String {
    let mut cursor = Cursor::new();
    let text = read_all(size, |out| cursor.read(document, env, out));
    String::from_utf8(text).unwrap()
}

/// Reads all events that are due at `now`, `size` bytes at a time.
fn read_events<'a>(
    stream: &mut EventStream<'a>,
    (overview, registry): (&Overview<'a>, Registry<'_>),
    size: usize,
    now: Instant,
) -> String {
    let text = at(now, registry, |env| read_all(size, |out| stream.read(overview, env, out)));
    String::from_utf8(text).unwrap()
}

const STATUS: &str = concat!(
    r#"{"device":{"name":"sensor \"7\"\n","version":"0.1.0","uptime_ms":81234,"#,
    r#""unix_ms":1700000081234,"utc_offset_s":-3600,"connections":12,"writable":true,"authorized":false,"files_root":"/"},"#,
    r#""services":[{"name":"http","protocol":"tcp","ports":[80,6789],"open":2,"capacity":8,"#,
    r#""parked":3,"served":4294967295,"expired":0,"peer_resets":0,"unanswered":0,"#,
    r#""bytes_in":18446744073709551615,"bytes_out":0},"#,
    r#"{"name":"ping","protocol":"udp","ports":[12000],"open":0,"capacity":0,"parked":0,"#,
    r#""served":80,"expired":0,"peer_resets":0,"unanswered":20,"bytes_in":0,"bytes_out":0}],"#,
    r#""backlog":{"waiting":3,"capacity":64,"dropped":1},"#,
    r#""ping":{"loss_percent":20,"answered":80,"lost":20}}"#,
);

#[test]
fn status_is_the_same_in_pieces_of_any_size() {
    Bench::new().show(|overview, registry| {
        for size in 1..=STATUS.len() + 1 {
            at(NOW, registry, |env| {
                assert_eq!(read_document(&Status(overview), size, env), STATUS)
            });
        }
    });
}

#[test]
fn status_without_clock_services_and_ping() {
    let bench = Bench::new();
    bench.show(|overview, registry| {
        let overview = Overview { ping: None, writable: false, ..overview };
        let registry = Registry { services: &[], ..registry };
        let text = with_clock(NOW, registry, &mut WallClock::new(), |env| {
            read_document(&Status(overview), 7, env)
        });
        assert!(
            text.contains(r#""unix_ms":null,"utc_offset_s":0,"connections":12,"writable":false"#),
            "{text}"
        );
        assert!(
            text.ends_with(
                r#""services":[],"backlog":{"waiting":3,"capacity":64,"dropped":1},"ping":null}"#
            ),
            "{text}"
        );
    });
}

/// A counter that changes its number of digits between two pieces does not shift the text.
#[test]
fn status_is_consistent_while_counters_change() {
    let bench = Bench::new();
    bench.services[0].counters.served.set(7);
    bench.services[0].counters.bytes_in.set(9);
    bench.show(|overview, registry| {
        for size in [1, 2, 3, 5, 8, 13] {
            let mut cursor = Cursor::new();
            let text = read_all(size, |out| {
                bench.services[0]
                    .counters
                    .served
                    .set(bench.services[0].counters.served.get().wrapping_mul(31));
                bench.services[0]
                    .counters
                    .bytes_in
                    .set(bench.services[0].counters.bytes_in.get().wrapping_mul(31));
                let ping = overview.ping.unwrap();
                ping.set_loss_percent((ping.loss_percent() + 7) % 101);
                at(NOW, registry, |env| cursor.read(&Status(overview), env, out))
            });
            let text = String::from_utf8(text).unwrap();
            let without_digits =
                |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
            assert_eq!(without_digits(&text), without_digits(STATUS));
        }
    });
}

#[test]
fn a_document_stays_at_its_end() {
    Bench::new().show(|overview, registry| {
        at(NOW, registry, |env| {
            let mut cursor = Cursor::new();
            read_all(100, |out| cursor.read(&Status(overview), env, out));
            assert_eq!(cursor.read(&Status(overview), env, &mut [0; 100]), 0);
        });
    });
}

/// Also echo over TCP and over UDP, and a second web server: the same names, distinguished by `protocol`
/// and `port`.
fn show_more<R>(bench: &Bench, f: impl FnOnce(Overview<'_>, Registry<'_>) -> R) -> R {
    let (tcp, udp) = (service("echo", Transport::Tcp, &[7]), service("echo", Transport::Udp, &[7]));
    tcp.counters.peer_resets.set(5);
    udp.counters.unanswered.set(6);
    let admin = service("http", Transport::Tcp, &[8080]);
    bench.show(|overview, registry| {
        let [http, ping] = bench.services.clone();
        f(overview, Registry { services: &[http, tcp, udp, ping, admin], ..registry })
    })
}

#[test]
fn metrics_have_the_documented_series() {
    show_more(&Bench::new(), |overview, registry| {
        let text = at(NOW, registry, |env| read_document(&Metrics(overview), 4096, env));
        for size in 1..200 {
            assert_eq!(at(NOW, registry, |env| read_document(&Metrics(overview), size, env)), text);
        }
        for line in [
            r#"bareserve_info{name="sensor \"7\"\n",version="0.1.0"} 1"#,
            "bareserve_uptime_seconds 81.234",
            "bareserve_backlog_dropped_total 1",
            "bareserve_ping_loss_percent 20",
            r#"bareserve_connections_open{service="http",protocol="tcp",port="80"} 2"#,
            r#"bareserve_received_bytes_total{service="http",protocol="tcp",port="80"} 18446744073709551615"#,
            r#"bareserve_peer_resets_total{service="echo",protocol="tcp",port="7"} 5"#,
            r#"bareserve_unanswered_total{service="echo",protocol="udp",port="7"} 6"#,
            r#"bareserve_unanswered_total{service="ping",protocol="udp",port="12000"} 20"#,
        ] {
            assert!(text.lines().any(|other| other == line), "no {line} in\n{text}");
        }
        assert!(text.ends_with('\n'));
    });
}

/// The labels of a sample in braces, or nothing; a quote within a value is escaped.
fn labels(sample: &str) -> &str {
    let Some((_, rest)) = sample.split_once('{') else { return "" };
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (index, byte) in rest.bytes().enumerate() {
        match byte {
            b'}' if !is_quoted => return &rest[..index],
            b'"' if !is_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        is_escaped = byte == b'\\' && !is_escaped;
    }
    panic!("no end of labels: {sample}");
}

/// Each family has one HELP, one TYPE and then all its samples, and no series occurs twice.
#[test]
fn metrics_name_every_family_and_every_series_once() {
    show_more(&Bench::new(), |overview, registry| {
        let text = at(NOW, registry, |env| read_document(&Metrics(overview), 4096, env));
        let (mut families, mut series) = (Vec::new(), Vec::new());
        let mut lines = text.lines().peekable();
        while let Some(help) = lines.next() {
            let (family, words) = help.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
            assert!(words.ends_with('.'), "{help}");
            let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {family} ")).unwrap();
            assert!(["gauge", "counter"].contains(&kind), "{kind}");
            assert_eq!(kind == "counter", family.ends_with("_total"), "{family}");
            assert!(!families.contains(&family), "{family} twice");
            families.push(family);
            let before = series.len();
            while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
                assert_eq!(sample.split(['{', ' ']).next().unwrap(), family);
                let value = sample.rsplit(' ').next().unwrap();
                assert!(value.parse::<f64>().is_ok(), "{sample}");
                let found = (family, labels(sample));
                assert!(!series.contains(&found), "{sample} twice");
                series.push(found);
            }
            assert!(series.len() > before, "{family} has no sample");
        }
        assert_eq!((families.len(), series.len()), (13, 4 + 9 * 5));
    });
}

#[test]
fn events_are_sent_at_once_and_then_each_second() {
    let event = |uptime_ms: i64| {
        let status = STATUS.replace("\"uptime_ms\":81234", &format!("\"uptime_ms\":{uptime_ms}"));
        let unix_ms = 1_700_000_000_000 + uptime_ms;
        let status = status.replace("1700000081234", &format!("{unix_ms}"));
        format!("event: status\ndata: {status}\n\n")
    };
    Bench::new().show(|overview, registry| {
        let shown = (&overview, registry);
        for size in [1, 2, 7, 100, 4096] {
            let mut stream = EventStream::new();
            assert!(stream.poll_at() <= NOW && !stream.is_quiet());
            let first = format!("retry: 2000\n\n{}", event(NOW.total_millis()));
            assert_eq!(read_events(&mut stream, shown, size, NOW), first);
            assert!(stream.is_quiet());
            let next = stream.poll_at();
            assert!(next > NOW && next <= NOW + Duration::from_secs(1));
            assert_eq!(read_events(&mut stream, shown, size, next - Duration::from_micros(1)), "");
            assert_eq!(read_events(&mut stream, shown, size, next), event(next.total_millis()));
            assert_eq!(stream.poll_at(), next + Duration::from_secs(1));
            // A peer that did not read for long gets one event, not all that it missed.
            let late = next + Duration::from_secs(3600);
            assert_eq!(read_events(&mut stream, shown, size, late), event(late.total_millis()));
            assert!(stream.poll_at() > late);
        }
    });
}

/// A store with one folder of these names; reading the name `broken` fails.
pub(super) struct Names(pub &'static [&'static str]);

impl Store for Names {
    type File = ();
    type Listing = usize;
    type Upload = ();

    fn open(&self, _: &str, _: Encoding) -> Result<(), StoreError> {
        Err(StoreError::NotFound)
    }

    fn metadata(&self, _: &()) -> Metadata {
        unreachable!("no file can be opened")
    }

    fn read(&self, _: &mut (), _: u64, _: &mut [u8]) -> Result<usize, StoreError> {
        Err(StoreError::Io)
    }

    fn list(&self, path: &str) -> Result<usize, StoreError> {
        if path.is_empty() { Ok(0) } else { Err(StoreError::NotFound) }
    }

    fn next_entry(
        &self,
        listing: &mut usize,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        let Some(found) = self.0.get(*listing) else { return Ok(None) };
        if *found == "broken" {
            return Err(StoreError::Io);
        }
        *listing += 1;
        name.push_str(found).unwrap();
        let is_folder = !found.contains('.');
        let modified = (!is_folder).then_some(UnixTime(1_700_000_000_999_999));
        Ok(Some(Entry { is_folder, size: if is_folder { 0 } else { 61_440 }, modified }))
    }
}

#[test]
fn files_are_listed_in_pieces_of_any_size() {
    let store = Names(&["a \"b\\\u{1}.txt", "größe.jpg", "sub"]);
    let expected = concat!(
        r#"{"files":[{"name":"a \"b\\\u0001.txt","folder":false,"size":61440,"modified":1700000000},"#,
        r#"{"name":"gr\u00f6\u00dfe.jpg","folder":false,"size":61440,"modified":1700000000},"#,
        r#"{"name":"sub","folder":true,"size":0,"modified":null}]}"#,
    );
    for size in 1..=expected.len() + 1 {
        let mut list = FileList::<Names, 32>::new(&store, "").unwrap();
        let text = read_all(size, |out| list.read(&store, out).unwrap());
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}

#[test]
fn empty_missing_and_unreadable_folders() {
    let mut list = FileList::<Names, 32>::new(&Names(&[]), "").unwrap();
    assert_eq!(read_all(5, |out| list.read(&Names(&[]), out).unwrap()), br#"{"files":[]}"#);
    assert!(matches!(FileList::<Names, 32>::new(&Names(&[]), "x"), Err(StoreError::NotFound)));
    let broken = Names(&["a.txt", "broken"]);
    let mut list = FileList::<Names, 32>::new(&broken, "").unwrap();
    assert_eq!(list.read(&broken, &mut [0; 1000]), Err(StoreError::Io));
}

/// The paths and contents of the page's files.
fn page_files() -> Vec<(String, &'static str)> {
    let content = |name: &str| PAGE.open(name, Encoding::Identity).unwrap().content();
    let (mut listing, mut name) = (PAGE.list("").unwrap(), heapless::String::<16>::new());
    let mut files = Vec::new();
    while let Some(entry) = PAGE.next_entry(&mut listing, &mut name).unwrap() {
        assert!(!entry.is_folder);
        files.push((name.as_str().into(), core::str::from_utf8(content(&name)).unwrap()));
    }
    files
}

#[test]
fn the_page_loads_only_its_own_files() {
    let files = page_files();
    assert_eq!(files.len(), PAGE.files().len());
    let (_, html) = files.iter().find(|(name, _)| name == "index.html").unwrap();
    for (name, content) in &files {
        let address = format!("\"/_device/{name}\"");
        assert!(name == "index.html" || html.contains(&address), "{address} is not loaded");
        let outside = content.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http:") && !outside.contains("https:"), "{name}");
    }
}

#[test]
fn the_page_is_under_20_kb_gzipped() {
    let size = |name: &str| {
        let file = PAGE.open(name, Encoding::Gzip).or_else(|_| PAGE.open(name, Encoding::Identity));
        PAGE.metadata(&file.unwrap()).size
    };
    let total: u64 = page_files().iter().map(|(name, _)| size(name)).sum();
    assert!(total < 20_000, "{total} bytes");
}
