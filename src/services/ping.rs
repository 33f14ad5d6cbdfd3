//! Ping over UDP, and echo (RFC 862).

use smoltcp::phy::Device;

use crate::{
    Stack,
    echo::{self, TcpEcho, UdpEcho},
    entropy::Entropy,
    net::{
        resources,
        setup_error::SetupError,
        tcp::protocols::{On, on},
        udp::server::{UdpMemory, UdpServer},
    },
    ping::profile::SharedProfile,
    ping::server::{PingMemory, PingResources, PingServer},
    protocol::environment::Observer,
};

/// Echo over TCP, with `SIZE` bytes between input and output of a connection.
pub type Tcp<const SIZE: usize> = On<TcpEcho<SIZE>>;

/// Serves echo on its port.
pub fn tcp<const SIZE: usize>() -> Tcp<SIZE> {
    on(&[echo::PORT], TcpEcho)
}

/// Ping and echo over UDP.
pub type Udp<'a, 'p> = (UdpServer<'a, PingServer<'p>>, UdpServer<'a, UdpEcho>);

/// Serves ping on `port` (the course's is [`server::PORT`](crate::ping::server::PORT)) with the losses
/// and delays of `profile`, and echo on port 7. `memory` is `&mut` [`UdpResources`], or a
/// [`UdpGroupMemory`].
///
/// # Errors
/// [`SetupError`]
pub fn udp<'a, 'p, D: Device, E: Entropy, O: Observer>(
    stack: &mut Stack<'a, D, E, O>,
    memory: impl Into<UdpGroupMemory<'a, 'p>>,
    port: u16,
    profile: &'p SharedProfile,
) -> Result<Udp<'a, 'p>, SetupError> {
    let UdpGroupMemory { held, ping, echo } = memory.into();
    Ok((
        stack.udp(ping, PingServer::new(profile, held), port)?,
        stack.udp(echo, UdpEcho, echo::PORT)?,
    ))
}

/// The memory of [`udp`].
pub struct UdpGroupMemory<'a, 'p> {
    /// Replies that a profile delays.
    pub held: PingMemory<'p>,
    /// Ping's datagrams.
    pub ping: UdpMemory<'a>,
    /// Echo's datagrams.
    pub echo: UdpMemory<'a>,
}

/// The memory of [`udp`]: for ping and for echo one datagram of the longest payload that fits an
/// Ethernet frame, or several short ones, in each direction; and four delayed replies of 64 bytes.
#[derive(Debug)]
pub struct UdpResources {
    held: PingResources<4, 64>,
    ping: resources::UdpResources<8, 1472>,
    echo: resources::UdpResources<4, 1472>,
}

impl UdpResources {
    /// Sockets that it takes.
    pub const SOCKETS: usize = 2;

    /// All zeros.
    pub const fn new() -> Self {
        Self {
            held: PingResources::new(),
            ping: resources::UdpResources::new(),
            echo: resources::UdpResources::new(),
        }
    }
}

impl Default for UdpResources {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> From<&'a mut UdpResources> for UdpGroupMemory<'a, 'a> {
    fn from(resources: &'a mut UdpResources) -> Self {
        Self {
            held: (&mut resources.held).into(),
            ping: (&mut resources.ping).into(),
            echo: (&mut resources.echo).into(),
        }
    }
}
