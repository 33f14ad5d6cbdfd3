//! The rules of HTTP/1.1 that the acceptance suite checks over a real network, against the protocol
//! core: at every split of the request, and with little room for the response.

#[path = "common/conversation.rs"]
#[allow(dead_code)]
mod conversation;
#[path = "common/http_rows.rs"]
#[allow(dead_code)]
mod http_rows;
#[path = "common/memory_store.rs"]
#[allow(dead_code)]
mod memory_store;

use bareserve::{
    http::{Application, Connection, Files, Server},
    protocol::stream::Phase,
};
use conversation::Bench;
use http_rows::{Fate, ROWS};
use memory_store::MemoryStore;

const LAST: &[u8] =
    b"GET /HelloWorld.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Requests longer than this are split at some positions only.
const LONG: usize = 300;

fn statuses(output: &[u8]) -> Vec<u16> {
    String::from_utf8_lossy(output)
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| answer[..3].parse().expect("a status"))
        .collect()
}

#[test]
fn rules() {
    let store = MemoryStore::new().with("HelloWorld.html", b"<h1>Hello, world!</h1>\n");
    let mut server: Server<Files<&MemoryStore>, 1024> = Server::new(Files::new(&store));
    let mut connection = Connection::new();
    let mut bench = Bench::new();
    for row in ROWS {
        let mut request = row.request();
        let head = request.len();
        request.extend_from_slice(LAST);
        let mut ask = |input: &[&[u8]], room| {
            // A new bench, so that random boundaries are the same in each run.
            bench = Bench::new();
            bench.converse(&mut server, &mut connection, input, false, room)
        };
        let (whole, phase) = ask(&[&request], 4096);
        let blame = format!("RFC {}: {}: {:?}", row.section, row.rule, statuses(&whole));
        let (first, rest) =
            statuses(&whole).split_first().map(|(a, b)| (*a, b.to_vec())).expect(&blame);
        assert!(row.statuses.contains(&first), "{blame}");
        assert_eq!(phase, Phase::Finished, "{blame}");
        match row.fate {
            Fate::Continues => assert_eq!(rest, [200], "{blame}"),
            Fate::Closes => assert!(rest.is_empty(), "{blame}"),
            Fate::Either => assert!(rest.is_empty() || rest == [200], "{blame}"),
        }
        let step = if request.len() > LONG { 997 } else { 1 };
        for cut in (1..request.len()).step_by(step).chain([head]) {
            let (before, after) = request.split_at(cut);
            assert_eq!(ask(&[before, after], 4096).0, whole, "{blame} cut at {cut}");
        }
        for room in [1, 3, 64] {
            assert_eq!(ask(&[&request], room).0, whole, "{blame} with room for {room}");
        }
    }
}

/// The figures in the documentation of `bareserve::http`.
#[test]
fn memory_of_one_connection() {
    if size_of::<usize>() == 8 {
        assert_eq!(size_of::<Connection<(), 1024>>(), 1024 + 288);
    }
    let exchange = size_of::<<Files<&MemoryStore> as Application>::Exchange>();
    assert!(size_of::<Connection<Files<&MemoryStore>, 1024>>() <= 1024 + 288 + exchange);
}
