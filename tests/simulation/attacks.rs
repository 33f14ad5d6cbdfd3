//! Clients that mean no good, and what they cost the others.

use std::rc::Rc;

use bareserve::{
    net::{stack::INGRESS_BUDGET, tcp::timeouts::Timeouts},
    protocol::environment::Outcome,
};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint, TcpControl},
};

use crate::{
    clients::{Ending, Manners, Step, at},
    frames::{segment, syn},
    toys::{Lines, Shared, pattern_bytes},
    wire::Faults,
    world::World,
};

const MINUTE: Duration = Duration::from_secs(60);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn lines<const N: usize>(world: &mut World) -> Shared {
    let tally = Shared::default();
    world.serve::<_, N, 2048, 8192>(Lines { tally: Rc::clone(&tally) }, &[7]);
    tally
}

fn polite() -> Vec<Step> {
    vec![Step::Send(b"get 2000\nquit\n".to_vec()), Step::Read(2004), Step::ReadToEnd, Step::Close]
}

/// Lets a polite client come after `time`, and says how long it took.
fn polite_after(world: &mut World, time: Duration) -> Duration {
    world.pass(time);
    let client = world.client(polite());
    while world.ending(client).is_none() {
        world.pass(ms(10));
    }
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(world.received(client).len(), 2004);
    world.took(client)
}

#[test]
fn the_idlest_connection_makes_room() {
    let mut world = World::new(1, Faults::NONE);
    lines::<3>(&mut world);
    let hold = |text: &[u8], wait| {
        vec![Step::Send(text.to_vec()), Step::Read(text.len()), Step::Wait(wait), Step::Read(1)]
    };
    let idlest = world.client(hold(b"a\n", MINUTE));
    world.pass(Duration::from_secs(2));
    let idle = world.client(hold(b"b\n", MINUTE));
    world.pass(Duration::from_secs(2));
    let fresh = world.client(vec![
        Step::Established,
        Step::Wait(ms(100)),
        Step::Send(b"c\n".into()),
        Step::Read(2),
    ]);
    world.pass(ms(10));
    let took = polite_after(&mut world, ms(0));
    // The idlest does not close when it is told to go.
    assert!(took < Timeouts::CONTENDED.linger + ms(20), "took {took}");
    assert_eq!(world.log.count(Outcome::Evicted), 1);
    world.pass(MINUTE);
    assert_eq!(world.ending(fresh), Some(Ending::Done));
    assert_eq!(world.ending(idlest), Some(Ending::Closed));
    // Its own idle time came long after.
    assert_eq!(world.ending(idle), Some(Ending::Closed));
}

#[test]
fn a_transfer_that_moves_does_not_make_room() {
    let mut world = World::new(1, Faults::NONE);
    lines::<2>(&mut world);
    let slow = Step::ReadSlowly { piece: 1000, pause: ms(100) };
    let mut transfers = Vec::new();
    for _ in 0..2 {
        let script = vec![Step::Send(b"get 100000\nquit\n".to_vec()), slow.clone(), Step::Close];
        let manners = Manners { rx: 2000, start: world.now, ..Manners::default() };
        transfers.push(world.client_of(7, script, manners));
    }
    world.pass(ms(50));
    polite_after(&mut world, ms(0));
    world.run(MINUTE);
    for client in transfers {
        assert_eq!(world.ending(client), Some(Ending::Done));
        assert_eq!(world.received(client), [pattern_bytes(100_000), b"bye\n".to_vec()].concat());
    }
    assert_eq!(world.log.count(Outcome::Evicted), 0);
}

#[test]
fn four_silent_and_four_that_dribble_against_eight() {
    let mut world = World::new(1, Faults::NONE);
    lines::<8>(&mut world);
    for _ in 0..4 {
        world.client(vec![Step::Established, Step::Wait(MINUTE)]);
        world.client(vec![Step::Dribble { byte: b'a', pause: Duration::from_secs(1) }]);
    }
    let took = polite_after(&mut world, ms(10));
    assert!(took < Timeouts::DEFAULT.first_byte, "took {took}");
    println!("ninth client took {took}");
}

/// 64 connections that play `script`, and a polite client after each other; then the same with
/// attackers that come again as soon as they are thrown out.
fn siege(script: &[Step]) {
    for come_again in [false, true] {
        let worst = besieged(script, come_again);
        assert!(worst < ms(2000), "worst: {worst}, coming again: {come_again}");
    }
}

fn besieged(script: &[Step], come_again: bool) -> Duration {
    let mut world = World::with_backlog::<64>(1, Faults::NONE, 2000);
    lines::<8>(&mut world);
    let mut attackers: Vec<usize> = (0..64).map(|_| world.client(script.to_vec())).collect();
    let mut worst = Duration::ZERO;
    for _ in 0..10 {
        let client = world.client(polite());
        while world.ending(client).is_none() {
            world.pass(ms(20));
            for attacker in &mut attackers {
                if come_again
                    && world.ending(*attacker).is_some()
                    && world.clients.list.len() < 1900
                {
                    *attacker = world.client(script.to_vec());
                }
            }
        }
        assert_eq!(world.ending(client), Some(Ending::Done));
        worst = worst.max(world.took(client));
        world.pass(ms(100));
    }
    println!("worst: {worst}, attackers {}", world.clients.list.len() - 10);
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

/// Requests from hosts that do not exist, `each_second`, for 10 s, beside a client that holds a
/// connection and others that come.
fn syn_flood(each_second: u64) -> Duration {
    let mut world = World::with_backlog::<64>(1, Faults::NONE, 100);
    lines::<8>(&mut world);
    let mut script = Vec::new();
    for _ in 0..100 {
        script.extend([Step::Send(b"ping\n".to_vec()), Step::Read(5), Step::Wait(ms(100))]);
        // Otherwise it is idle and rightly makes room.
        script.push(Step::Send(b"p".to_vec()));
        script.push(Step::Send(b"ing\n".to_vec()));
        script.push(Step::Read(5));
    }
    let script = vec![Step::Send(b"get 1000000\n".to_vec()), Step::Read(1_000_000)];
    let manners = Manners { rx: 3000, ..Manners::default() };
    world.cable.borrow_mut().faults.bandwidth = Some(200_000);
    let established = world.client_of(7, script, manners);
    world.pass(ms(100));
    world.cable.borrow_mut().faults.bandwidth = Some(10_000_000);
    let mut worst = Duration::ZERO;
    let mut number = 0_u32;
    let mut client = world.client(polite());
    for _ in 0..10_000 / 5 {
        for _ in 0..each_second * 5 / 1000 {
            number += 1;
            let [_, host, high, low] = number.to_be_bytes();
            let remote = IpEndpoint::new(
                IpAddress::v4(10, 0, 0, 101 + host % 100),
                u16::from_be_bytes([high | 0x40, low]),
            );
            world.inject(syn(remote, at(7), number as i32));
        }
        world.pass(ms(5));
        if world.ending(client).is_some() {
            assert_eq!(world.ending(client), Some(Ending::Done));
            worst = worst.max(world.took(client));
            client = world.client(polite());
        }
    }
    world.run(MINUTE);
    assert_eq!(world.ending(established), Some(Ending::Done));
    assert_eq!(world.ending(client), Some(Ending::Done));
    worst = worst.max(world.took(client));
    println!("{each_second} SYNs a second: worst {worst}, clients {}", world.clients.list.len());
    worst
}

#[test]
fn a_flood_of_requests_from_nowhere() {
    let worst = syn_flood(200);
    assert!(worst < Duration::from_secs(20), "worst: {worst}");
}

#[test]
fn a_flood_of_frames_is_taken_in_bounded_pieces() {
    let mut world = World::new(1, Faults::NONE);
    lines::<2>(&mut world);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 50_000);
    for number in 0..5000 {
        world.inject(segment(remote, at(9), TcpControl::None, number, Some(1)));
    }
    let took = polite_after(&mut world, ms(0));
    assert!(took < ms(50), "took {took}");
    assert!(world.most_frames_in_a_turn <= INGRESS_BUDGET, "{}", world.most_frames_in_a_turn);
}
