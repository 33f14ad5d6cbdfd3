//! Telling the time on ports 9999, 13 and 37.

use bareserve::{
    Context, Service, Stack,
    counters::Counters,
    net::{
        tcp_server::{SetupError, TcpServer},
        udp_server::UdpServer,
    },
    resources::TcpResources,
    time::{
        daytime::{self, Daytime},
        seconds::{self, Seconds},
        server::{TimeConnection, TimeFormat, TimeResponder, TimeServer},
        timestamp::{self, Timestamp},
    },
};
use smoltcp::{phy::Device, time::Instant};

use super::{first_poll, udp_rings::UdpRings};

/// Two connections a port. Nothing is read, and an answer has 56 bytes at most.
type Tcp = TcpResources<TimeConnection, 2, 64, 64>;
type Udp = UdpRings<4, 64>;

/// One type for all formats, so that their servers' code is there once.
type Format = &'static dyn TimeFormat;

/// The memory of [`Time`]: five sockets, 2 KB.
pub struct TimeMemory {
    timestamp: Tcp,
    daytime: (Tcp, Udp),
    seconds: (Tcp, Udp),
    counters: Counters,
}

impl TimeMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 3 * 2 + 2;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            timestamp: Tcp::empty(),
            daytime: (Tcp::empty(), Udp::new()),
            seconds: (Tcp::empty(), Udp::new()),
            counters: Counters::new(),
        }
    }
}

/// The course's time stamp, RFC 867 and RFC 868.
pub struct Time<'a> {
    timestamp: TcpServer<'a, TimeServer<Format>>,
    daytime: TcpServer<'a, TimeServer<Format>>,
    daytime_udp: UdpServer<'a, TimeResponder<Format>>,
    seconds: TcpServer<'a, TimeServer<Format>>,
    seconds_udp: UdpServer<'a, TimeResponder<Format>>,
}

impl<'a> Time<'a> {
    /// Opens the ports.
    ///
    /// # Errors
    /// [`SetupError`]
    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn new<D: Device>(
        stack: &mut Stack<'a, D>,
        memory: &'a mut TimeMemory,
    ) -> Result<Self, SetupError> {
        let TimeMemory { timestamp, daytime, seconds, counters } = memory;
        let counters = &*counters;
        Ok(Self {
            timestamp: tcp(stack, &Timestamp, &[timestamp::PORT], timestamp, counters)?,
            daytime: tcp(stack, &Daytime, &[daytime::PORT], &mut daytime.0, counters)?,
            daytime_udp: udp(stack, &Daytime, daytime::PORT, &mut daytime.1, counters)?,
            seconds: tcp(stack, &Seconds, &[seconds::PORT], &mut seconds.0, counters)?,
            seconds_udp: udp(stack, &Seconds, seconds::PORT, &mut seconds.1, counters)?,
        })
    }
}

fn tcp<'a, D: Device>(
    stack: &mut Stack<'a, D>,
    format: Format,
    ports: &'static [u16],
    memory: &'a mut Tcp,
    counters: &'a Counters,
) -> Result<TcpServer<'a, TimeServer<Format>>, SetupError> {
    let memory = memory.split_with(TimeConnection::new);
    TcpServer::new(stack, TimeServer(format), ports, memory, counters)
}

fn udp<'a, D: Device>(
    stack: &mut Stack<'a, D>,
    format: Format,
    port: u16,
    memory: &'a mut Udp,
    counters: &'a Counters,
) -> Result<UdpServer<'a, TimeResponder<Format>>, SetupError> {
    UdpServer::new(stack, TimeResponder(format), port, memory.split(), counters)
}

impl Service for Time<'_> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.timestamp.poll(cx);
        self.daytime.poll(cx);
        self.daytime_udp.poll(cx);
        self.seconds.poll(cx);
        self.seconds_udp.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        first_poll(&[
            &self.timestamp,
            &self.daytime,
            &self.daytime_udp,
            &self.seconds,
            &self.seconds_udp,
        ])
    }
}
