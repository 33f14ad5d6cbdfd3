//! Ping over UDP on port 12000, and echo over UDP on port 7.

use bareserve::{
    device::PingEntry,
    ping::{
        profile::{Profile, SharedProfile},
        server,
    },
    services::ping,
};
use smoltcp::phy::Device;

use super::{Services, SetupError};
use crate::{board::Uart, static_cell::StaticCell};

/// The course's UDP ping, and RFC 862: two sockets, 10 KB.
pub struct PingMemory {
    profile: StaticCell<SharedProfile>,
    servers: StaticCell<ping::Udp<'static, 'static>>,
    resources: ping::UdpResources,
}

impl PingMemory {
    /// Sockets that it takes.
    pub const SOCKETS: usize = ping::UdpResources::SOCKETS;

    /// All zeros.
    pub const fn new() -> Self {
        Self {
            profile: StaticCell::new(),
            servers: StaticCell::new(),
            resources: ping::UdpResources::new(),
        }
    }

    /// Adds the services. Returns the entry through which the page sets the simulated loss.
    ///
    /// # Errors
    /// [`SetupError`]
    // Not inlined, so that the set-up's variables do not enlarge the stack frame of the main loop.
    #[inline(never)]
    pub fn start<E: Device, U: Uart>(
        &'static mut self,
        services: &mut Services<E, U>,
    ) -> Result<PingEntry<'static>, SetupError> {
        let profile = &*self.profile.put(SharedProfile::new(Profile::DEFAULT));
        let resources = &mut self.resources;
        let servers = ping::udp(&mut services.stack, resources, server::PORT, profile)?;
        services.run(self.servers.put(servers))?;
        Ok(PingEntry { profile })
    }
}

impl Default for PingMemory {
    fn default() -> Self {
        Self::new()
    }
}
