//! A pool of TCP services with all its memory.

use bareserve::net::{
    resources::{PoolResources, TcpResources},
    tcp::{protocols::Protocols, server::TcpServer},
};
use smoltcp::phy::Device;

use super::{Services, SetupError};
use crate::{board::Uart, static_cell::StaticCell};

/// `N` connections for the protocols `P`, with buffers of `RX` and `TX` bytes each.
pub struct TcpMemory<P: Protocols + 'static, const N: usize, const RX: usize, const TX: usize> {
    server: StaticCell<TcpServer<'static, P>>,
    resources: PoolResources<P, N, RX, TX>,
}

impl<P: Protocols, const N: usize, const RX: usize, const TX: usize> TcpMemory<P, N, RX, TX> {
    /// Sockets that it takes.
    pub const SOCKETS: usize = N;

    /// All zeros.
    pub const fn new() -> Self {
        Self { server: StaticCell::new(), resources: TcpResources::new() }
    }

    /// Adds the services.
    ///
    /// # Errors
    /// [`SetupError`]
    // Not inlined, so that the set-up's variables do not enlarge the stack frame of the main loop.
    #[inline(never)]
    pub fn start<E: Device, U: Uart>(
        &'static mut self,
        services: &mut Services<E, U>,
        protocols: P,
    ) -> Result<(), SetupError> {
        let server = services.stack.tcp_pool(&mut self.resources, protocols)?;
        services.run(self.server.put(server))
    }
}

impl<P: Protocols, const N: usize, const RX: usize, const TX: usize> Default
    for TcpMemory<P, N, RX, TX>
{
    fn default() -> Self {
        Self::new()
    }
}
