//! Time over UDP on ports 13 and 37, and a client that sets the clock.

use bareserve::{
    net::{resources::UdpResources, udp::client::UdpClient},
    services::time,
    time::{client::ClockSetter, seconds},
};
use smoltcp::{
    phy::Device,
    wire::{IpAddress, IpEndpoint},
};

use super::{Services, SetupError};
use crate::{board::Uart, static_cell::StaticCell};

/// Daytime (RFC 867) and seconds (RFC 868), and a client of the latter: three sockets, 1 KB.
pub struct TimeMemory {
    servers: StaticCell<time::Udp<'static>>,
    resources: time::UdpResources,
    client: StaticCell<UdpClient<'static, ClockSetter>>,
    /// One reply of four bytes.
    client_resources: UdpResources<1, 8>,
}

impl TimeMemory {
    /// Sockets that it takes.
    pub const SOCKETS: usize = time::UdpResources::SOCKETS + 1;

    /// All zeros.
    pub const fn new() -> Self {
        Self {
            servers: StaticCell::new(),
            resources: time::UdpResources::new(),
            client: StaticCell::new(),
            client_resources: UdpResources::new(),
        }
    }

    /// Adds the services, and a client that sets the clock from port 37 of `time_server`.
    ///
    /// # Errors
    /// [`SetupError`]
    // Not inlined, so that the set-up's variables do not enlarge the stack frame of the main loop.
    #[inline(never)]
    pub fn start<E: Device, U: Uart>(
        &'static mut self,
        services: &mut Services<E, U>,
        time_server: IpAddress,
    ) -> Result<(), SetupError> {
        let servers = time::udp(&mut services.stack, &mut self.resources)?;
        services.run(self.servers.put(servers))?;
        let server = IpEndpoint::new(time_server, seconds::PORT);
        let resources = &mut self.client_resources;
        let client = services.stack.udp_client(resources, ClockSetter::new(), server)?;
        services.run(self.client.put(client))
    }
}

impl Default for TimeMemory {
    fn default() -> Self {
        Self::new()
    }
}
