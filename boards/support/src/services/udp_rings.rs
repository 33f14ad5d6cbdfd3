//! Buffers for a UDP service: one long datagram, or several short ones, in each direction.

use bareserve::net::udp_server::UdpMemory;
use heapless::Vec;
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata};

/// The payload of the longest datagram that fits an Ethernet frame.
pub const LONGEST: usize = 1472;

/// Rings of `SIZE` bytes for up to `N` datagrams: `3 * SIZE` bytes and 40 for each datagram.
pub struct UdpRings<const N: usize, const SIZE: usize> {
    rx_meta: Vec<PacketMetadata, N>,
    tx_meta: Vec<PacketMetadata, N>,
    rx: [u8; SIZE],
    tx: [u8; SIZE],
    datagram: [u8; SIZE],
}

impl<const N: usize, const SIZE: usize> UdpRings<N, SIZE> {
    /// All empty.
    pub const fn new() -> Self {
        let (rx, tx, datagram) = ([0; SIZE], [0; SIZE], [0; SIZE]);
        Self { rx_meta: Vec::new(), tx_meta: Vec::new(), rx, tx, datagram }
    }

    /// As a server takes it.
    pub fn split(&mut self) -> UdpMemory<'_> {
        while self.rx_meta.push(PacketMetadata::EMPTY).is_ok() {}
        while self.tx_meta.push(PacketMetadata::EMPTY).is_ok() {}
        UdpMemory {
            rx: PacketBuffer::new(&mut self.rx_meta[..], &mut self.rx[..]),
            tx: PacketBuffer::new(&mut self.tx_meta[..], &mut self.tx[..]),
            datagram: &mut self.datagram,
        }
    }
}
