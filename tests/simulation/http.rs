//! The web server on a wire with faults: every exchange is intact or fails, and no partial upload is
//! visible.

use bareserve::http::{Files, Server, WriteAccess, auth::Token};
use bareserve_testbench::{Bench, ClientSettings, Ending, Faults, Step, seeds};
use smoltcp::time::{Duration, Instant};

use crate::{common::memory_store::MemoryStore, toys::pattern_bytes};

const SEEDS: u64 = 200;
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const CLIENTS: usize = 4;
const UPLOAD: usize = 9000;

type Web = Server<Files<&'static MemoryStore>, 1024>;

/// A pipeline of GETs, one of them for a range.
fn pipeline() -> Vec<u8> {
    let get = |fields| format!("GET /file HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let parts = [get(""), get("Range: bytes=100-2999\r\n"), get("Connection: close\r\n")];
    parts.concat().into_bytes()
}

/// An upload in chunks or with its length.
fn upload(name: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "PUT /{name} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n"
    );
    let length = body.len();
    let (framing, end) = match name % 2 {
        0 => (format!("Content-Length: {length}\r\n\r\n"), ""),
        _ => (format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n"), "\r\n0\r\n\r\n"),
    };
    [head.as_bytes(), framing.as_bytes(), body, end.as_bytes()].concat()
}

/// The complete answers in `received`: status and body.
fn answers(mut received: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = std::str::from_utf8(&received[..end]).expect("a head is ASCII");
        let status = head.strip_prefix("HTTP/1.1 ").expect("an answer begins here");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        let Some(body) = received.get(end + 4..end + 4 + length) else { break };
        all.push((status[..3].parse().expect("a status"), body.to_vec()));
        received = &received[end + 4 + length..];
    }
    all
}

#[test]
fn downloads_and_uploads() {
    let (runs, downloads, uploads) = exchange_all::<8>();
    // A single replayed seed may fail more often.
    let least = runs * CLIENTS * 8 / 10;
    assert!(runs < 100 || downloads.min(uploads) >= least, "eight in ten get through");
}

/// Stalled connections are evicted here, so that many fail; none receives wrong bytes.
#[test]
fn downloads_and_uploads_while_others_wait() {
    exchange_all::<3>();
}

/// Runs all seeds on `N` connections; returns the number of runs and of the downloads and uploads that
/// completed.
fn exchange_all<const N: usize>() -> (usize, usize, usize) {
    let file = pattern_bytes(12_000);
    let body = pattern_bytes(UPLOAD);
    let whole = [(200, file.clone()), (206, file[100..3000].to_vec()), (200, file.clone())];
    let (mut complete, mut stored) = (0, 0);
    let mut runs = 0;
    for seed in seeds(SEEDS) {
        runs += 1;
        let store: &'static MemoryStore =
            Box::leak(Box::new(MemoryStore::writable().with("file", &file)));
        let access = WriteAccess::with_token(Token::from_text(TOKEN).expect("a token"));
        let mut bench = Bench::new(seed, Faults::HARSH);
        let server: Web = Server::new(Files::new(store).with_writing(access));
        bench.tcp::<Web, N, 2048, 4096>(server, &[80]);
        for client in 0..2 * CLIENTS {
            let name = client / 2;
            let request = if client % 2 == 0 { pipeline() } else { upload(name, &body) };
            let settings = ClientSettings {
                start: Instant::from_millis(client as i64 * 37),
                timeout: Duration::from_secs(300),
                ..ClientSettings::default()
            };
            let script = vec![Step::Send(request), Step::ReadToEnd, Step::Close];
            bench.connect_with(80, script, settings);
        }
        bench.run(Duration::from_secs(3600));
        for client in 0..2 * CLIENTS {
            assert_ne!(bench.ending(client), Some(Ending::Refused));
            let answers = answers(bench.received(client));
            if client % 2 == 0 {
                // 408 answers a request that did not arrive in time.
                let answers: Vec<_> =
                    answers.into_iter().filter(|answer| answer.0 != 408).collect();
                assert!(whole.starts_with(&answers), "client {client} received something else");
                complete += usize::from(answers.len() == whole.len());
            } else {
                let kept = store.content(&(client / 2).to_string());
                assert!(kept.as_ref().is_none_or(|kept| *kept == body), "half an upload");
                let is_confirmed = answers.iter().any(|answer| answer.0 == 201);
                assert!(!is_confirmed || kept.is_some(), "said to be stored");
                stored += usize::from(kept.is_some());
            }
        }
        bench.pass(Duration::from_secs(120));
        assert_eq!(bench.counters(0).open.get(), 0, "all connections are free");
        assert_eq!(store.open_handles(), 0, "all files are closed");
    }
    println!("{complete} downloads and {stored} uploads of {} each", runs * CLIENTS);
    (runs, complete, stored)
}
