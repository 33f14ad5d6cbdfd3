//! A TCP server with all its memory.

use bareserve::{
    counters::Counters,
    device::Transport,
    net::{resources::TcpResources, tcp::server::TcpServer},
    protocol::stream::Protocol,
};
use smoltcp::phy::Device;

use super::Services;
use crate::{runner::StartError, static_cell::StaticCell};

/// `N` connections of `P`, with buffers of `RX` and `TX` bytes each.
pub(super) struct Tcp<P: Protocol + 'static, const N: usize, const RX: usize, const TX: usize> {
    server: StaticCell<TcpServer<'static, P>>,
    resources: TcpResources<P::Connection, N, RX, TX>,
    counters: Counters,
}

impl<P: Protocol, const N: usize, const RX: usize, const TX: usize> Tcp<P, N, RX, TX> {
    /// Not started.
    pub const fn new() -> Self {
        Self {
            server: StaticCell::new(),
            resources: TcpResources::empty(),
            counters: Counters::new(),
        }
    }

    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
        protocol: P,
        ports: &'static [u16],
        connection: fn() -> P::Connection,
    ) -> Result<(), StartError> {
        let Self { server: place, resources, counters } = self;
        services.show(protocol.name(), Transport::Tcp, ports, counters);
        let memory = resources.split_with(connection);
        let server = TcpServer::new(&mut services.stack, protocol, ports, memory, counters)?;
        services.run(place.put(server))
    }
}
