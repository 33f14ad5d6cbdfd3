//! Runs on a wire with faults, each from its seed: every transfer completes intact or fails with an
//! error.

use std::rc::Rc;

use bareserve::{
    clock::UnixTime,
    file_transfer::download::Download,
    protocol::stream::Protocol,
    time::{
        format::{TimeFormat, TimeText},
        server::TimeServer,
        timestamp::Timestamp,
    },
};
use bareserve_testbench::{Bench, ClientSettings, Ending, Faults, Step, seeds};
use base64ct::{Base64, Encoding};
use smoltcp::time::{Duration, Instant};

use crate::{
    common::memory_store::MemoryStore,
    toys::{Lines, Shared, Speaker, pattern_bytes},
};

const SEEDS: u64 = 200;
const CLIENTS: u64 = 8;
const HOUR: Duration = Duration::from_secs(3600);

fn settings(client: u64) -> ClientSettings {
    ClientSettings {
        start: Instant::from_millis(client as i64 * 37),
        timeout: Duration::from_secs(300),
        ..ClientSettings::default()
    }
}

/// How many transfers of all runs completed, failed, and were given up.
#[derive(Default)]
struct Score {
    completed: u64,
    failed: u64,
    gave_up: u64,
}

impl Score {
    fn count(&mut self, ending: Option<Ending>) {
        match ending.expect("every client ends") {
            Ending::Done => self.completed += 1,
            Ending::Refused => panic!("refused"),
            Ending::GaveUp => self.gave_up += 1,
            Ending::Reset | Ending::Closed => self.failed += 1,
        }
    }

    fn report(&self, what: &str) {
        let Self { completed, failed, gave_up } = self;
        println!("{what}: {completed} intact, {failed} cut by the device, {gave_up} gave up");
    }

    fn mostly_complete(&self, what: &str) {
        self.report(what);
        // A single replayed seed may fail more often.
        let all = self.completed + self.failed + self.gave_up;
        assert!(all < 100 || self.completed * 10 >= all * 9, "nine in ten transfers get through");
    }
}

#[test]
fn downloads() {
    download_all::<8>().mostly_complete("downloads");
}

#[test]
fn downloads_while_others_wait() {
    download_all::<3>().report("downloads from 3 connections");
}

fn download_all<const N: usize>() -> Score {
    let speaker = |tally: &Shared| Speaker { length: 12_000, tally: Rc::clone(tally) };
    fetch_all::<_, N>(SEEDS, &pattern_bytes(12_000), speaker)
}

#[test]
fn files() {
    // As Python's `json.dumps` writes it.
    let content = pattern_bytes(9001);
    let mut text = vec![0; 20_000];
    let text = Base64::encode(&content, &mut text).unwrap();
    let object = format!(r#"{{"filename": "a.bin", "filedata": "{text}"}}"#);
    let store: &'static MemoryStore =
        Box::leak(Box::new(MemoryStore::new().with("a.bin", &content)));
    let score = fetch_all::<_, 8>(SEEDS, object.as_bytes(), |_| Download::new(store, "a.bin"));
    score.mostly_complete("files");
}

#[test]
fn times() {
    let time = b"2023-04-19 17:04:30.293444";
    fetch_all::<_, 8>(SEEDS, time, |_| TimeServer(Fixed)).mostly_complete("times");
}

/// A format that always writes the same time.
struct Fixed;

impl TimeFormat for Fixed {
    fn name(&self) -> &'static str {
        Timestamp.name()
    }

    fn write(&self, _: UnixTime, utc_offset_seconds: i32, text: &mut TimeText) -> Option<()> {
        Timestamp.write(UnixTime(1_681_923_870_293_444), utc_offset_seconds, text)
    }
}

/// For each of `count` seeds, all clients fetch what the server sends on connect.
fn fetch_all<P, const N: usize>(
    count: u64,
    expected: &[u8],
    protocol: impl Fn(&Shared) -> P,
) -> Score
where
    P: Protocol + 'static,
    P::Connection: Default,
{
    let mut score = Score::default();
    for seed in seeds(count) {
        let mut bench = Bench::new(seed, Faults::HARSH);
        let tally = Shared::default();
        bench.tcp::<_, N, 2048, 4096>(protocol(&tally), &[7]);
        for client in 0..CLIENTS {
            bench.connect_with(7, vec![Step::ReadToEnd, Step::Close], settings(client));
        }
        bench.run(HOUR);
        for client in 0..CLIENTS as usize {
            let ending = bench.ending(client);
            if ending == Some(Ending::Done) {
                assert!(bench.received(client) == expected, "client {client}");
            } else {
                assert!(expected.starts_with(bench.received(client)), "client {client}");
            }
            score.count(ending);
        }
        assert_all_free(&mut bench, &tally);
    }
    score
}

#[test]
fn dialogues() {
    talk_all::<8>().mostly_complete("dialogues");
}

#[test]
fn dialogues_while_others_wait() {
    talk_all::<3>().report("dialogues on 3 connections");
}

fn talk_all<const N: usize>() -> Score {
    let mut score = Score::default();
    for seed in seeds(SEEDS) {
        let mut bench = Bench::new(seed, Faults::HARSH);
        let tally = Shared::default();
        bench.tcp::<_, N, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
        let body = pattern_bytes(5000);
        let put = [b"put 5000\n".to_vec(), body.clone()].concat();
        for client in 0..CLIENTS {
            let script = vec![
                Step::Send(b"hello\n".to_vec()),
                Step::Read(6),
                Step::Send(put.clone()),
                Step::Send(b"get 3000\nquit\n".to_vec()),
                Step::ReadToEnd,
                Step::Close,
            ];
            bench.connect_with(7, script, settings(client));
        }
        bench.run(HOUR);
        let answer =
            [b"hello\nok 5000\n".to_vec(), pattern_bytes(3000), b"bye\n".to_vec()].concat();
        for client in 0..CLIENTS as usize {
            let ending = bench.ending(client);
            if ending == Some(Ending::Done) && !answer.starts_with(bench.received(client)) {
                panic!("client {client} received something else");
            }
            // A connection that timed out between two messages was closed in order; its answer is short.
            let cut = bench.received(client).len() < answer.len();
            score.count(if cut && ending == Some(Ending::Done) {
                Some(Ending::Closed)
            } else {
                ending
            });
        }
        assert!(tally.borrow().stored.iter().all(|stored| *stored == body));
        assert_all_free(&mut bench, &tally);
    }
    score
}

#[test]
fn a_seed_replays_exactly() {
    let run = || {
        let mut bench = Bench::new(77, Faults::HARSH);
        bench.wire_mut().capture();
        let tally = Shared::default();
        bench.tcp::<_, 4, 2048, 4096>(Lines { tally }, &[7]);
        for client in 0..CLIENTS {
            let script = vec![Step::Send(b"get 9000\nquit\n".to_vec()), Step::ReadToEnd];
            bench.connect_with(7, script, settings(client));
        }
        bench.run(HOUR);
        let frames = bench.wire().captured().to_vec();
        (bench.now, frames)
    };
    let (first, second) = (run(), run());
    assert!(first.1.len() > 100);
    assert!(first == second, "two runs of one seed differ");
}

fn assert_all_free(bench: &mut Bench, tally: &Shared) {
    bench.pass(Duration::from_secs(120));
    assert_eq!(bench.counters(0).open.get(), 0, "all connections are free");
    assert_eq!(bench.counters(0).parked.get(), 0, "no request waits");
    assert_eq!(tally.borrow().opened, tally.borrow().closed);
}
