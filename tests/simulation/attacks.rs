//! Attacks on a service, and how long other clients wait meanwhile.

use std::rc::Rc;

use bareserve::{
    net::{stack::INGRESS_BUDGET, tcp::timeouts::Timeouts},
    protocol::environment::Outcome,
};
use bareserve_testbench::{
    Bench, ClientSettings, Ending, Faults, Step,
    frames::{device, segment, syn},
};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint, TcpControl},
};

use crate::toys::{Lines, Shared, pattern_bytes};

const MINUTE: Duration = Duration::from_secs(60);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn lines<const N: usize>(bench: &mut Bench) -> Shared {
    let tally = Shared::default();
    bench.tcp::<_, N, 2048, 8192>(Lines { tally: Rc::clone(&tally) }, &[7]);
    tally
}

fn polite() -> Vec<Step> {
    vec![Step::Send(b"get 2000\nquit\n".to_vec()), Step::Read(2004), Step::ReadToEnd, Step::Close]
}

/// Connects a polite client after `time` and returns how long it took.
fn polite_after(bench: &mut Bench, time: Duration) -> Duration {
    bench.pass(time);
    let client = bench.connect(7, polite());
    while bench.ending(client).is_none() {
        bench.pass(ms(10));
    }
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(bench.received(client).len(), 2004);
    bench.took(client)
}

#[test]
fn the_idlest_connection_is_evicted() {
    let mut bench = Bench::new(1, Faults::NONE);
    lines::<3>(&mut bench);
    let hold = |text: &[u8], wait| {
        vec![Step::Send(text.to_vec()), Step::Read(text.len()), Step::Wait(wait), Step::Read(1)]
    };
    let idlest = bench.connect(7, hold(b"a\n", MINUTE));
    bench.pass(Duration::from_secs(2));
    let idle = bench.connect(7, hold(b"b\n", MINUTE));
    bench.pass(Duration::from_secs(2));
    let fresh = bench.connect(
        7,
        vec![Step::Established, Step::Wait(ms(100)), Step::Send(b"c\n".into()), Step::Read(2)],
    );
    bench.pass(ms(10));
    let took = polite_after(&mut bench, ms(0));
    // The evicted client does not close its side, so that the linger time passes.
    assert!(took < Timeouts::CONTENDED.linger + ms(20), "took {took}");
    assert_eq!(bench.log().count(Outcome::Evicted), 1);
    bench.pass(MINUTE);
    assert_eq!(bench.ending(fresh), Some(Ending::Done));
    assert_eq!(bench.ending(idlest), Some(Ending::Closed));
    // Closed by its own idle timeout, later.
    assert_eq!(bench.ending(idle), Some(Ending::Closed));
}

#[test]
fn a_transfer_that_progresses_is_not_evicted() {
    let mut bench = Bench::new(1, Faults::NONE);
    lines::<2>(&mut bench);
    let slow = Step::ReadSlowly { piece: 1000, pause: ms(100) };
    let mut transfers = Vec::new();
    for _ in 0..2 {
        let script = vec![Step::Send(b"get 100000\nquit\n".to_vec()), slow.clone(), Step::Close];
        let settings = ClientSettings { rx: 2000, start: bench.now, ..ClientSettings::default() };
        transfers.push(bench.connect_with(7, script, settings));
    }
    bench.pass(ms(50));
    polite_after(&mut bench, ms(0));
    bench.run(MINUTE);
    for client in transfers {
        assert_eq!(bench.ending(client), Some(Ending::Done));
        assert_eq!(bench.received(client), [pattern_bytes(100_000), b"bye\n".to_vec()].concat());
    }
    assert_eq!(bench.log().count(Outcome::Evicted), 0);
}

#[test]
fn four_silent_and_four_that_dribble_against_eight() {
    let mut bench = Bench::new(1, Faults::NONE);
    lines::<8>(&mut bench);
    for _ in 0..4 {
        bench.connect(7, vec![Step::Established, Step::Wait(MINUTE)]);
        bench.connect(7, vec![Step::Dribble { byte: b'a', pause: Duration::from_secs(1) }]);
    }
    let took = polite_after(&mut bench, ms(10));
    assert!(took < Timeouts::DEFAULT.first_byte, "took {took}");
    println!("ninth client took {took}");
}

/// 64 attackers that play `script`, and polite clients one after another; then the same with attackers
/// that connect again as soon as they are disconnected.
fn siege(script: &[Step]) {
    for reconnect in [false, true] {
        let worst = besieged(script, reconnect);
        assert!(worst < ms(2000), "worst: {worst}, reconnecting: {reconnect}");
    }
}

fn besieged(script: &[Step], reconnect: bool) -> Duration {
    let mut bench = Bench::with_backlog::<64>(1, Faults::NONE);
    lines::<8>(&mut bench);
    let mut attackers: Vec<usize> = (0..64).map(|_| bench.connect(7, script.to_vec())).collect();
    let mut worst = Duration::ZERO;
    for _ in 0..10 {
        let client = bench.connect(7, polite());
        while bench.ending(client).is_none() {
            bench.pass(ms(20));
            for attacker in &mut attackers {
                if reconnect
                    && bench.ending(*attacker).is_some()
                    && bench.clients.list().len() < 1900
                {
                    *attacker = bench.connect(7, script.to_vec());
                }
            }
        }
        assert_eq!(bench.ending(client), Some(Ending::Done));
        worst = worst.max(bench.took(client));
        bench.pass(ms(100));
    }
    println!("worst: {worst}, attackers {}", bench.clients.list().len() - 10);
    worst
}

#[test]
fn dribbled_heads() {
    siege(&[Step::Dribble { byte: b'a', pause: Duration::from_secs(1) }]);
}

#[test]
fn dribbled_bodies() {
    let begin = Step::Send(b"put 1000000\n".to_vec());
    siege(&[begin, Step::Dribble { byte: b'a', pause: ms(100) }]);
}

#[test]
fn answers_that_are_not_read() {
    siege(&[Step::Send(b"get 1000000\n".to_vec()), Step::Wait(MINUTE * 10)]);
}

#[test]
fn silence() {
    siege(&[Step::Established, Step::Wait(MINUTE * 10)]);
}

#[test]
fn endless_answers() {
    siege(&[Step::Send(b"hush\n".to_vec()), Step::Read(1)]);
}

/// Sends `each_second` connection requests from hosts that do not exist for 10 s, while one client
/// downloads and polite ones connect; returns the longest time that one took.
fn syn_flood(each_second: u64) -> Duration {
    let mut bench = Bench::with_backlog::<64>(1, Faults::NONE);
    lines::<8>(&mut bench);
    let mut script = Vec::new();
    for _ in 0..100 {
        script.extend([Step::Send(b"ping\n".to_vec()), Step::Read(5), Step::Wait(ms(100))]);
        // An idle connection would be evicted.
        script.push(Step::Send(b"p".to_vec()));
        script.push(Step::Send(b"ing\n".to_vec()));
        script.push(Step::Read(5));
    }
    let script = vec![Step::Send(b"get 1000000\n".to_vec()), Step::Read(1_000_000)];
    let settings = ClientSettings { rx: 3000, ..ClientSettings::default() };
    bench.wire_mut().set_faults(Faults { rate: Some(1_600_000), ..Faults::NONE });
    let established = bench.connect_with(7, script, settings);
    bench.pass(ms(100));
    bench.wire_mut().set_faults(Faults { rate: Some(80_000_000), ..Faults::NONE });
    let mut worst = Duration::ZERO;
    let mut number = 0_u32;
    let mut client = bench.connect(7, polite());
    for _ in 0..10_000 / 5 {
        for _ in 0..each_second * 5 / 1000 {
            number += 1;
            let [_, host, high, low] = number.to_be_bytes();
            let remote = IpEndpoint::new(
                IpAddress::v4(10, 0, 0, 101 + host % 100),
                u16::from_be_bytes([high | 0x40, low]),
            );
            bench.inject(syn(remote, device(7), number as i32));
        }
        bench.pass(ms(5));
        if bench.ending(client).is_some() {
            assert_eq!(bench.ending(client), Some(Ending::Done));
            worst = worst.max(bench.took(client));
            client = bench.connect(7, polite());
        }
    }
    bench.run(MINUTE);
    assert_eq!(bench.ending(established), Some(Ending::Done));
    assert_eq!(bench.ending(client), Some(Ending::Done));
    worst = worst.max(bench.took(client));
    println!("{each_second} SYNs a second: worst {worst}, clients {}", bench.clients.list().len());
    worst
}

#[test]
fn a_flood_of_requests_from_absent_hosts() {
    let worst = syn_flood(200);
    assert!(worst < Duration::from_secs(20), "worst: {worst}");
}

#[test]
fn a_flood_of_frames_is_received_in_bounded_polls() {
    let mut bench = Bench::new(1, Faults::NONE);
    lines::<2>(&mut bench);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 50_000);
    for number in 0..5000 {
        bench.inject(segment(remote, device(9), TcpControl::None, number, Some(1)));
    }
    let took = polite_after(&mut bench, ms(0));
    assert!(took < ms(50), "took {took}");
    assert!(bench.most_frames_in_a_poll() <= INGRESS_BUDGET, "{}", bench.most_frames_in_a_poll());
}
