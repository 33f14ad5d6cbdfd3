//! Answering datagrams on port 12000, and echo on port 7.

use bareserve::{
    Context, Service, Stack,
    counters::Counters,
    device::{PingEntry, ServiceEntry, Transport},
    net::{
        tcp_server::{SetupError, TcpServer},
        udp_server::UdpServer,
    },
    ping::{
        echo::{self, EchoConnection, TcpEcho, UdpEcho},
        profile::Profile,
        server::{self, Control, PingResources, PingServer},
    },
    resources::TcpResources,
};
use smoltcp::{phy::Device, time::Instant};

use super::{
    first_poll,
    udp_rings::{LONGEST, UdpRings},
};
use crate::place::Place;

/// Bytes between input and output of a TCP echo connection.
const ECHO: usize = 128;

/// The memory of [`Ping`]: four sockets, 11 KB.
pub struct PingMemory {
    service: Place<Ping>,
    /// Made when split: the memory of a board is all zeros at first, which takes no flash.
    control: Option<Control>,
    delayed: PingResources<4, 64>,
    ping: UdpRings<8, LONGEST>,
    echo: UdpRings<4, LONGEST>,
    echo_tcp: TcpResources<EchoConnection<ECHO>, 2, ECHO, ECHO>,
    counters: [Counters; 3],
}

impl PingMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 2 + 2;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            service: Place::new(),
            control: None,
            delayed: PingResources::new(),
            ping: UdpRings::new(),
            echo: UdpRings::new(),
            echo_tcp: TcpResources::empty(),
            counters: [const { Counters::new() }; 3],
        }
    }
}

impl Default for PingMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// The course's UDP ping, and RFC 862.
pub struct Ping {
    ping: UdpServer<'static, PingServer<'static>>,
    echo: UdpServer<'static, UdpEcho>,
    echo_tcp: TcpServer<'static, TcpEcho<ECHO>>,
    control: &'static Control,
    counters: &'static [Counters; 3],
}

impl Ping {
    /// Opens the ports.
    ///
    /// # Errors
    /// [`SetupError`]
    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn new<D: Device>(
        stack: &mut Stack<'static, D>,
        memory: &'static mut PingMemory,
    ) -> Result<&'static mut Self, SetupError> {
        let PingMemory { service, control, delayed, ping, echo, echo_tcp, counters } = memory;
        let counters = &*counters;
        let [a, b, c] = counters;
        let control = &*control.insert(Control::new(Profile::DEFAULT));
        Ok(service.put(Self {
            ping: UdpServer::new(
                stack,
                PingServer::new(control, delayed.split()),
                server::PORT,
                ping.split(),
                a,
            )?,
            echo: UdpServer::new(stack, UdpEcho, echo::PORT, echo.split(), b)?,
            echo_tcp: TcpServer::new(
                stack,
                TcpEcho,
                &[echo::PORT],
                echo_tcp.split_with(EchoConnection::new),
                c,
            )?,
            control,
            counters,
        }))
    }

    /// What there is to show.
    pub fn entries(&self) -> [ServiceEntry<'static>; 3] {
        let [a, b, c] = self.counters;
        [
            ServiceEntry {
                name: "ping",
                transport: Transport::Udp,
                ports: &[server::PORT],
                counters: a,
            },
            ServiceEntry {
                name: "echo",
                transport: Transport::Udp,
                ports: &[echo::PORT],
                counters: b,
            },
            ServiceEntry {
                name: "echo",
                transport: Transport::Tcp,
                ports: &[echo::PORT],
                counters: c,
            },
        ]
    }

    /// The ping service, to show and to set its loss.
    pub fn ping(&self) -> PingEntry<'static> {
        let [counters, ..] = self.counters;
        PingEntry { control: self.control, counters }
    }
}

impl Service for Ping {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.ping.poll(cx);
        self.echo.poll(cx);
        self.echo_tcp.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        first_poll(&[&self.ping, &self.echo, &self.echo_tcp])
    }
}
