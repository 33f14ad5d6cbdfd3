//! The listener: the backlog, the pool of sockets, and the order of service.

use std::rc::Rc;

use bareserve::net::{listener::queue::SYN_MAX_AGE, tcp::timeouts::Timeouts};
use bareserve_testbench::{
    Bench, ClientSettings, Ending, Faults, Step,
    frames::{device, segment, syn},
};
use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint, TcpControl},
};

use crate::toys::{Lines, Shared, Speaker, pattern_bytes};

const MINUTE: Duration = Duration::from_secs(60);

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn speaker(bench: &mut Bench, length: usize) -> Shared {
    let tally = Shared::default();
    let protocol = Speaker { length, tally: tally.clone() };
    bench.tcp::<_, 8, 2048, 4096>(protocol, &[7]);
    tally
}

#[test]
fn one_client_is_served() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = speaker(&mut bench, 10_000);
    let client = bench.connect(7, vec![Step::ReadToEnd, Step::Close]);
    bench.run(MINUTE);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(bench.received(client), pattern_bytes(10_000));
    assert_eq!(tally.borrow().opened, 1);
}

#[test]
fn a_dialogue() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = Shared::default();
    bench.tcp::<_, 2, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
    let client = bench.connect(
        7,
        vec![
            Step::Send(b"hel".to_vec()),
            Step::Wait(Duration::from_millis(5)),
            Step::Send(b"lo\n".to_vec()),
            Step::Read(6),
            Step::Send(b"get 9000\nput 5\nabcdequit\n".to_vec()),
            Step::ReadToEnd,
            Step::Close,
        ],
    );
    bench.run(MINUTE);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    let expected = [b"hello\n".to_vec(), pattern_bytes(9000), b"ok 5\nbye\n".to_vec()].concat();
    assert_eq!(bench.received(client), expected);
    assert_eq!(tally.borrow().stored, [b"abcde"]);
}

#[test]
fn clients_beyond_the_pool_wait_and_none_is_refused() {
    let mut bench = Bench::with_backlog::<512>(1, Faults::NONE);
    let tally = speaker(&mut bench, 80_000);
    for _ in 0..512 {
        bench.connect_with(7, vec![Step::ReadToEnd, Step::Close], ClientSettings::default());
    }
    bench.run(MINUTE);
    for client in 0..512 {
        assert_eq!(bench.ending(client), Some(Ending::Done), "client {client}");
        assert_eq!(bench.received(client).len(), 80_000);
    }
    assert_eq!(tally.borrow().most_open, 8);
    assert_eq!(tally.borrow().opened, 512);
    println!("512 clients took {}", bench.now);
}

#[test]
fn an_unserved_port_answers_with_a_reset() {
    let mut bench = Bench::new(1, Faults::NONE);
    speaker(&mut bench, 10);
    let client = bench.connect_with(8, vec![Step::ReadToEnd], ClientSettings::default());
    bench.run(MINUTE);
    assert_eq!(bench.ending(client), Some(Ending::Refused));
}

fn lines<const N: usize>(bench: &mut Bench) -> Shared {
    let tally = Shared::default();
    bench.tcp::<_, N, 2048, 4096>(Lines { tally: Rc::clone(&tally) }, &[7]);
    tally
}

/// A client that holds a connection without using it.
fn holder(bench: &mut Bench) -> usize {
    bench.connect(7, vec![Step::Established, Step::Wait(MINUTE)])
}

fn spoofed(number: u16) -> IpEndpoint {
    let [high, low] = number.to_be_bytes();
    IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), u16::from_be_bytes([high | 0x80, low]))
}

#[test]
fn a_repeated_request_is_parked_once_and_a_reset_removes_it() {
    let mut bench = Bench::new(1, Faults::NONE);
    lines::<1>(&mut bench);
    holder(&mut bench);
    bench.pass(ms(10));
    for _ in 0..3 {
        bench.inject(syn(spoofed(1), device(7), 1000));
        bench.inject(syn(spoofed(2), device(7), 1000));
        bench.pass(ms(1));
    }
    assert_eq!(bench.counters(0).parked.get(), 2);
    bench.inject(segment(spoofed(1), device(7), TcpControl::Rst, 1001, None));
    bench.pass(ms(1));
    assert_eq!(bench.counters(0).parked.get(), 1);
}

#[test]
fn a_request_that_is_not_repeated_expires() {
    let mut bench = Bench::new(1, Faults::NONE);
    // A connection that is never evicted.
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
    bench.tcp_with::<_, 1, 2048, 4096>(Lines { tally }, &[7], |server| {
        server.with_timeouts(&FOREVER, &FOREVER)
    });
    holder(&mut bench);
    bench.pass(ms(10));
    bench.inject(syn(spoofed(1), device(7), 1000));
    bench.pass(ms(100));
    assert_eq!(bench.counters(0).parked.get(), 1);
    bench.pass(SYN_MAX_AGE + Duration::from_secs(2));
    // Any frame wakes the device.
    bench.inject(syn(spoofed(2), device(7), 1000));
    bench.pass(ms(100));
    assert_eq!(bench.counters(0).parked.get(), 1);
}

#[test]
fn a_full_backlog_drops_the_oldest_request() {
    let mut bench = Bench::with_backlog::<4>(1, Faults::NONE);
    lines::<1>(&mut bench);
    holder(&mut bench);
    bench.pass(ms(10));
    for number in 0..6 {
        bench.inject(syn(spoofed(number), device(7), 1000));
        bench.pass(ms(1));
    }
    assert_eq!(bench.counters(0).parked.get(), 4);
    // A reset of the oldest finds no request; one of the newest removes it.
    bench.inject(segment(spoofed(0), device(7), TcpControl::Rst, 1001, None));
    bench.pass(ms(1));
    assert_eq!(bench.counters(0).parked.get(), 4);
    bench.inject(segment(spoofed(5), device(7), TcpControl::Rst, 1001, None));
    bench.pass(ms(1));
    assert_eq!(bench.counters(0).parked.get(), 3);
}

#[test]
fn two_ports_share_a_pool() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = Shared::default();
    let protocol = Speaker { length: 30_000, tally: Rc::clone(&tally) };
    bench.tcp::<_, 2, 2048, 4096>(protocol, &[7, 8]);
    for number in 0..20 {
        let port = 7 + number % 2;
        bench.connect_with(port, vec![Step::ReadToEnd, Step::Close], ClientSettings::default());
    }
    bench.run(MINUTE);
    for client in 0..20 {
        assert_eq!(bench.ending(client), Some(Ending::Done));
        assert_eq!(bench.received(client), pattern_bytes(30_000));
    }
    assert_eq!(tally.borrow().most_open, 2);
}

#[test]
fn a_request_repeated_while_half_open_opens_no_second_connection() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = lines::<4>(&mut bench);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 50_000);
    bench.connect(7, vec![Step::ReadToEnd]);
    bench.pass(ms(10));
    bench.wire_mut().record_device();
    // The peer's stack would answer the SYN|ACK with a reset: cut that off.
    bench.wire_mut().cut(50_000);
    for _ in 0..4 {
        bench.inject(syn(remote, device(7), 77));
        bench.pass(ms(5));
    }
    let answers = bench.segments_to(50_000);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(bench.counters(0).open.get(), 2);
    assert_eq!(tally.borrow().opened, 1);
}

#[test]
fn a_port_is_used_again_after_time_wait() {
    let mut bench = Bench::new(1, Faults::NONE);
    speaker(&mut bench, 100);
    for _ in 0..5 {
        let client = bench.connect(7, vec![Step::ReadToEnd, Step::Close]);
        bench.clients.set_port(client, 50_000);
        bench.run(MINUTE);
        assert_eq!(bench.ending(client), Some(Ending::Done));
        assert!(bench.took(client) < ms(50), "took {}", bench.took(client));
        // The client's last ACK and FIN arrive; the device's side is in TIME-WAIT.
        bench.pass(ms(100));
    }
}

#[test]
fn a_peer_that_rebooted_is_challenged_and_connects_again() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = lines::<4>(&mut bench);
    let client = bench.connect(
        7,
        vec![
            Step::Send(b"one\n".to_vec()),
            Step::Read(4),
            Step::Vanish,
            Step::Wait(ms(100)),
            Step::Reboot,
            Step::Established,
            Step::Send(b"quit\n".to_vec()),
            Step::Read(4),
        ],
    );
    bench.run(MINUTE);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(bench.received(client), b"one\nbye\n");
    // The client repeats its SYN after a second, when the challenge is answered.
    assert!(bench.took(client) < Duration::from_secs(2), "took {}", bench.took(client));
    assert_eq!(tally.borrow().opened, 2);
}

#[test]
fn an_old_request_does_not_harm_the_connection_it_opened() {
    let mut bench = Bench::new(1, Faults::NONE);
    let tally = lines::<4>(&mut bench);
    let client = bench.connect(
        7,
        vec![
            Step::Send(b"one\n".to_vec()),
            Step::Read(4),
            Step::Wait(ms(100)),
            Step::Send(b"two\n".to_vec()),
            Step::Read(4),
            Step::Close,
            Step::ReadToEnd,
        ],
    );
    bench.pass(ms(50));
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), bench.clients.list()[client].port());
    bench.inject(syn(remote, device(7), 12345));
    bench.run(MINUTE);
    assert_eq!(bench.ending(client), Some(Ending::Done));
    assert_eq!(tally.borrow().opened, 1);
}

#[test]
fn requests_come_over_ipv6_too() {
    let mut bench = Bench::new(1, Faults::NONE);
    speaker(&mut bench, 10_000);
    let device = IpEndpoint::new(IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 7);
    for _ in 0..20 {
        bench.clients.add(device, vec![Step::ReadToEnd, Step::Close], ClientSettings::default());
    }
    bench.run(MINUTE);
    for client in 0..20 {
        assert_eq!(bench.ending(client), Some(Ending::Done));
        assert_eq!(bench.received(client), pattern_bytes(10_000));
    }
}

#[test]
fn a_request_survives_a_device_that_cannot_send() {
    let mut bench = Bench::new(1, Faults::NONE);
    speaker(&mut bench, 100);
    let first = bench.connect(7, vec![Step::ReadToEnd]);
    bench.run(MINUTE);
    let second = bench.connect(7, vec![Step::ReadToEnd]);
    bench.clients.poll(bench.now);
    // The reset to this request takes the only transmit buffer, after the SYN was parked.
    bench.inject(syn(spoofed(1), device(9), 1000));
    bench.now += ms(1);
    bench.wire_mut().set_device_room(Some(1));
    for _ in 0..5 {
        assert!(bench.poll_device().is_some_and(|due| due <= bench.now), "work is left");
    }
    bench.wire_mut().set_device_room(None);
    bench.run(MINUTE);
    assert_eq!(bench.ending(first), Some(Ending::Done));
    assert_eq!(bench.ending(second), Some(Ending::Done));
    assert!(bench.took(second) < ms(50), "took {}", bench.took(second));
}

#[test]
fn an_idle_device_sleeps() {
    let mut bench = Bench::new(1, Faults::NONE);
    speaker(&mut bench, 100);
    for _ in 0..20 {
        bench.connect(7, vec![Step::ReadToEnd, Step::Close]);
    }
    bench.run(MINUTE);
    bench.pass(MINUTE);
    let before = bench.polls();
    bench.pass(MINUTE * 60);
    assert!(bench.polls() - before <= 2, "{} polls in an idle hour", bench.polls() - before);
}
