//! The datagram service.

use std::{cell::RefCell, rc::Rc};

use bareserve::{net::udp::server::UdpMemory, protocol::endpoints::Endpoints};
use bareserve_testbench::{
    Bench, Faults,
    frames::{DEVICE_MAC, datagram, device},
};
use smoltcp::{
    socket::udp::{PacketBuffer, PacketMetadata},
    time::Duration,
    wire::{EthernetAddress, IpAddress, IpEndpoint},
};

use crate::toys::Echo;

const SIZE: usize = 256;

/// Serves [`Echo`] with rings of 16 of the longest datagrams.
fn echo(bench: &mut Bench) -> Rc<RefCell<Vec<Endpoints>>> {
    let locals = Rc::<RefCell<Vec<Endpoints>>>::default();
    let ring = || {
        let meta = Box::leak(Box::new([PacketMetadata::EMPTY; 16]));
        PacketBuffer::new(&mut meta[..], &mut Box::leak(Box::new([0; 16 * SIZE]))[..])
    };
    let memory = UdpMemory { rx: ring(), tx: ring(), datagram: Box::leak(Box::new([0; SIZE])) };
    let protocol = Echo { locals: Rc::clone(&locals) };
    bench.add(|stack| Box::new(stack.udp(memory, protocol, 7).expect("a free socket")));
    locals
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_burst_is_answered_whole_and_in_order() {
    let mut bench = Bench::new(1, Faults::NONE);
    echo(&mut bench);
    let peer = bench.clients.add_udp(5000, 32);
    for round in 0..3 {
        for number in 0..32_u8 {
            bench.clients.send_to(peer, device(7), &[round, number]);
        }
        bench.pass(ms(100));
        for number in 0..32_u8 {
            let answer = bench.clients.receive_from(peer);
            assert_eq!(answer, Some((vec![round, number], device(7))));
        }
        assert_eq!(bench.clients.receive_from(peer), None);
    }
}

#[test]
fn the_longest_datagram_is_answered_and_a_longer_one_is_dropped() {
    let mut bench = Bench::new(1, Faults::NONE);
    echo(&mut bench);
    let peer = bench.clients.add_udp(5000, 8);
    for length in [0, 1, SIZE, SIZE + 1, 1472, 2] {
        bench.clients.send_to(peer, device(7), &vec![b'x'; length]);
        bench.pass(ms(10));
    }
    let mut lengths = Vec::new();
    while let Some((answer, _)) = bench.clients.receive_from(peer) {
        lengths.push(answer.len());
    }
    assert_eq!(lengths, [0, 1, SIZE, 2]);
    let counters = bench.counters(0);
    assert_eq!((counters.served.get(), counters.unanswered.get()), (4, 2));
}

#[test]
fn a_broadcast_is_marked_and_answered_from_the_device_s_own_address() {
    let mut bench = Bench::new(1, Faults::NONE);
    let locals = echo(&mut bench);
    let peer = bench.clients.add_udp(5000, 8);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 5000);
    let own = IpAddress::v4(10, 0, 0, 1);
    for (mac, address, local) in [
        (DEVICE_MAC, own, Some(own)),
        (EthernetAddress::BROADCAST, IpAddress::v4(10, 0, 0, 255), None),
        (EthernetAddress::BROADCAST, IpAddress::v4(255, 255, 255, 255), None),
    ] {
        bench.inject(datagram(mac, remote, IpEndpoint::new(address, 7), b"hello"));
        bench.pass(ms(1100));
        assert_eq!(locals.borrow_mut().pop().unwrap().local_address(), local);
        assert_eq!(bench.clients.receive_from(peer), Some((b"hello".to_vec(), device(7))));
    }
}

#[test]
fn silence_is_not_polled() {
    let mut bench = Bench::new(1, Faults::NONE);
    echo(&mut bench);
    bench.pass(ms(10));
    let before = bench.polls();
    bench.pass(Duration::from_secs(3600));
    assert!(bench.polls() - before <= 2, "{} polls", bench.polls() - before);
}

#[test]
fn an_answer_to_a_host_that_does_not_exist_does_not_block_the_others() {
    let mut bench = Bench::new(1, Faults::NONE);
    echo(&mut bench);
    let peer = bench.clients.add_udp(5000, 64);
    let absent = IpEndpoint::new(IpAddress::v4(10, 0, 0, 77), 5000);
    for _ in 0..40 {
        bench.inject(datagram(DEVICE_MAC, absent, device(7), b"hello"));
    }
    let before = bench.polls();
    let mut answers = 0;
    for number in 0..50_u8 {
        bench.clients.send_to(peer, device(7), &[number]);
        bench.pass(ms(100));
        while bench.clients.receive_from(peer).is_some() {
            answers += 1;
        }
    }
    assert!(answers >= 30, "{answers} answers of 50");
    assert!(bench.polls() - before < 500, "{} polls", bench.polls() - before);
}
