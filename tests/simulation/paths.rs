//! Goodput through paths with delay, loss, a limited rate and a queue, with the buffers of a board and of
//! `host-runner`. The rows are those of `host-runner/benches/paths.rs`, which uses a real clock.
//!
//! `cargo test --test simulation paths -- --nocapture` prints the figures.

use bareserve::http::{Files, Server};
use bareserve_testbench::{Bench, ClientSettings, Ending, Faults, Step, seeds};
use smoltcp::time::Duration;

use crate::{common::memory_store::MemoryStore, toys::pattern_bytes};

/// A board's buffers: `RX` and `TX` of `boards/support/src/services/device.rs`.
const BOARD_RX: usize = 536;
const BOARD_TX: usize = 1536;

/// Those of `host-runner`: see `host-runner/src/memory.rs`.
const HOST_RX: usize = 64 * 1024;
const HOST_TX: usize = 1024 * 1024;

/// The receive buffers of their peers.
const BOARDS_PEER_RX: usize = 65_535;
const HOSTS_PEER_RX: usize = 1 << 20;

/// The length of the response's head in bytes.
const HEAD: usize = 193;

const HTTP_BUFFER: usize = 1024;
const CONNECTIONS: usize = 4;

/// Runs of each row, of which the median is printed.
const SEEDS: u64 = 15;

/// How long the peer delays an acknowledgement of less than two segments: not at all, as long as smoltcp,
/// and as long as Linux does after the first segments of a connection.
const ACK_DELAYS: [Option<Duration>; 3] =
    [None, Some(Duration::from_millis(10)), Some(Duration::from_millis(40))];

type Web = Server<Files<&'static MemoryStore>, HTTP_BUFFER>;

struct Row {
    name: &'static str,
    what: &'static str,
    faults: Faults,
    /// The least median rates in KB/s: of a board with a file of 300 KB, and of a host with one of 900 KB.
    floors: [f64; 2],
}

/// `round_trip` in µs.
const fn path(round_trip: u64) -> Faults {
    Faults { delay: core::time::Duration::from_micros(round_trip / 2), ..Faults::NONE }
}

const fn narrow(round_trip: u64, rate: u64, queue: usize) -> Faults {
    Faults { rate: Some(rate), queue: Some(queue), ..path(round_trip) }
}

const fn lossy(round_trip: u64) -> Faults {
    Faults { loss: 10, ..path(round_trip) }
}

#[rustfmt::skip]
const ROWS: [Row; 7] = [
    Row { name: "a", what: "10 Mbit/s, 20 ms, queue of 20", faults: narrow(20_000, 10_000_000, 20), floors: [68.0, 1000.0] },
    Row { name: "b", what: "100 Mbit/s, 2 ms, queue of 40", faults: narrow(2_000, 100_000_000, 40), floors: [680.0, 9000.0] },
    Row { name: "c", what: "20 ms, 1 % loss", faults: lossy(20_000), floors: [65.0, 2000.0] },
    Row { name: "d", what: "0.4 ms, 1 % loss", faults: lossy(400), floors: [1700.0, 30_000.0] },
    Row { name: "e", what: "50 ms", faults: path(50_000), floors: [29.0, 2000.0] },
    Row { name: "f", what: "20 ms", faults: path(20_000), floors: [72.0, 5000.0] },
    Row { name: "g", what: "50 ms, 1 % loss", faults: lossy(50_000), floors: [26.0, 900.0] },
];

#[test]
fn goodput_of_a_board() {
    check_table(300_000, 0, goodput::<BOARD_RX, BOARD_TX, BOARDS_PEER_RX>);
}

#[test]
fn goodput_of_a_host() {
    check_table(900_000, 1, goodput::<HOST_RX, HOST_TX, HOSTS_PEER_RX>);
}

/// Measures the rate of one download.
type Goodput = fn(seed: u64, Faults, size: usize, ack_delay: Option<Duration>) -> f64;

/// Prints the rates, and compares them with the floors at `place` of each row.
fn check_table(size: usize, place: usize, goodput: Goodput) {
    println!("KB/s, median of {SEEDS} seeds; the peer delays its acknowledgements by");
    println!("{:<45}{:>10}{:>10}{:>10}", "", "0", "10 ms", "40 ms");
    let mut slow = Vec::new();
    for Row { name, what, faults, floors } in ROWS {
        let median = |ack_delay| {
            let run = |seed| goodput(seed, faults, size, ack_delay);
            let mut rates: Vec<f64> = seeds(SEEDS).map(run).collect();
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let rates = ACK_DELAYS.map(median);
        let [none, short, long] = rates;
        println!("{name:<3}{what:<42}{none:>10.1}{short:>10.1}{long:>10.1}");
        if rates.iter().any(|rate| *rate < floors[place]) {
            slow.push(format!("{name}: {rates:.1?} KB/s, at least {}", floors[place]));
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

/// The rate of a download, in KB/s, from the start of the connection to its last byte; 0 if it does not
/// finish. (Not to its end: the peer's smoltcp drops a FIN that overtakes data.)
fn goodput<const RX: usize, const TX: usize, const PEER_RX: usize>(
    seed: u64,
    faults: Faults,
    size: usize,
    ack_delay: Option<Duration>,
) -> f64 {
    let file = pattern_bytes(size);
    let store = Box::leak(Box::new(MemoryStore::default().with("file", &file)));
    let mut bench = Bench::new(seed, faults);
    let server: Web = Server::new(Files::new(store));
    bench.tcp::<_, CONNECTIONS, RX, TX>(server, &[80]);
    let request = Step::send("GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let settings = ClientSettings { rx: PEER_RX, ack_delay, ..ClientSettings::default() };
    let client = bench.connect_with(80, [request, Step::Read(HEAD + size)], settings);
    bench.run(settings.timeout);
    if bench.ending(client) != Some(Ending::Done) {
        return 0.0;
    }
    let received = bench.received(client);
    let head = received.windows(4).position(|end| end == b"\r\n\r\n").map(|end| end + 4);
    assert_eq!(head, Some(HEAD), "the length of the head");
    assert!(received.ends_with(&file), "the body is damaged");
    size as f64 / 1000.0 / (bench.took(client).total_micros() as f64 / 1e6)
}
