//! The datagram service.

use std::{cell::RefCell, rc::Rc};

use bareserve::{
    counters::Counters,
    net::udp_server::{Ends, UdpServer},
    resources::UdpResources,
};
use smoltcp::{
    socket::udp::Socket,
    time::Duration,
    wire::{EthernetAddress, IpAddress, IpEndpoint},
};

use crate::common::{DEVICE_MAC, World, clients::at, frames::datagram, toys::Echo, wire::Faults};

const SIZE: usize = 256;

fn echo(world: &mut World) -> (Rc<RefCell<Vec<Ends>>>, &'static Counters) {
    let locals = Rc::<RefCell<Vec<Ends>>>::default();
    let resources: &'static mut UdpResources<16, SIZE> = Box::leak(Box::default());
    let counters: &'static Counters = Box::leak(Box::new(Counters::new()));
    let protocol = Echo { locals: Rc::clone(&locals) };
    let server =
        UdpServer::new(&mut world.stack, protocol, 7, resources.split(), counters).unwrap();
    world.services.push(Box::new(server));
    (locals, counters)
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
    let (_, counters) = echo(&mut world);
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
    assert_eq!((counters.served.get(), counters.refused.get()), (4, 2));
}

#[test]
fn a_broadcast_is_told_apart_and_answered_from_our_own_address() {
    let mut world = World::new(1, Faults::NONE);
    let (locals, _) = echo(&mut world);
    let handle = world.clients.add_udp(5000, 8);
    let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 5000);
    for (mac, address, is_ours) in [
        (DEVICE_MAC, IpAddress::v4(10, 0, 0, 1), true),
        (EthernetAddress::BROADCAST, IpAddress::v4(10, 0, 0, 255), false),
        (EthernetAddress::BROADCAST, IpAddress::v4(255, 255, 255, 255), false),
    ] {
        world.inject(datagram(mac, remote, IpEndpoint::new(address, 7), b"hello"));
        world.pass(ms(1100));
        assert_eq!(locals.borrow_mut().pop().unwrap().local, is_ours.then_some(address));
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
