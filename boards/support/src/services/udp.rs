//! A UDP server with all its memory: room for one long datagram, or several short ones, in each
//! direction.

use bareserve::{
    counters::Counters,
    device::Transport,
    net::udp::server::{UdpMemory, UdpServer},
    protocol::datagram::DatagramProtocol,
};
use heapless::{Vec, vec::VecView};
use smoltcp::{
    phy::Device,
    socket::udp::{PacketBuffer, PacketMetadata},
};

use super::Services;
use crate::{runner::StartError, static_cell::StaticCell};

/// The payload of the longest datagram that fits an Ethernet frame.
pub(super) const LONGEST: usize = 1472;

/// `P` with rings of `SIZE` bytes for up to `N` datagrams.
pub(super) struct Udp<P: 'static, const N: usize, const SIZE: usize> {
    server: StaticCell<UdpServer<'static, P>>,
    rings: UdpRings<N, SIZE>,
    counters: Counters,
}

impl<P: DatagramProtocol, const N: usize, const SIZE: usize> Udp<P, N, SIZE> {
    /// Not started.
    pub const fn new() -> Self {
        Self { server: StaticCell::new(), rings: UdpRings::new(), counters: Counters::new() }
    }

    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
        protocol: P,
        ports: &'static [u16; 1],
    ) -> Result<&'static Counters, StartError> {
        let Self { server: place, rings, counters } = self;
        let [port] = *ports;
        services.show(protocol.name(), Transport::Udp, ports, counters);
        let server = UdpServer::new(&mut services.stack, protocol, port, rings.split(), counters)?;
        services.run(place.put(server))?;
        Ok(counters)
    }
}

/// Rings of `SIZE` bytes for up to `N` datagrams: `3 * SIZE` bytes and 40 for each datagram.
pub(super) struct UdpRings<const N: usize, const SIZE: usize> {
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
        UdpMemory {
            rx: ring(&mut self.rx_meta, &mut self.rx),
            tx: ring(&mut self.tx_meta, &mut self.tx),
            datagram: &mut self.datagram,
        }
    }
}

/// A ring over this memory, whatever its size.
#[inline(never)]
fn ring<'m>(meta: &'m mut VecView<PacketMetadata>, bytes: &'m mut [u8]) -> PacketBuffer<'m> {
    while meta.push(PacketMetadata::EMPTY).is_ok() {}
    PacketBuffer::new(meta.as_mut_slice(), bytes)
}
