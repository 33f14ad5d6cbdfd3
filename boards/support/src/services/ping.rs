//! Answering datagrams on port 12000, and echo on port 7.

use bareserve::{
    device::PingEntry,
    echo,
    echo::{EchoConnection, TcpEcho, UdpEcho},
    ping::{
        profile::Profile,
        server,
        server::{Control, PingResources, PingServer},
    },
};
use smoltcp::phy::Device;

use super::{
    Services,
    tcp::Tcp,
    udp::{LONGEST, Udp},
};
use crate::runner::StartError;

/// Bytes between input and output of a TCP echo connection.
const ECHO: usize = 128;

/// The course's UDP ping, and RFC 862: four sockets, 11 KB.
pub struct PingMemory {
    /// Made when started: the memory of a board is all zeros at first, which takes no flash.
    control: Option<Control>,
    delayed: PingResources<4, 64>,
    ping: Udp<PingServer<'static>, 8, LONGEST>,
    echo: Udp<UdpEcho, 4, LONGEST>,
    echo_tcp: Tcp<TcpEcho<ECHO>, 2, ECHO, ECHO>,
}

impl PingMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 2 + 2;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            control: None,
            delayed: PingResources::new(),
            ping: Udp::new(),
            echo: Udp::new(),
            echo_tcp: Tcp::new(),
        }
    }

    /// Opens the ports. Gives what the page needs to show the ping service and to set its loss.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
    ) -> Result<PingEntry<'static>, StartError> {
        let control = &*self.control.insert(Control::new(Profile::DEFAULT));
        let ping = PingServer::new(control, self.delayed.split());
        let counters = self.ping.start(services, ping, &[server::PORT])?;
        self.echo.start(services, UdpEcho, &[echo::PORT])?;
        self.echo_tcp.start(services, TcpEcho, &[echo::PORT], EchoConnection::new)?;
        Ok(PingEntry { control, counters })
    }
}

impl Default for PingMemory {
    fn default() -> Self {
        Self::new()
    }
}
