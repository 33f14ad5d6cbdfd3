//! The device's memory, sized by command-line options. The device exists as long as the program, so its
//! memory is never freed.

use bareserve::{
    counters::ServiceEntry,
    net::{
        StackMemory,
        guard::Flow,
        tcp::{client::TcpClientMemory, server::TcpMemory, slot::Slot},
        udp::server::UdpMemory,
    },
    ping::server::{Held, PingMemory},
    services::ping::UdpGroupMemory,
};
use smoltcp::{
    iface::SocketStorage,
    socket::udp::{PacketBuffer, PacketMetadata},
};

/// Receive buffer of a TCP connection: the window, of which the stack uses 65,535 bytes.
const TCP_RECEIVE: usize = 64 * 1024;

/// Transmit buffer of a TCP connection: what is under way on a path of 50 ms at 20 MB/s. Memory that a
/// connection never uses is never allocated.
const TCP_TRANSMIT: usize = 1024 * 1024;

/// The most services of the device.
const SERVICES: usize = 16;

/// The most datagrams queued in each direction.
const DATAGRAMS: usize = 64;

/// The longest payload of an IPv4 datagram.
const DATAGRAM_SIZE: usize = 65_507;

/// The most bytes of datagrams queued in each direction.
const DATAGRAM_BUFFER: usize = 4 * DATAGRAM_SIZE;

/// The most pings that are delayed at a time.
const HELD_PINGS: usize = 64;

/// Memory of a stack with `sockets` sockets and a queue for `backlog` connection requests.
pub fn stack<'a>(sockets: usize, backlog: usize) -> StackMemory<'a> {
    StackMemory {
        sockets: many(sockets, || SocketStorage::EMPTY),
        flows: many(sockets, Flow::closed),
        backlog: many(backlog, || None),
        services: many(SERVICES, ServiceEntry::vacant),
    }
}

/// Memory of a TCP server with so many connections.
pub fn tcp<'a, C: Default + 'a>(connections: usize) -> TcpMemory<'a, C> {
    TcpMemory {
        slots: many(connections, Slot::new),
        connections: many(connections, C::default),
        rx: zeros(connections * TCP_RECEIVE),
        tx: zeros(connections * TCP_TRANSMIT),
    }
}

/// Memory of a TCP client.
pub fn tcp_client<'a>() -> TcpClientMemory<'a> {
    TcpClientMemory { rx: zeros(TCP_RECEIVE), tx: zeros(TCP_TRANSMIT) }
}

/// Memory of a UDP server or client, for datagrams of any size.
pub fn udp<'a>() -> UdpMemory<'a> {
    UdpMemory { rx: ring(), tx: ring(), datagram: many(DATAGRAM_SIZE, || 0) }
}

/// Memory of ping and echo over UDP, and of the pings that are delayed.
pub fn ping<'a, 'p>() -> UdpGroupMemory<'a, 'p> {
    let held = PingMemory {
        queue: many(HELD_PINGS, || Held::NOTHING),
        bytes: many(HELD_PINGS * DATAGRAM_SIZE, || 0),
    };
    UdpGroupMemory { held, ping: udp(), echo: udp() }
}

fn ring<'a>() -> PacketBuffer<'a> {
    PacketBuffer::new(many(DATAGRAMS, || PacketMetadata::EMPTY), many(DATAGRAM_BUFFER, || 0))
}

/// Zeros, which take no memory until they are written.
fn zeros<'a>(count: usize) -> &'a mut [u8] {
    vec![0; count].leak()
}

fn many<'a, T: 'a>(count: usize, make: impl FnMut() -> T) -> &'a mut [T] {
    std::iter::repeat_with(make).take(count).collect::<Vec<_>>().leak()
}
