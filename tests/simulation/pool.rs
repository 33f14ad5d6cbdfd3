//! Several services on one pool of connections.

use std::{collections::BTreeMap, rc::Rc};

use bareserve::{
    Environment,
    net::tcp::protocols::on,
    protocol::{
        endpoints::Endpoints,
        stream::{Phase, Protocol},
    },
};
use bareserve_testbench::{
    Bench, ClientSettings, Ending, Faults, Step,
    frames::{device, syn},
    seeds,
};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint},
};

use crate::toys::{Lines, Shared, Speaker, pattern_bytes};

const MINUTE: Duration = Duration::from_secs(60);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A protocol that answers each byte with one byte, made of how many the connection's state has seen.
/// It does not clear the state of its own accord: only the pool does.
struct Count(&'static str);

#[derive(Debug, Default)]
struct Seen {
    bytes: u8,
    answered: u8,
    is_over: bool,
}

impl Protocol for Count {
    type Connection = Seen;

    fn name(&self) -> &'static str {
        self.0
    }

    fn open(&mut self, seen: &mut Seen, _: Endpoints, _: &mut Environment<'_>) {
        seen.is_over = false;
    }

    fn receive(&mut self, seen: &mut Seen, input: &[u8], _: &mut Environment<'_>) -> usize {
        let taken = usize::from(!input.is_empty() && seen.bytes == seen.answered);
        seen.bytes += taken as u8;
        taken
    }

    fn end_of_input(&mut self, seen: &mut Seen, _: &mut Environment<'_>) {
        seen.is_over = true;
    }

    fn transmit(&mut self, seen: &mut Seen, output: &mut [u8], _: &mut Environment<'_>) -> usize {
        let Some(byte) = output.first_mut().filter(|_| seen.answered < seen.bytes) else {
            return 0;
        };
        *byte = seen.bytes;
        seen.answered = seen.bytes;
        1
    }

    fn phase(&self, seen: &Seen) -> Phase {
        match seen.is_over {
            true => Phase::Finished,
            false => Phase::Idle,
        }
    }

    fn expire(&mut self, seen: &mut Seen, _: &mut Environment<'_>) {
        seen.is_over = true;
    }

    fn close(&mut self, _: &mut Seen, _: &mut Environment<'_>) {}
}

/// Tells each peer its own port, in an answer whose length follows from the port.
struct WhoAmI;

#[derive(Debug, Default)]
struct Answer {
    text: Vec<u8>,
    sent: usize,
}

fn answer_to(port: u16) -> Vec<u8> {
    format!("{port}{}", ".".repeat(usize::from(port % 97))).into_bytes()
}

impl Protocol for WhoAmI {
    type Connection = Answer;

    fn name(&self) -> &'static str {
        "who-am-i"
    }

    fn open(&mut self, answer: &mut Answer, endpoints: Endpoints, _: &mut Environment<'_>) {
        *answer = Answer { text: answer_to(endpoints.remote.port), sent: 0 };
    }

    fn receive(&mut self, _: &mut Answer, input: &[u8], _: &mut Environment<'_>) -> usize {
        input.len()
    }

    fn end_of_input(&mut self, _: &mut Answer, _: &mut Environment<'_>) {}

    fn transmit(
        &mut self,
        answer: &mut Answer,
        output: &mut [u8],
        _: &mut Environment<'_>,
    ) -> usize {
        let rest = &answer.text[answer.sent..];
        let length = rest.len().min(output.len());
        output[..length].copy_from_slice(&rest[..length]);
        answer.sent += length;
        length
    }

    fn phase(&self, answer: &Answer) -> Phase {
        if answer.sent == answer.text.len() { Phase::Finished } else { Phase::Sending }
    }

    fn expire(&mut self, answer: &mut Answer, _: &mut Environment<'_>) {
        answer.sent = answer.text.len();
    }

    fn close(&mut self, _: &mut Answer, _: &mut Environment<'_>) {}
}

/// Dialogues on port 7 and speeches of 2,000 bytes on port 8, on one pool of `N` connections.
fn lines_and_speaker<const N: usize>(bench: &mut Bench) -> (Shared, Shared) {
    let (lines, speaker) = (Shared::default(), Shared::default());
    bench.tcp_pool::<_, N, 2048, 4096>((
        on(&[7], Lines { tally: Rc::clone(&lines) }),
        on(&[8], Speaker { length: 2000, tally: Rc::clone(&speaker) }),
    ));
    (lines, speaker)
}

/// A download that makes progress all the time for 50 s, longer than any test here.
fn endless_download(bench: &mut Bench) -> usize {
    let slow = Step::ReadSlowly { piece: 1000, pause: ms(50) };
    let script = [Step::Send(b"get 1000000\n".to_vec()), slow];
    bench.connect_with(7, script, ClientSettings { rx: 2000, ..ClientSettings::from(bench.now) })
}

/// How long a client of port 8 took.
fn speech(bench: &mut Bench) -> Duration {
    let client = bench.connect(8, [Step::ReadToEnd, Step::Close]);
    while bench.ending(client).is_none() {
        bench.pass(ms(5));
    }
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(bench.received(client), pattern_bytes(2000));
    bench.took(client)
}

/// How long clients of port 8 took while `flood` downloads hold all connections of a pool of `N` that
/// port 7 can get.
fn speeches_under_flood<const N: usize>(seed: u64, faults: Faults, flood: usize) -> Vec<Duration> {
    let mut bench = Bench::new(seed, faults);
    lines_and_speaker::<N>(&mut bench);
    for _ in 0..flood {
        endless_download(&mut bench);
    }
    bench.pass(Duration::from_secs(5));
    if flood > 0 {
        let capacity = bench.counters(0).capacity.get();
        let held = bench.counters(0).open.get();
        assert_eq!(held, capacity, "the flood holds what it can get");
        assert!(bench.counters(0).parked.get() > 0, "and more of it waits");
    }
    (0..5).map(|_| speech(&mut bench)).collect()
}

#[test]
fn a_flood_on_one_service_starves_no_other() {
    for seed in seeds(10) {
        let pools = [
            speeches_under_flood::<2>(seed, Faults::NONE, 8),
            speeches_under_flood::<4>(seed, Faults::NONE, 16),
            speeches_under_flood::<8>(seed, Faults::NONE, 32),
        ];
        for took in pools.concat() {
            assert!(took < ms(100), "took {took}");
        }
    }
}

/// Lost segments cost as much time as without the flood, and no more.
#[test]
fn a_flood_on_one_service_slows_no_other_on_a_lossy_wire() {
    let mut took = [0, 32].map(|flood| {
        let faults = || Faults::loss_percent(5);
        seeds(60)
            .flat_map(|seed| speeches_under_flood::<8>(seed, faults(), flood))
            .collect::<Vec<_>>()
    });
    took.iter_mut().for_each(|took| took.sort());
    let [quiet, flooded] = took.map(|took| took[took.len() * 9 / 10]);
    assert!(flooded <= quiet + ms(100), "{flooded} with the flood, {quiet} without");
}

/// Requests for a service at its cap cannot have the connections of the others.
#[test]
fn requests_for_a_service_at_its_cap_hurry_no_other_service() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = Shared::default();
    let lines = || Lines { tally: Rc::clone(&tally) };
    bench.tcp_pool::<_, 4, 2048, 4096>((on(&[7], lines()).at_most(1), on(&[8], lines())));
    endless_download(&mut bench);
    bench.pass(ms(100));
    endless_download(&mut bench);
    let slow = [Step::send("hel"), Step::Wait(ms(5000)), Step::send("lo\n"), Step::Read(6)];
    let slow = bench.connect(8, slow);
    let before = bench.polls();
    bench.pass(ms(6000));
    assert_eq!(bench.counters(0).parked.get(), 1);
    assert_eq!(bench.ending(slow), Some(Ending::Done));
    assert_eq!(bench.received(slow), b"hello\n");
    // The download takes a few for each 1,000 bytes in 50 ms.
    assert!(bench.polls() - before < 2000, "{} polls", bench.polls() - before);
}

#[test]
fn a_flood_of_requests_for_one_port_leaves_those_for_another_in_the_queue() {
    for seed in seeds(10) {
        let mut bench = Bench::with_backlog::<8>(seed, Faults::NONE);
        let (lines, speaker) = (Shared::default(), Shared::default());
        bench.tcp_pool::<_, 4, 2048, 4096>((
            on(&[7], Lines { tally: lines }),
            on(&[8], Speaker { length: 1_000_000, tally: speaker }).at_most(1),
        ));
        // The only connection of port 8 is taken by a client that leaves after 700 ms.
        let script = [
            Step::Read(1000),
            Step::Wait(ms(300)),
            Step::Read(100_000),
            Step::Wait(ms(400)),
            Step::Abort,
        ];
        let holder = bench.connect(8, script);
        bench.pass(ms(10));
        let waiting: Vec<usize> =
            (0..3).map(|_| bench.connect(8, [Step::Read(10), Step::Abort])).collect();
        bench.pass(ms(10));
        assert_eq!(bench.counters(1).parked.get(), 3);
        for number in 0..300_u16 {
            let [high, low] = number.to_be_bytes();
            let absent = IpEndpoint::new(IpAddress::v4(10, 0, 0, 77), 0x4000 | number);
            bench.inject(syn(absent, device(7), i32::from(high) << 8 | i32::from(low)));
            bench.pass(ms(1));
            assert_eq!(bench.counters(1).parked.get(), 3, "after {number} requests");
        }
        assert!(bench.counters(0).parked.get() > 0 && bench.stack().backlog().dropped() > 200);
        while waiting.iter().any(|&client| bench.ending(client).is_none()) {
            bench.pass(ms(1));
        }
        assert_eq!(bench.ending(holder), Some(Ending::Done));
        for client in waiting {
            // Without a request in the queue a client would wait for its next SYN, a second after
            // the first.
            assert_eq!(bench.ending(client), Some(Ending::Done));
            assert!(bench.took(client) < ms(900), "took {}", bench.took(client));
        }
    }
}

#[test]
fn a_service_has_no_more_connections_than_its_cap() {
    for seed in seeds(10) {
        let faults = if seed % 2 == 0 { Faults::NONE } else { Faults::HARSH };
        let mut bench = Bench::new(seed, faults);
        let tallies = [Shared::default(), Shared::default(), Shared::default()];
        let speaker =
            |number: usize| Speaker { length: 30_000, tally: Rc::clone(&tallies[number]) };
        bench.tcp_pool::<_, 8, 512, 1024>((
            on(&[7], speaker(0)).at_most(2),
            on(&[8], speaker(1)).at_most(1),
            on(&[9, 10], speaker(2)),
        ));
        for client in 0..40 {
            let timeout = Duration::from_secs(300);
            let settings = ClientSettings { timeout, ..ClientSettings::default() };
            bench.connect_with(7 + client % 4, [Step::ReadToEnd, Step::Close], settings);
        }
        let mut most = [0; 3];
        while !bench.clients.all_ended() {
            bench.pass(ms(1));
            for (service, most) in most.iter_mut().enumerate() {
                *most = bench.counters(service).open.get().max(*most);
            }
        }
        // The third service leaves two connections to the others, which have three at first.
        let caps: Vec<u32> = (0..3).map(|service| bench.counters(service).capacity.get()).collect();
        assert_eq!((caps.as_slice(), &most[..2]), (&[2, 1, 6][..], &[2, 1][..]));
        assert!((5..=6).contains(&most[2]), "{most:?}");
        for (tally, cap) in tallies.iter().zip(caps) {
            assert!(tally.borrow().most_open <= cap as usize);
        }
        if faults == Faults::NONE {
            let is_done = |client| bench.ending(client) == Some(Ending::Done);
            assert!((0..40).all(is_done));
        }
    }
}

#[test]
fn a_connection_that_changes_its_protocol_starts_anew() {
    let mut bench = Bench::new(1, Faults::NONE);
    // One connection, so that each client gets what the one before it has left.
    bench.tcp_pool::<_, 1, 64, 64>((
        (on(&[1], Count("a")), on(&[2], Count("b"))),
        on(&[3], Count("c")),
        (on(&[4], Count("d")), on(&[5], Count("e")), on(&[6], Count("f"))),
    ));
    let mut before = 0;
    for (place, port) in
        [1, 2, 1, 3, 1, 4, 2, 4, 5, 3, 6, 5, 6, 4, 6, 3, 5, 2, 6, 1].iter().enumerate()
    {
        assert_ne!(*port, before);
        before = *port;
        let script = [Step::send("xyz"), Step::Read(3), Step::Close, Step::ReadToEnd];
        let client = bench.connect(*port, script);
        bench.run(MINUTE);
        assert_eq!(bench.ending(client), Some(Ending::Done), "{place}: port {port}");
        assert_eq!(bench.received(client), [1, 2, 3], "{place}: port {port}");
        bench.pass(ms(10));
    }
}

/// Of requests for one port that are replayed in one poll, the first listening socket takes the first,
/// whichever request it was prepared for.
#[test]
fn requests_that_come_at_once_are_logged_under_their_own_peers() {
    let mut bench = Bench::new(1, Faults::NONE);
    bench.tcp_pool::<_, 8, 512, 512>((on(&[7], WhoAmI), on(&[8], Count("count"))));
    for round in 0..100 {
        let clients: Vec<usize> =
            (0..6).map(|_| bench.connect(7, [Step::ReadToEnd, Step::Close])).collect();
        let first = bench.log().closed().len();
        bench.run(MINUTE);
        bench.pass(ms(100));
        let mut lengths = BTreeMap::new();
        for client in clients {
            let port = bench.clients.list()[client].port();
            assert_eq!(bench.ending(client), Some(Ending::Done));
            assert_eq!(bench.received(client), answer_to(port), "round {round}");
            lengths.insert(port, answer_to(port).len() as u64);
        }
        let log = bench.log();
        let mut connected: Vec<u16> =
            log.connected()[first..].iter().map(|peer| peer.port).collect();
        connected.sort_unstable();
        assert!(connected.iter().eq(lengths.keys()), "round {round}: {connected:?}");
        let closed = log.closed()[first..].iter().map(|end| (end.remote.port, end.bytes_out));
        assert_eq!(closed.collect::<BTreeMap<_, _>>(), lengths, "round {round}");
    }
}
