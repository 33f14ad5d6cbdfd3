extern crate std;

use std::{string::ToString, vec::Vec};

use super::*;
use crate::{
    clock::WallClock,
    entropy::{Entropy, SeededEntropy},
    ping::{
        profile::{Profile, SharedProfile},
        server::{PingMemory, PingServer},
    },
    protocol::{datagram::DatagramProtocol, endpoints::Endpoints},
};

const SERVER: IpAddress = IpAddress::v4(192, 168, 69, 1);

/// A client whose clock is 1,700,000,000 s ahead of its uptime.
struct Bench<F: FnMut(PingEvent)> {
    client: PingClient<F>,
    micros: i64,
}

impl<F: FnMut(PingEvent)> Bench<F> {
    fn new(settings: PingSettings, report: F) -> Self {
        Self { client: PingClient::new(SERVER, settings, report), micros: 0 }
    }

    fn call<T>(&mut self, work: impl FnOnce(&mut PingClient<F>, &mut Environment<'_>) -> T) -> T {
        let mut wall_clock = WallClock::new();
        wall_clock.set(Instant::ZERO, UnixTime(1_700_000_000_000_000));
        let env = &mut Environment {
            now: Instant::from_micros(self.micros),
            wall_clock: &mut wall_clock,
            entropy: &mut SeededEntropy::new(0),
            observer: &mut (),
            registry: Default::default(),
        };
        work(&mut self.client, env)
    }

    fn request(&mut self) -> Option<Vec<u8>> {
        let mut datagram = [0; 64];
        let length = self.call(|client, env| client.transmit(&mut datagram, env))?;
        Some(datagram[..length].to_vec())
    }

    fn reply(&mut self, datagram: &[u8]) {
        self.call(|client, env| client.receive(datagram, env));
    }

    fn wait_until_due(&mut self) {
        self.micros = self.micros.max(self.client.poll_at().unwrap().total_micros());
    }
}

#[test]
fn against_the_course_server_prints_the_course_lines() {
    let mut lines = Vec::new();
    let shared = SharedProfile::new(Profile::COURSE);
    let mut server = PingServer::new(&shared, PingMemory { queue: &mut [], bytes: &mut [] });
    let mut bench = Bench::new(PingSettings::COURSE, |event| lines.push(event.to_string()));
    let remote = smoltcp::wire::IpEndpoint::new(SERVER, 40_000);
    let mut round = 0;
    while bench.client.progress() == Progress::Running {
        bench.wait_until_due();
        let Some(mut datagram) = bench.request() else { continue };
        let length = datagram.len();
        bench.micros += 800 + 100 * round;
        round += 1;
        let local = smoltcp::wire::IpEndpoint::new(SERVER, 12000);
        let endpoints = Endpoints { remote, local };
        let answer = bench.call(|_, env| server.answer(&mut datagram, length, endpoints, env));
        if let Some(length) = answer {
            bench.reply(&datagram[..length]);
        }
    }
    assert_eq!(bench.client.progress(), Progress::Succeeded);
    assert_eq!(bench.client.poll_at(), None);
    assert_eq!(
        bench.client.statistics().to_string(),
        "9 packets sent, 4 received, 55.6% loss\n\
         RTT min/avg/max/stddev = 0.900/1.100/1.300/0.158 ms"
    );
    assert_eq!(
        lines,
        [
            "Sequence 1: Request timed out.",
            "Sequence 2: Reply from 192.168.69.1    RTT = 0.001s",
            "Sequence 3: Reply from 192.168.69.1    RTT = 0.001s",
            "Sequence 4: Request timed out.",
            "Sequence 5: Reply from 192.168.69.1    RTT = 0.001s",
            "Sequence 6: Reply from 192.168.69.1    RTT = 0.001s",
            "Sequence 7: Request timed out.",
            "Sequence 8: Request timed out.",
            "Sequence 9: Request timed out.",
        ]
    );
}

#[test]
fn requests_carry_sequence_and_date() {
    let mut bench = Bench::new(PingSettings::COURSE, |_| {});
    bench.micros = 123_456;
    assert_eq!(bench.request().unwrap(), b"Ping 1 1700000000.123456");
    assert_eq!(bench.request(), None);
    bench.reply(b"PING 1 1700000000.123456");
    bench.micros = 1_000_001;
    assert_eq!(bench.request().unwrap(), b"Ping 2 1700000001.000001");
}

#[test]
fn late_and_duplicate_answers_are_recognized() {
    let mut events = Vec::new();
    let mut bench = Bench::new(PingSettings::COURSE, |event| events.push(event));
    let first = bench.request().unwrap();
    bench.micros = 1_500_000;
    let second = bench.request().unwrap();
    bench.micros = 1_600_000;
    bench.reply(&first);
    bench.reply(&first);
    bench.reply(&second);
    bench.reply(&second);
    for wrong in [&b"Ping 2 1700000000.000000"[..], b"Ping 2", b"", b"Ping 3 1700000001.500000"] {
        bench.reply(wrong);
    }
    let statistics = bench.client.statistics().clone();
    let counts = (statistics.sent, statistics.received, statistics.late);
    assert_eq!(counts, (2, 1, 1));
    assert_eq!((statistics.duplicates, statistics.unexpected), (2, 4));
    let from = SERVER;
    assert_eq!(
        events,
        [
            PingEvent::TimedOut { sequence: 1 },
            PingEvent::LateReply { sequence: 1, from, rtt: Duration::from_millis(1600) },
            PingEvent::Duplicate { sequence: 1, from },
            PingEvent::Reply { sequence: 2, from, rtt: Duration::from_millis(100) },
            PingEvent::Duplicate { sequence: 2, from },
        ]
    );
}

/// The answer arrives in the same poll as the timeout: the timeout comes first.
#[test]
fn an_answer_at_the_deadline_is_late() {
    let mut events = Vec::new();
    let settings = PingSettings { count: 1, ..PingSettings::COURSE };
    let mut bench = Bench::new(settings, |event| events.push(event));
    let request = bench.request().unwrap();
    bench.micros = 1_000_000;
    bench.reply(&request);
    assert_eq!(bench.client.progress(), Progress::Failed);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], PingEvent::TimedOut { sequence: 1 });
}

#[test]
fn the_interval_delays_the_next_request() {
    let settings = PingSettings { interval: Duration::from_millis(300), ..PingSettings::COURSE };
    let mut bench = Bench::new(settings, |_| {});
    let request = bench.request().unwrap();
    bench.micros = 1_000;
    bench.reply(&request);
    assert_eq!(bench.client.poll_at(), Some(Instant::from_millis(300)));
    assert_eq!(bench.request(), None);
    bench.micros = 300_000;
    assert!(bench.request().is_some());
}

#[test]
fn a_count_of_zero_ends_at_once() {
    let mut bench = Bench::new(PingSettings { count: 0, ..PingSettings::COURSE }, |_| {});
    assert_eq!(bench.request(), None);
    assert_eq!(bench.client.poll_at(), None);
    assert_eq!(bench.client.progress(), Progress::Failed);
}

/// On a network that drops, delays, duplicates, reorders and corrupts datagrams, every request has
/// exactly one outcome, and the counts agree with the reports.
#[test]
fn every_request_has_one_outcome() {
    for seed in 0..200 {
        let mut random = SeededEntropy::new(seed);
        let (mut outcomes, mut late, mut duplicates) = (Vec::new(), 0, 0);
        let settings = PingSettings {
            count: 40,
            timeout: Duration::from_millis(50),
            interval: Duration::from_millis(10),
        };
        let mut bench = Bench::new(settings, |event| match event {
            PingEvent::Reply { sequence, .. } | PingEvent::TimedOut { sequence } => {
                outcomes.push(sequence);
            }
            PingEvent::LateReply { .. } => late += 1,
            PingEvent::Duplicate { .. } => duplicates += 1,
        });
        let mut wire: Vec<Vec<u8>> = Vec::new();
        while bench.client.progress() == Progress::Running {
            bench.micros += (random.next_u64() % 20_000) as i64;
            if let Some(request) = bench.request() {
                for _ in 0..random.next_u64() % 4 {
                    wire.push(request.to_ascii_uppercase());
                }
            }
            if !wire.is_empty() && !random.next_u64().is_multiple_of(4) {
                let mut datagram = wire.remove(random.next_u64() as usize % wire.len());
                if random.next_u64().is_multiple_of(4) {
                    let at = random.next_u64() as usize % datagram.len();
                    datagram[at] ^= 1 << (random.next_u64() % 8);
                    datagram.truncate(random.next_u64() as usize % 30);
                }
                bench.reply(&datagram);
            }
        }
        let statistics = bench.client.statistics().clone();
        assert_eq!(outcomes, (1..=40).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!((statistics.late, statistics.duplicates), (late, duplicates), "seed {seed}");
        assert_eq!(statistics.sent, 40);
    }
}
