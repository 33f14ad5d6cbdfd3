extern crate std;

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
    counters::{BacklogCounters, Counters},
    entropy::SeededEntropy,
    environment::Environment,
    ping::{
        profile::{Loss, Profile},
        server::Control,
    },
    store::{Encoding, Entry, Metadata, Store, StoreError},
};

const NOW: Instant = Instant::from_millis_const(81_234);

/// Lends an environment in which it is `now`, and 2023-11-14 22:13:20 at the start.
fn at<R>(now: Instant, f: impl FnOnce(&Environment<'_>) -> R) -> R {
    let mut wall_clock = WallClock::new();
    wall_clock.set(Instant::ZERO, UnixTime(1_700_000_000_000_000));
    wall_clock.set_utc_offset_seconds(-3600);
    with_clock(now, &mut wall_clock, f)
}

fn with_clock<R>(
    now: Instant,
    wall_clock: &mut WallClock,
    f: impl FnOnce(&Environment<'_>) -> R,
) -> R {
    let mut entropy = SeededEntropy::new(1);
    f(&Environment { now, wall_clock, entropy: &mut entropy, observer: &mut () })
}

/// Two services, one of each kind, and all else that can be shown.
struct Bench {
    http: Counters,
    ping: Counters,
    backlog: BacklogCounters,
    control: Control,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            http: Counters::new(),
            ping: Counters::new(),
            backlog: BacklogCounters::new(),
            control: Control::new(Profile { loss: Loss::Percent(20), ..Profile::DEFAULT }),
        };
        bench.http.open.set(2);
        bench.http.capacity.set(8);
        bench.http.parked.set(3);
        bench.http.served.set(u32::MAX);
        bench.http.bytes_in.set(u64::MAX);
        bench.ping.served.set(80);
        bench.ping.refused.set(20);
        bench.backlog.capacity.set(64);
        bench.backlog.waiting.set(3);
        bench.backlog.dropped.set(1);
        bench
    }

    fn show<R>(&self, f: impl FnOnce(Overview<'_>) -> R) -> R {
        let services = [
            ServiceEntry {
                name: "http",
                transport: Transport::Tcp,
                ports: &[80, 6789],
                counters: &self.http,
            },
            ServiceEntry {
                name: "ping",
                transport: Transport::Udp,
                ports: &[12000],
                counters: &self.ping,
            },
        ];
        f(Overview {
            name: "sensor \"7\"\n",
            version: "0.1.0",
            services: &services,
            backlog: &self.backlog,
            ping: Some(PingEntry { control: &self.control, counters: &self.ping }),
            files_root: "/",
            writable: true,
            authorized: false,
            capture: None,
        })
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

fn read_document<D: Document>(document: &D, size: usize, env: &Environment<'_>) -> String {
    let mut progress = Progress::new();
    let text = read_all(size, |out| progress.read(document, env, out));
    String::from_utf8(text).unwrap()
}

const STATUS: &str = concat!(
    r#"{"device":{"name":"sensor \"7\"\n","version":"0.1.0","uptime_ms":81234,"#,
    r#""unix_ms":1700000081234,"utc_offset_s":-3600,"writable":true,"authorized":false,"files_root":"/"},"#,
    r#""services":[{"name":"http","protocol":"tcp","ports":[80,6789],"open":2,"capacity":8,"#,
    r#""parked":3,"served":4294967295,"expired":0,"refused":0,"#,
    r#""bytes_in":18446744073709551615,"bytes_out":0},"#,
    r#"{"name":"ping","protocol":"udp","ports":[12000],"open":0,"capacity":0,"parked":0,"#,
    r#""served":80,"expired":0,"refused":20,"bytes_in":0,"bytes_out":0}],"#,
    r#""backlog":{"waiting":3,"capacity":64,"dropped":1},"#,
    r#""ping":{"loss_percent":20,"answered":80,"lost":20}}"#,
);

#[test]
fn status_is_the_same_in_pieces_of_any_size() {
    Bench::new().show(|overview| {
        for size in 1..=STATUS.len() + 1 {
            at(NOW, |env| assert_eq!(read_document(&Status(overview), size, env), STATUS));
        }
    });
}

#[test]
fn status_without_clock_services_and_ping() {
    let bench = Bench::new();
    bench.show(|overview| {
        let overview = Overview { services: &[], ping: None, writable: false, ..overview };
        let text =
            with_clock(NOW, &mut WallClock::new(), |env| read_document(&Status(overview), 7, env));
        assert!(text.contains(r#""unix_ms":null,"utc_offset_s":0,"writable":false"#), "{text}");
        assert!(
            text.ends_with(
                r#""services":[],"backlog":{"waiting":3,"capacity":64,"dropped":1},"ping":null}"#
            ),
            "{text}"
        );
    });
}

/// A counter that changes its number of digits between two pieces must not shift the text.
#[test]
fn status_is_whole_while_counters_move() {
    let bench = Bench::new();
    bench.http.served.set(7);
    bench.http.bytes_in.set(9);
    bench.show(|overview| {
        for size in [1, 2, 3, 5, 8, 13] {
            let mut progress = Progress::new();
            let text = read_all(size, |out| {
                bench.http.served.set(bench.http.served.get().wrapping_mul(31));
                bench.http.bytes_in.set(bench.http.bytes_in.get().wrapping_mul(31));
                let ping = overview.ping.unwrap();
                ping.set_loss_percent((ping.loss_percent() + 7) % 101);
                at(NOW, |env| progress.read(&Status(overview), env, out))
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
    Bench::new().show(|overview| {
        at(NOW, |env| {
            let mut progress = Progress::new();
            read_all(100, |out| progress.read(&Status(overview), env, out));
            assert_eq!(progress.read(&Status(overview), env, &mut [0; 100]), 0);
        });
    });
}

#[test]
fn metrics_follow_the_text_format() {
    Bench::new().show(|overview| {
        let text = at(NOW, |env| read_document(&Metrics(overview), 4096, env));
        for size in 1..200 {
            assert_eq!(at(NOW, |env| read_document(&Metrics(overview), size, env)), text);
        }
        for line in [
            r#"bareserve_info{name="sensor \"7\"\n",version="0.1.0"} 1"#,
            "bareserve_uptime_seconds 81.234",
            "bareserve_backlog_dropped_total 1",
            "bareserve_ping_loss_percent 20",
            r#"bareserve_connections_open{service="http"} 2"#,
            r#"bareserve_received_bytes_total{service="http"} 18446744073709551615"#,
            r#"bareserve_refused_total{service="ping"} 20"#,
        ] {
            assert!(text.lines().any(|other| other == line), "no {line} in\n{text}");
        }
        assert!(text.ends_with('\n'));
        // Each sample stands under the HELP and TYPE of its own family, and no family comes twice.
        let mut families = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(help) = lines.next() {
            let family = help.strip_prefix("# HELP ").unwrap().split(' ').next().unwrap();
            let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {family} ")).unwrap();
            assert_eq!(kind == "counter", family.ends_with("_total"), "{family}");
            assert!(!families.contains(&family), "{family} comes twice");
            families.push(family);
            let mut samples = 0;
            while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
                assert_eq!(sample.split(['{', ' ']).next().unwrap(), family);
                samples += 1;
            }
            assert!(samples > 0, "{family} has no sample");
        }
        assert_eq!(families.len(), 12);
    });
}

#[test]
fn events_come_at_once_and_then_each_second() {
    let event = |uptime_ms: i64| {
        let status = STATUS.replace("\"uptime_ms\":81234", &format!("\"uptime_ms\":{uptime_ms}"));
        let unix_ms = 1_700_000_000_000 + uptime_ms;
        let status = status.replace("1700000081234", &format!("{unix_ms}"));
        format!("event: status\ndata: {status}\n\n")
    };
    Bench::new().show(|overview| {
        for size in [1, 2, 7, 100, 4096] {
            let mut stream = EventStream::new();
            let read = |stream: &mut EventStream, now| {
                let bytes = read_all(size, |out| at(now, |env| stream.read(&overview, env, out)));
                String::from_utf8(bytes).unwrap()
            };
            assert!(stream.poll_at() <= NOW && !stream.is_quiet());
            assert_eq!(
                read(&mut stream, NOW),
                format!("retry: 2000\n\n{}", event(NOW.total_millis()))
            );
            assert!(stream.is_quiet());
            let next = stream.poll_at();
            assert!(next > NOW && next <= NOW + Duration::from_secs(1));
            assert_eq!(read(&mut stream, next - Duration::from_micros(1)), "");
            assert_eq!(read(&mut stream, next), event(next.total_millis()));
            assert_eq!(stream.poll_at(), next + Duration::from_secs(1));
            // A reader that was away for long gets one event, not all that it missed.
            let late = next + Duration::from_secs(3600);
            assert_eq!(read(&mut stream, late), event(late.total_millis()));
            assert!(stream.poll_at() > late);
        }
    });
}

/// A folder of names, with `broken` for one that cannot be read.
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
fn an_empty_folder_a_missing_one_and_a_broken_one() {
    let mut list = FileList::<Names, 32>::new(&Names(&[]), "").unwrap();
    assert_eq!(read_all(5, |out| list.read(&Names(&[]), out).unwrap()), br#"{"files":[]}"#);
    assert!(matches!(FileList::<Names, 32>::new(&Names(&[]), "x"), Err(StoreError::NotFound)));
    let broken = Names(&["a.txt", "broken"]);
    let mut list = FileList::<Names, 32>::new(&broken, "").unwrap();
    assert_eq!(list.read(&broken, &mut [0; 1000]), Err(StoreError::Io));
}

#[test]
fn the_capture_is_a_pcap_file_of_the_last_frames() {
    let mut memory = CaptureResources::<3, 4>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    for n in 0..5_u8 {
        let frame: Vec<u8> = (0..=n).map(|byte| 16 * n + byte).collect();
        let time = Instant::from_micros(1_500_000 * i64::from(n));
        capture.borrow_mut().record(&frame, time);
    }
    let words =
        |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let expected = [
        words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 4, 1]),
        words(&[1_700_000_003, 0, 3, 3]),
        vec![0x20, 0x21, 0x22],
        words(&[1_700_000_004, 500_000, 4, 4]),
        vec![0x30, 0x31, 0x32, 0x33],
        words(&[1_700_000_006, 0, 4, 5]),
        vec![0x40, 0x41, 0x42, 0x43],
    ]
    .concat();
    for size in 1..=expected.len() + 1 {
        let mut reader = PcapReader::new(&capture);
        assert_eq!(reader.size(), expected.len() as u64);
        let file = read_all(size, |out| at(NOW, |env| reader.read(env.wall_clock, out)));
        assert_eq!(file, expected);
    }
}

#[test]
fn nothing_is_recorded_while_somebody_reads() {
    let mut memory = CaptureResources::<2, 8>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    let clock = WallClock::new();
    let read = |reader: &mut PcapReader<'_>| read_all(10, |out| reader.read(&clock, out));
    assert_eq!(read(&mut PcapReader::new(&capture)).len(), 24);
    capture.borrow_mut().record(b"first", Instant::from_millis(2001));
    let (mut one, mut two) = (PcapReader::new(&capture), PcapReader::new(&capture));
    capture.borrow_mut().record(b"unseen", NOW);
    let file = read(&mut one);
    assert_eq!(file[24..32], [2, 0, 0, 0, 0xe8, 3, 0, 0]);
    assert_eq!(&file[40..], b"first");
    drop(one);
    capture.borrow_mut().record(b"unseen", NOW);
    assert_eq!(read(&mut two), file);
    drop(two);
    capture.borrow_mut().record(b"second", NOW);
    assert!(read(&mut PcapReader::new(&capture)).ends_with(b"second"));
}

#[test]
fn a_capture_without_room_keeps_nothing() {
    let mut memory = CaptureResources::<0, 0>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    capture.borrow_mut().record(b"frame", NOW);
    assert_eq!(PcapReader::new(&capture).size(), 24);
}

/// A device that hears one frame for ever.
struct Ear;

struct Frame([u8; 5]);

impl RxToken for Frame {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Frame {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, length: usize, f: F) -> R {
        f(&mut self.0[..length])
    }
}

impl Device for Ear {
    type RxToken<'t> = Frame;
    type TxToken<'t> = Frame;

    fn receive(&mut self, _: Instant) -> Option<(Frame, Frame)> {
        Some((Frame(*b"heard"), Frame([0; 5])))
    }

    fn transmit(&mut self, _: Instant) -> Option<Frame> {
        Some(Frame([0; 5]))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        DeviceCapabilities::default()
    }
}

#[test]
fn a_recorder_keeps_frames_of_both_ways() {
    let mut memory = CaptureResources::<8, 64>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    let mut device = Recorder { device: Ear, capture: &capture };
    let (rx, tx) = device.receive(NOW).unwrap();
    assert_eq!(RxToken::consume(rx, <[u8]>::to_vec), b"heard");
    TxToken::consume(tx, 4, |frame| frame.copy_from_slice(b"said"));
    let tx = device.transmit(NOW).unwrap();
    TxToken::consume(tx, 3, |frame| frame.copy_from_slice(b"own"));
    let mut reader = PcapReader::new(&capture);
    let file = read_all(64, |out| reader.read(&WallClock::new(), out));
    let frames = [&file[40..45], &file[61..65], &file[81..]];
    assert_eq!(frames, [&b"heard"[..], b"said", b"own"]);
}

#[test]
fn the_loss_is_shown_and_changed_in_percent() {
    let (control, counters) = (Control::new(Profile::COURSE), Counters::new());
    let ping = PingEntry { control: &control, counters: &counters };
    assert_eq!(ping.loss_percent(), 33);
    for percent in [0, 1, 50, 100] {
        ping.set_loss_percent(percent);
        assert_eq!(ping.loss_percent(), percent);
    }
    assert_eq!(control.profile().limit, Profile::COURSE.limit);
}

#[test]
fn loss_requests() {
    assert_eq!(LossRequest::parse(br#"{"loss": 20}"#), Some(LossRequest { loss: 20 }));
    assert_eq!(LossRequest::parse(br#" {"loss":100} "#), Some(LossRequest { loss: 100 }));
    for bad in [
        &b""[..],
        b"20",
        b"{}",
        br#"{"loss":101}"#,
        br#"{"loss":-1}"#,
        br#"{"loss":256}"#,
        br#"{"loss":1.5}"#,
        br#"{"loss":"1"}"#,
        br#"{"loss":1,"x":[[[[]]]]}"#,
        br#"{"loss":1}{"loss":2}"#,
        b"{\"loss\":\xff}",
    ] {
        assert_eq!(LossRequest::parse(bad), None, "{}", bad.escape_ascii());
    }
}

#[test]
fn dates() {
    for (text, micros) in [
        ("0", 0),
        (" 1700000000\n", 1_700_000_000_000_000),
        (r#"{"unix": 1700000000}"#, 1_700_000_000_000_000),
        ("1970-01-01T00:00:00Z", 0),
        ("2000-02-29t12:00:00z", 951_825_600_000_000),
        ("2023-11-14 22:13:20.5Z", 1_700_000_000_500_000),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123_456),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000_000_000),
        ("2023-11-14T18:43:20-03:30", 1_700_000_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    ] {
        assert_eq!(parse_date(text.as_bytes()), Some(UnixTime(micros)), "{text}");
    }
    for bad in [
        "",
        "-1",
        "1.5",
        "99999999999999999999",
        "253402300800",
        "{\"unix\":-1}",
        "{\"unix\":9223372036854775807}",
        "{\"unix\":1,\"x\":2}",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2023-13-01T00:00:00Z",
        "2023-00-01T00:00:00Z",
        "2023-01-00T00:00:00Z",
        "2023-01-01T24:00:00Z",
        "2023-01-01T00:60:00Z",
        "2023-01-01T00:00:61Z",
        "2023-01-01T00:00:00",
        "2023-01-01T00:00:00.Z",
        "2023-01-01T00:00:00Zx",
        "2023-01-01T00:00:00+24:00",
        "2023-1-1T00:00:00Z",
        "２０２３",
    ] {
        assert_eq!(parse_date(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(parse_date(b"\xff"), None);
}

/// Every day from 1970 to 2400 comes one day after the last.
#[test]
fn dates_run_through_the_calendar() {
    let mut expected = 0;
    for year in 1970..2400 {
        for month in 1..=12 {
            for day in 1..=31 {
                let text = format!("{year:04}-{month:02}-{day:02}T00:00:00Z");
                if let Some(date) = parse_date(text.as_bytes()) {
                    assert_eq!(date.seconds(), expected, "{text}");
                    expected += 86_400;
                }
            }
        }
    }
    // 430 years: 104 of those divisible by 4 except 2100, 2200, 2300 and with 2000.
    assert_eq!(expected, (430 * 365 + 107 - 3) * 86_400);
}

/// Path and content of all files of the page.
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
fn the_page_asks_for_nothing_but_its_own_files() {
    let files = page_files();
    assert_eq!(files.len(), PAGE.files().len());
    let (_, html) = files.iter().find(|(name, _)| name == "index.html").unwrap();
    for (name, content) in &files {
        let address = format!("\"/_device/{name}\"");
        assert!(name == "index.html" || html.contains(&address), "nobody asks for {address}");
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
