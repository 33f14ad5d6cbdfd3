//! The memory of a stack, its services and its clients, as plain values that the program owns.
//!
//! A program composes a struct of these values, keeps it in a `static` cell or a variable, and lends
//! `&mut` of each field to the stack:
//!
//! ```
//! use bareserve::{
//!     echo::EchoConnection,
//!     net::resources::{StackResources, TcpResources, UdpResources},
//! };
//!
//! type Echo = TcpResources<EchoConnection<128>, 2, 512, 512>;
//! type Ping = UdpResources<4, 64>;
//!
//! pub struct Resources {
//!     pub stack: StackResources<'static, { Echo::SOCKETS + Ping::SOCKETS }, 16>,
//!     pub echo: Echo,
//!     pub ping: Ping,
//! }
//!
//! impl Resources {
//!     pub const fn new() -> Self {
//!         Self { stack: StackResources::new(), echo: TcpResources::new(), ping: UdpResources::new() }
//!     }
//! }
//! ```
//!
//! The values are `Send`, and all zeros until the stack takes them, so that a `static` of them takes no
//! flash for initial values.

use heapless::Vec;
use smoltcp::{iface::SocketStorage, socket::udp};

use super::{
    core::StackMemory,
    guard::FlowTable,
    listener::syn::Syn,
    tcp::{client::TcpClientMemory, server::TcpMemory, slot::Slot},
    udp::server::UdpMemory,
};
use crate::{counters::ServiceEntry, zeroed::fill};

/// The memory of a [`Stack`](crate::Stack): slots for `SOCKETS` sockets, `BACKLOG` queued connection
/// requests, and `SERVICES` services.
#[derive(Debug)]
pub struct StackResources<
    'a,
    const SOCKETS: usize,
    const BACKLOG: usize,
    const SERVICES: usize = 12,
> {
    sockets: Vec<SocketStorage<'a>, SOCKETS>,
    flows: FlowTable<SOCKETS>,
    backlog: Vec<Option<Syn>, BACKLOG>,
    services: Vec<ServiceEntry, SERVICES>,
}

impl<const SOCKETS: usize, const BACKLOG: usize, const SERVICES: usize>
    StackResources<'_, SOCKETS, BACKLOG, SERVICES>
{
    /// All zeros.
    pub const fn new() -> Self {
        Self {
            sockets: Vec::new(),
            flows: FlowTable::new(),
            backlog: Vec::new(),
            services: Vec::new(),
        }
    }
}

impl<const SOCKETS: usize, const BACKLOG: usize, const SERVICES: usize> Default
    for StackResources<'_, SOCKETS, BACKLOG, SERVICES>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, const SOCKETS: usize, const BACKLOG: usize, const SERVICES: usize>
    From<&'a mut StackResources<'a, SOCKETS, BACKLOG, SERVICES>> for StackMemory<'a>
{
    fn from(resources: &'a mut StackResources<'a, SOCKETS, BACKLOG, SERVICES>) -> Self {
        StackMemory {
            sockets: fill(&mut resources.sockets, || SocketStorage::EMPTY),
            flows: resources.flows.flows(),
            backlog: fill(&mut resources.backlog, || None),
            services: fill(&mut resources.services, ServiceEntry::vacant),
        }
    }
}

/// The memory of a TCP server: `N` connections, each with `RX` bytes of receive buffer (the TCP window)
/// and `TX` bytes of transmit buffer. `C` is the
/// [`Connection`](crate::protocol::stream::Protocol::Connection) of the protocol; for several
/// [protocols](super::tcp::protocols) on one pool, see [`PoolResources`].
pub struct TcpResources<C, const N: usize, const RX: usize, const TX: usize> {
    slots: Vec<Slot, N>,
    connections: Vec<C, N>,
    rx: [[u8; RX]; N],
    tx: [[u8; TX]; N],
}

/// The memory of a pool of `N` connections for the [protocols](super::tcp::protocols) `P`.
pub type PoolResources<P, const N: usize, const RX: usize, const TX: usize> =
    TcpResources<<P as super::tcp::protocols::Protocols>::Connection, N, RX, TX>;

impl<C, const N: usize, const RX: usize, const TX: usize> TcpResources<C, N, RX, TX> {
    /// Sockets that it takes.
    pub const SOCKETS: usize = N;

    /// All zeros.
    pub const fn new() -> Self {
        const { assert!(N > 0 && RX > 0 && TX > 0, "a server needs a connection, with buffers") }
        Self { slots: Vec::new(), connections: Vec::new(), rx: [[0; RX]; N], tx: [[0; TX]; N] }
    }
}

impl<C, const N: usize, const RX: usize, const TX: usize> Default for TcpResources<C, N, RX, TX> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, C: Default, const N: usize, const RX: usize, const TX: usize>
    From<&'a mut TcpResources<C, N, RX, TX>> for TcpMemory<'a, C>
{
    fn from(resources: &'a mut TcpResources<C, N, RX, TX>) -> Self {
        TcpMemory {
            slots: fill(&mut resources.slots, Slot::new),
            connections: fill(&mut resources.connections, C::default),
            rx: resources.rx.as_flattened_mut(),
            tx: resources.tx.as_flattened_mut(),
        }
    }
}

/// The memory of a TCP client: `RX` bytes of receive buffer and `TX` bytes of transmit buffer.
#[derive(Debug)]
pub struct TcpClientResources<const RX: usize, const TX: usize> {
    rx: [u8; RX],
    tx: [u8; TX],
}

impl<const RX: usize, const TX: usize> TcpClientResources<RX, TX> {
    /// Sockets that it takes.
    pub const SOCKETS: usize = 1;

    /// All zeros.
    pub const fn new() -> Self {
        const { assert!(RX > 0 && TX > 0, "a client needs buffers") }
        Self { rx: [0; RX], tx: [0; TX] }
    }
}

impl<const RX: usize, const TX: usize> Default for TcpClientResources<RX, TX> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, const RX: usize, const TX: usize> From<&'a mut TcpClientResources<RX, TX>>
    for TcpClientMemory<'a>
{
    fn from(resources: &'a mut TcpClientResources<RX, TX>) -> Self {
        TcpClientMemory { rx: &mut resources.rx, tx: &mut resources.tx }
    }
}

/// The memory of a UDP server or client: in each direction a ring of `N` datagrams with `BYTES` bytes
/// of payload in all, and one datagram of `BYTES` bytes that the protocol reads and writes. It takes
/// `3 * BYTES` bytes, and 32 for each datagram on a 32-bit machine without IPv6.
///
/// The longest payload accepted has `BYTES` bytes. Several shorter datagrams share the ring.
#[derive(Debug)]
pub struct UdpResources<const N: usize, const BYTES: usize> {
    rx_meta: Vec<udp::PacketMetadata, N>,
    tx_meta: Vec<udp::PacketMetadata, N>,
    rx: [u8; BYTES],
    tx: [u8; BYTES],
    datagram: [u8; BYTES],
}

impl<const N: usize, const BYTES: usize> UdpResources<N, BYTES> {
    /// Sockets that it takes.
    pub const SOCKETS: usize = 1;

    /// All zeros.
    pub const fn new() -> Self {
        const { assert!(N > 0 && BYTES > 0, "a UDP service needs room for a datagram") }
        Self {
            rx_meta: Vec::new(),
            tx_meta: Vec::new(),
            rx: [0; BYTES],
            tx: [0; BYTES],
            datagram: [0; BYTES],
        }
    }
}

impl<const N: usize, const BYTES: usize> Default for UdpResources<N, BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, const N: usize, const BYTES: usize> From<&'a mut UdpResources<N, BYTES>>
    for UdpMemory<'a>
{
    fn from(resources: &'a mut UdpResources<N, BYTES>) -> Self {
        let UdpResources { rx_meta, tx_meta, rx, tx, datagram } = resources;
        UdpMemory { rx: ring(rx_meta, rx), tx: ring(tx_meta, tx), datagram }
    }
}

/// A ring over memory of any size. Not generic over the size, so that it is compiled once.
#[inline(never)]
fn ring<'m>(
    meta: &'m mut heapless::vec::VecView<udp::PacketMetadata>,
    bytes: &'m mut [u8],
) -> udp::PacketBuffer<'m> {
    udp::PacketBuffer::new(fill(meta, || udp::PacketMetadata::EMPTY), bytes)
}
