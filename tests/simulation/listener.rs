//! The listener: the backlog, the pool, and who is served when.

use std::rc::Rc;

use bareserve::net::{listener::queue::SYN_MAX_AGE, tcp::timeouts::Timeouts};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint, TcpControl},
};

use crate::{
    clients::{Ending, Manners, Step, at},
    frames::{segment, syn},
    toys::{Lines, Shared, Speaker, pattern_bytes},
    wire::Faults,
    world::World,
};

const MINUTE: Duration = Duration::from_secs(60);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn speaker(world: &mut World, length: usize) -> Shared {
    let tally = Shared::default();
    let protocol = Speaker { length, tally: tally.clone() };
    world.serve::<_, 8, 2048, 4096>(protocol, &[7]);
    tally
}

#[test]
fn one_client_is_served() {
    let mut world = World::new(1, Faults::NONE);
    let tally = speaker(&mut world, 10_000);
    let client = world.client(vec![Step::ReadToEnd, Step::Close]);
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(world.received(client), pattern_bytes(10_000));
    assert_eq!(tally.borrow().opened, 1);
}

#[test]
fn a_dialogue() {
    let mut world = World::new(1, Faults::NONE);
    let tally = Shared::default();
    world.serve::<_, 2, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
    let client = world.client(vec![
        Step::Send(b"hel".to_vec()),
        Step::Wait(Duration::from_millis(5)),
        Step::Send(b"lo\n".to_vec()),
        Step::Read(6),
        Step::Send(b"get 9000\nput 5\nabcdequit\n".to_vec()),
        Step::ReadToEnd,
        Step::Close,
    ]);
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Done));
    let expected = [b"hello\n".to_vec(), pattern_bytes(9000), b"ok 5\nbye\n".to_vec()].concat();
    assert_eq!(world.received(client), expected);
    assert_eq!(tally.borrow().stored, [b"abcde"]);
}

#[test]
fn clients_beyond_the_pool_wait_and_none_is_refused() {
    let mut world = World::with_backlog::<512>(1, Faults::NONE, 520);
    let tally = speaker(&mut world, 80_000);
    for _ in 0..512 {
        world.client_of(7, vec![Step::ReadToEnd, Step::Close], Manners::default());
    }
    world.run(MINUTE);
    for client in 0..512 {
        assert_eq!(world.ending(client), Some(Ending::Done), "client {client}");
        assert_eq!(world.received(client).len(), 80_000);
    }
    assert_eq!(tally.borrow().most_open, 8);
    assert_eq!(tally.borrow().opened, 512);
    println!("512 clients took {}", world.now);
}

#[test]
fn a_port_that_nobody_serves_answers_with_a_reset() {
    let mut world = World::new(1, Faults::NONE);
    speaker(&mut world, 10);
    let client = world.client_of(8, vec![Step::ReadToEnd], Manners::default());
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Refused));
}

fn lines<const N: usize>(world: &mut World) -> Shared {
    let tally = Shared::default();
    world.serve::<_, N, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
    tally
}

/// A client that holds a connection without using it.
fn holder(world: &mut World) -> usize {
    world.client(vec![Step::Established, Step::Wait(MINUTE)])
}

fn spoofed(number: u16) -> IpEndpoint {
    let [high, low] = number.to_be_bytes();
    IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), u16::from_be_bytes([high | 0x80, low]))
}

#[test]
fn a_repeated_request_is_parked_once_and_a_reset_takes_it_out() {
    let mut world = World::new(1, Faults::NONE);
    lines::<1>(&mut world);
    holder(&mut world);
    world.pass(ms(10));
    for _ in 0..3 {
        world.inject(syn(spoofed(1), at(7), 1000));
        world.inject(syn(spoofed(2), at(7), 1000));
        world.pass(ms(1));
    }
    assert_eq!(world.counters(0).parked.get(), 2);
    world.inject(segment(spoofed(1), at(7), TcpControl::Rst, 1001, None));
    world.pass(ms(1));
    assert_eq!(world.counters(0).parked.get(), 1);
}

#[test]
fn a_request_nobody_repeats_is_forgotten() {
    let mut world = World::new(1, Faults::NONE);
    // A connection that nothing makes room of.
    let tally = Shared::default();
    const HOUR: Duration = Duration::from_secs(3600);
    const FOREVER: Timeouts = Timeouts {
        first_byte: HOUR,
        half_open: HOUR,
        head: HOUR,
        idle: HOUR,
        progress: HOUR,
        ..Timeouts::DEFAULT
    };
    world.serve_with::<_, 1, 2048, 4096>(Lines { tally }, &[7], |server| {
        server.with_timeouts(&FOREVER, &FOREVER)
    });
    holder(&mut world);
    world.pass(ms(10));
    world.inject(syn(spoofed(1), at(7), 1000));
    world.pass(ms(100));
    assert_eq!(world.counters(0).parked.get(), 1);
    world.pass(SYN_MAX_AGE + Duration::from_secs(2));
    // Any frame wakes the device.
    world.inject(syn(spoofed(2), at(7), 1000));
    world.pass(ms(100));
    assert_eq!(world.counters(0).parked.get(), 1);
}

#[test]
fn a_full_backlog_drops_the_oldest_request() {
    let mut world = World::with_backlog::<4>(1, Faults::NONE, 8);
    lines::<1>(&mut world);
    holder(&mut world);
    world.pass(ms(10));
    for number in 0..6 {
        world.inject(syn(spoofed(number), at(7), 1000));
        world.pass(ms(1));
    }
    assert_eq!(world.counters(0).parked.get(), 4);
    // A reset of the oldest finds nothing, one of the newest takes it out.
    world.inject(segment(spoofed(0), at(7), TcpControl::Rst, 1001, None));
    world.pass(ms(1));
    assert_eq!(world.counters(0).parked.get(), 4);
    world.inject(segment(spoofed(5), at(7), TcpControl::Rst, 1001, None));
    world.pass(ms(1));
    assert_eq!(world.counters(0).parked.get(), 3);
}

#[test]
fn two_ports_share_a_pool() {
    let mut world = World::new(1, Faults::NONE);
    let tally = Shared::default();
    let protocol = Speaker { length: 30_000, tally: Rc::clone(&tally) };
    world.serve::<_, 2, 2048, 4096>(protocol, &[7, 8]);
    for number in 0..20 {
        let port = 7 + number % 2;
        world.client_of(port, vec![Step::ReadToEnd, Step::Close], Manners::default());
    }
    world.run(MINUTE);
    for client in 0..20 {
        assert_eq!(world.ending(client), Some(Ending::Done));
        assert_eq!(world.received(client), pattern_bytes(30_000));
    }
    assert_eq!(tally.borrow().most_open, 2);
}

#[test]
fn a_request_repeated_while_half_open_opens_no_second_connection() {
    let mut world = World::new(1, Faults::NONE);
    let tally = lines::<4>(&mut world);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 50_000);
    world.client(vec![Step::ReadToEnd]);
    world.pass(ms(10));
    world.listen_in();
    // Its peer's stack answers the SYN|ACK with a reset, so cut what comes back.
    world.cable.borrow_mut().vanished.insert(50_000);
    for _ in 0..4 {
        world.inject(syn(remote, at(7), 77));
        world.pass(ms(5));
    }
    let answers = world.heard(50_000);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(world.counters(0).open.get(), 2);
    assert_eq!(tally.borrow().opened, 1);
}

#[test]
fn a_port_is_used_again_after_time_wait() {
    let mut world = World::new(1, Faults::NONE);
    speaker(&mut world, 100);
    for _ in 0..5 {
        let client = world.client(vec![Step::ReadToEnd, Step::Close]);
        world.clients.set_port(client, 50_000);
        world.run(MINUTE);
        assert_eq!(world.ending(client), Some(Ending::Done));
        assert!(world.took(client) < ms(50), "took {}", world.took(client));
        // The client's last ACK and FIN; the device's side is in TIME-WAIT.
        world.pass(ms(100));
    }
}

#[test]
fn a_peer_that_rebooted_is_challenged_and_connects_again() {
    let mut world = World::new(1, Faults::NONE);
    let tally = lines::<4>(&mut world);
    let client = world.client(vec![
        Step::Send(b"one\n".to_vec()),
        Step::Read(4),
        Step::Vanish,
        Step::Wait(ms(100)),
        Step::Reboot,
        Step::Established,
        Step::Send(b"quit\n".to_vec()),
        Step::Read(4),
    ]);
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(world.received(client), b"one\nbye\n");
    // Its SYN is repeated after a second, when the challenge was answered.
    assert!(world.took(client) < Duration::from_secs(2), "took {}", world.took(client));
    assert_eq!(tally.borrow().opened, 2);
}

#[test]
fn an_old_request_does_not_harm_the_connection_it_opened() {
    let mut world = World::new(1, Faults::NONE);
    let tally = lines::<4>(&mut world);
    let client = world.client(vec![
        Step::Send(b"one\n".to_vec()),
        Step::Read(4),
        Step::Wait(ms(100)),
        Step::Send(b"two\n".to_vec()),
        Step::Read(4),
        Step::Close,
        Step::ReadToEnd,
    ]);
    world.pass(ms(50));
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), world.clients.list[client].port);
    world.inject(syn(remote, at(7), 12345));
    world.run(MINUTE);
    assert_eq!(world.ending(client), Some(Ending::Done));
    assert_eq!(tally.borrow().opened, 1);
}

#[test]
fn requests_come_over_ipv6_too() {
    let mut world = World::new(1, Faults::NONE);
    speaker(&mut world, 10_000);
    let device = IpEndpoint::new(IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 7);
    for _ in 0..20 {
        world.clients.add(device, vec![Step::ReadToEnd, Step::Close], Manners::default());
    }
    world.run(MINUTE);
    for client in 0..20 {
        assert_eq!(world.ending(client), Some(Ending::Done));
        assert_eq!(world.received(client), pattern_bytes(10_000));
    }
}

#[test]
fn a_request_survives_a_device_that_cannot_send() {
    let mut world = World::new(1, Faults::NONE);
    speaker(&mut world, 100);
    let first = world.client(vec![Step::ReadToEnd]);
    world.run(MINUTE);
    let second = world.client(vec![Step::ReadToEnd]);
    world.clients.poll(world.now);
    // The reset to this one takes the only room there is, after the SYN was parked.
    world.inject(syn(spoofed(1), at(9), 1000));
    world.now += ms(1);
    world.cable.borrow_mut().device_room = Some(1);
    for _ in 0..5 {
        assert!(world.turn().is_some_and(|due| due <= world.now), "work is left");
    }
    world.cable.borrow_mut().device_room = None;
    world.run(MINUTE);
    assert_eq!(world.ending(first), Some(Ending::Done));
    assert_eq!(world.ending(second), Some(Ending::Done));
    assert!(world.took(second) < ms(50), "took {}", world.took(second));
}

#[test]
fn an_idle_device_sleeps() {
    let mut world = World::new(1, Faults::NONE);
    speaker(&mut world, 100);
    for _ in 0..20 {
        world.client(vec![Step::ReadToEnd, Step::Close]);
    }
    world.run(MINUTE);
    world.pass(MINUTE);
    let before = world.turns;
    world.pass(MINUTE * 60);
    assert!(world.turns - before <= 2, "{} turns in an idle hour", world.turns - before);
}
