//! The device's memory, sized by flags where a board has constants.

use bareserve::net::{
    listener::syn::Syn,
    stack::StackMemory,
    tcp::{server::TcpMemory, slot::Slot},
    udp::server::UdpMemory,
};
use smoltcp::{iface::SocketStorage, socket::udp};

/// Send and receive buffer of a TCP connection: the receive buffer is the window, of which the stack
/// uses 65,535 bytes.
const TCP_BUFFER: usize = 64 * 1024;

/// Datagrams that wait in each direction.
const DATAGRAMS: usize = 64;

/// The longest payload of an IPv4 datagram.
pub const DATAGRAM_SIZE: usize = 65_507;

/// Bytes of datagrams that wait in each direction.
const DATAGRAM_BUFFER: usize = 4 * DATAGRAM_SIZE;

/// Memory of the stack itself.
pub struct StackSpace<'a> {
    sockets: Vec<SocketStorage<'a>>,
    backlog: Vec<Option<Syn>>,
}

impl<'a> StackSpace<'a> {
    /// For so many sockets and waiting requests.
    pub fn new(sockets: usize, backlog: usize) -> Self {
        Self {
            sockets: (0..sockets).map(|_| SocketStorage::EMPTY).collect(),
            backlog: vec![None; backlog],
        }
    }

    /// As the stack takes it.
    pub fn split(&'a mut self) -> StackMemory<'a> {
        StackMemory { sockets: &mut self.sockets, backlog: &mut self.backlog }
    }
}

/// Memory of a TCP service.
pub struct TcpSpace<C> {
    slots: Vec<Slot<C>>,
    rx: Vec<u8>,
    tx: Vec<u8>,
}

impl<C> TcpSpace<C> {
    /// For so many connections at once.
    pub fn new(connections: usize, connection: impl Fn() -> C) -> Self {
        Self {
            slots: (0..connections).map(|_| Slot::new(connection())).collect(),
            rx: vec![0; connections * TCP_BUFFER],
            tx: vec![0; connections * TCP_BUFFER],
        }
    }

    /// As a server takes it.
    pub fn split(&mut self) -> TcpMemory<'_, C> {
        TcpMemory { slots: &mut self.slots, rx: &mut self.rx, tx: &mut self.tx }
    }
}

/// Memory of a UDP service.
pub struct UdpSpace {
    rx_meta: [udp::PacketMetadata; DATAGRAMS],
    tx_meta: [udp::PacketMetadata; DATAGRAMS],
    rx: Vec<u8>,
    tx: Vec<u8>,
    datagram: Vec<u8>,
}

impl Default for UdpSpace {
    fn default() -> Self {
        Self::new()
    }
}

impl UdpSpace {
    /// For datagrams of any size.
    pub fn new() -> Self {
        Self {
            rx_meta: [udp::PacketMetadata::EMPTY; DATAGRAMS],
            tx_meta: [udp::PacketMetadata::EMPTY; DATAGRAMS],
            rx: vec![0; DATAGRAM_BUFFER],
            tx: vec![0; DATAGRAM_BUFFER],
            datagram: vec![0; DATAGRAM_SIZE],
        }
    }

    /// As a server takes it.
    pub fn split(&mut self) -> UdpMemory<'_> {
        UdpMemory {
            rx: udp::PacketBuffer::new(&mut self.rx_meta[..], &mut self.rx[..]),
            tx: udp::PacketBuffer::new(&mut self.tx_meta[..], &mut self.tx[..]),
            datagram: &mut self.datagram,
        }
    }
}
