//! The datagram service.

use std::{cell::RefCell, rc::Rc};

use bareserve::{net::udp::server::UdpMemory, protocol::datagram::DatagramEndpoints};
use smoltcp::{
    socket::udp::{PacketBuffer, PacketMetadata, Socket},
    time::Duration,
    wire::{EthernetAddress, IpAddress, IpEndpoint},
};

use crate::{
    clients::at,
    frames::datagram,
    toys::Echo,
    wire::Faults,
    world::{DEVICE_MAC, World},
};

const SIZE: usize = 256;

fn echo(world: &mut World) -> Rc<RefCell<Vec<DatagramEndpoints>>> {
    let locals = Rc::<RefCell<Vec<DatagramEndpoints>>>::default();
    let ring = || {
        let meta = Box::leak(Box::new([PacketMetadata::EMPTY; 16]));
        PacketBuffer::new(&mut meta[..], &mut Box::leak(Box::new([0; 16 * SIZE]))[..])
    };
    let resources = UdpMemory { rx: ring(), tx: ring(), datagram: Box::leak(Box::new([0; SIZE])) };
    let protocol = Echo { locals: Rc::clone(&locals) };
    let server = world.stack.udp(resources, protocol, 7).unwrap();
    world.services.push(Box::new(server));
    locals
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_burst_is_answered_whole_and_in_order() {
    let mut world = World::new(1, Faults::NONE);
    echo(&mut world);
    let handle = world.clients.add_udp(5000, 32);
    for round in 0..3 {
        for number in 0..32_u8 {
            let socket = world.clients.sockets.get_mut::<Socket>(handle);
            socket.send_slice(&[round, number], at(7)).unwrap();
        }
        world.pass(ms(100));
        let socket = world.clients.sockets.get_mut::<Socket>(handle);
        for number in 0..32_u8 {
            let (answer, meta) = socket.recv().unwrap();
            assert_eq!((answer, meta.endpoint), (&[round, number][..], at(7)));
        }
        assert!(!socket.can_recv());
    }
}

#[test]
fn the_longest_datagram_is_answered_and_a_longer_one_is_dropped() {
    let mut world = World::new(1, Faults::NONE);
    echo(&mut world);
    let handle = world.clients.add_udp(5000, 8);
    for length in [0, 1, SIZE, SIZE + 1, 1472, 2] {
        let socket = world.clients.sockets.get_mut::<Socket>(handle);
        socket.send_slice(&vec![b'x'; length], at(7)).unwrap();
        world.pass(ms(10));
    }
    let socket = world.clients.sockets.get_mut::<Socket>(handle);
    let mut lengths = Vec::new();
    while let Ok((answer, _)) = socket.recv() {
        lengths.push(answer.len());
    }
    assert_eq!(lengths, [0, 1, SIZE, 2]);
    let counters = world.counters(0);
    assert_eq!((counters.served.get(), counters.unanswered.get()), (4, 2));
}

#[test]
fn a_broadcast_is_told_apart_and_answered_from_our_own_address() {
    let mut world = World::new(1, Faults::NONE);
    let locals = echo(&mut world);
    let handle = world.clients.add_udp(5000, 8);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 5000);
    let own = IpAddress::v4(10, 0, 0, 1);
    for (mac, address, told) in [
        (DEVICE_MAC, own, Some(own)),
        (EthernetAddress::BROADCAST, IpAddress::v4(10, 0, 0, 255), None),
        (EthernetAddress::BROADCAST, IpAddress::v4(255, 255, 255, 255), None),
    ] {
        world.inject(datagram(mac, remote, IpEndpoint::new(address, 7), b"hello"));
        world.pass(ms(1100));
        assert_eq!(locals.borrow_mut().pop().unwrap().local, told);
        let socket = world.clients.sockets.get_mut::<Socket>(handle);
        let (answer, meta) = socket.recv().unwrap();
        assert_eq!((answer, meta.endpoint), (&b"hello"[..], at(7)));
    }
}

#[test]
fn silence_is_not_polled() {
    let mut world = World::new(1, Faults::NONE);
    echo(&mut world);
    world.pass(ms(10));
    let before = world.turns;
    world.pass(Duration::from_secs(3600));
    assert!(world.turns - before <= 2, "{} turns", world.turns - before);
}

#[test]
fn an_answer_to_a_host_that_does_not_exist_does_not_block_the_others() {
    let mut world = World::new(1, Faults::NONE);
    echo(&mut world);
    let handle = world.clients.add_udp(5000, 64);
    let nobody = IpEndpoint::new(IpAddress::v4(10, 0, 0, 77), 5000);
    for _ in 0..40 {
        world.inject(datagram(DEVICE_MAC, nobody, at(7), b"hello"));
    }
    let before = world.turns;
    let mut answers = 0;
    for number in 0..50_u8 {
        let socket = world.clients.sockets.get_mut::<Socket>(handle);
        socket.send_slice(&[number], at(7)).unwrap();
        world.pass(ms(100));
        let socket = world.clients.sockets.get_mut::<Socket>(handle);
        while socket.recv().is_ok() {
            answers += 1;
        }
    }
    assert!(answers >= 30, "{answers} answers of 50");
    assert!(world.turns - before < 500, "{} turns", world.turns - before);
}
