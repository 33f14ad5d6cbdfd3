//! The memory of everything, as plain values that the user owns.
//!
//! A program has one value of a type of its own, made of these, and hands out parts of it:
//!
//! ```
//! use bareserve::net::resources::{StackResources, TcpResources, UdpResources};
//! # type Connection = ();
//! struct Resources {
//!     stack: StackResources<'static, 8, 16>,
//!     http: TcpResources<Connection, 4, 1024, 2048>,
//!     echo: UdpResources<4, 1472>,
//! }
//! ```
//!
//! What starts empty is made when it is split and is all zeros until then, so that a `static` of it
//! needs no initial values in flash.

use crate::zeroed::fill;
use heapless::Vec;
use smoltcp::{iface::SocketStorage, socket::udp};

use super::{
    listener::syn::Syn,
    stack::StackMemory,
    tcp::{server::TcpMemory, slot::Slot},
    udp::server::UdpMemory,
};

/// Places for `SOCKETS` sockets and for `BACKLOG` connection requests that wait.
#[derive(Debug)]
pub struct StackResources<'a, const SOCKETS: usize, const BACKLOG: usize> {
    sockets: Vec<SocketStorage<'a>, SOCKETS>,
    backlog: Vec<Option<Syn>, BACKLOG>,
}

impl<'a, const SOCKETS: usize, const BACKLOG: usize> StackResources<'a, SOCKETS, BACKLOG> {
    /// All empty.
    pub const fn new() -> Self {
        Self { sockets: Vec::new(), backlog: Vec::new() }
    }

    /// As [`Stack::new`](crate::Stack::new) takes it.
    pub fn split(&'a mut self) -> StackMemory<'a> {
        StackMemory {
            sockets: fill(&mut self.sockets, || SocketStorage::EMPTY),
            backlog: fill(&mut self.backlog, || None),
        }
    }
}

impl<const SOCKETS: usize, const BACKLOG: usize> Default for StackResources<'_, SOCKETS, BACKLOG> {
    fn default() -> Self {
        Self::new()
    }
}

/// The memory of a TCP service with `N` connections of `RX` bytes of receive buffer (the TCP
/// window) and `TX` bytes of transmit buffer each.
pub struct TcpResources<C, const N: usize, const RX: usize, const TX: usize> {
    slots: Vec<Slot<C>, N>,
    rx: [[u8; RX]; N],
    tx: [[u8; TX]; N],
}

impl<C, const N: usize, const RX: usize, const TX: usize> TcpResources<C, N, RX, TX> {
    /// Around the memory of the connections themselves.
    pub const fn new(connections: [Slot<C>; N]) -> Self {
        Self { slots: Vec::from_array(connections), rx: [[0; RX]; N], tx: [[0; TX]; N] }
    }

    /// Without connections: [`split_with`](TcpResources::split_with) makes them.
    pub const fn empty() -> Self {
        Self { slots: Vec::new(), rx: [[0; RX]; N], tx: [[0; TX]; N] }
    }

    /// As [`TcpServer::new`](crate::net::tcp::server::TcpServer::new) takes it.
    pub fn split(&mut self) -> TcpMemory<'_, C> {
        TcpMemory {
            slots: &mut self.slots,
            rx: self.rx.as_flattened_mut(),
            tx: self.tx.as_flattened_mut(),
        }
    }

    /// The same, with each connection that is missing made by `connection`.
    pub fn split_with(&mut self, mut connection: impl FnMut() -> C) -> TcpMemory<'_, C> {
        TcpMemory {
            slots: fill(&mut self.slots, || Slot::new(connection())),
            rx: self.rx.as_flattened_mut(),
            tx: self.tx.as_flattened_mut(),
        }
    }
}

/// The memory of a UDP service: room for `N` datagrams of up to `SIZE` bytes of payload in each
/// direction.
pub struct UdpResources<const N: usize, const SIZE: usize> {
    rx_meta: Vec<udp::PacketMetadata, N>,
    tx_meta: Vec<udp::PacketMetadata, N>,
    rx: [[u8; SIZE]; N],
    tx: [[u8; SIZE]; N],
    datagram: [u8; SIZE],
}

impl<const N: usize, const SIZE: usize> UdpResources<N, SIZE> {
    /// All empty.
    pub const fn new() -> Self {
        Self {
            rx_meta: Vec::new(),
            tx_meta: Vec::new(),
            rx: [[0; SIZE]; N],
            tx: [[0; SIZE]; N],
            datagram: [0; SIZE],
        }
    }

    /// As [`UdpServer::new`](crate::net::udp::server::UdpServer::new) takes it.
    pub fn split(&mut self) -> UdpMemory<'_> {
        UdpMemory {
            rx: udp::PacketBuffer::new(
                fill(&mut self.rx_meta, || udp::PacketMetadata::EMPTY),
                self.rx.as_flattened_mut(),
            ),
            tx: udp::PacketBuffer::new(
                fill(&mut self.tx_meta, || udp::PacketMetadata::EMPTY),
                self.tx.as_flattened_mut(),
            ),
            datagram: &mut self.datagram,
        }
    }
}

impl<const N: usize, const SIZE: usize> Default for UdpResources<N, SIZE> {
    fn default() -> Self {
        Self::new()
    }
}
