//! Telling the time on ports 9999, 13 and 37, and asking for it.

use bareserve::{
    Context, Service, Stack,
    counters::Counters,
    device::{ServiceEntry, Transport},
    net::{
        tcp_server::{SetupError, TcpServer},
        udp_client::UdpClient,
        udp_server::UdpServer,
    },
    resources::TcpResources,
    time::{
        client::ClockSetter,
        daytime::{self, Daytime},
        seconds::{self, Seconds},
        server::{TimeConnection, TimeFormat, TimeResponder, TimeServer},
        timestamp::{self, Timestamp},
    },
};
use smoltcp::{
    phy::Device,
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use super::{first_poll, udp_rings::UdpRings};
use crate::place::Place;

/// Two connections a port. Nothing is read, and an answer has 56 bytes at most.
type Tcp = TcpResources<TimeConnection, 2, 64, 64>;
type Udp = UdpRings<4, 64>;

/// One type for all formats, so that their servers' code is there once.
type Format = &'static dyn TimeFormat;

/// The memory of [`Time`]: nine sockets, 2 KB.
pub struct TimeMemory {
    service: Place<Time>,
    timestamp: Tcp,
    daytime: (Tcp, Udp),
    seconds: (Tcp, Udp),
    /// One answer of four bytes.
    clock_setter: UdpRings<1, 8>,
    counters: [Counters; 5],
}

impl TimeMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 3 * 2 + 2 + 1;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            service: Place::new(),
            timestamp: Tcp::empty(),
            daytime: (Tcp::empty(), Udp::new()),
            seconds: (Tcp::empty(), Udp::new()),
            clock_setter: UdpRings::new(),
            counters: [const { Counters::new() }; 5],
        }
    }
}

impl Default for TimeMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// The course's time stamp, RFC 867 and RFC 868.
pub struct Time {
    timestamp: TcpServer<'static, TimeServer<Format>>,
    daytime: TcpServer<'static, TimeServer<Format>>,
    daytime_udp: UdpServer<'static, TimeResponder<Format>>,
    seconds: TcpServer<'static, TimeServer<Format>>,
    seconds_udp: UdpServer<'static, TimeResponder<Format>>,
    clock_setter: UdpClient<'static, ClockSetter>,
    counters: &'static [Counters; 5],
}

impl Time {
    /// Opens the ports. The clock is asked for, by RFC 868 over UDP, at port 37 of `time_server`.
    ///
    /// # Errors
    /// [`SetupError`]
    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn new<D: Device>(
        stack: &mut Stack<'static, D>,
        time_server: IpAddress,
        memory: &'static mut TimeMemory,
    ) -> Result<&'static mut Self, SetupError> {
        let TimeMemory { service, timestamp, daytime, seconds, clock_setter, counters } = memory;
        let counters = &*counters;
        let [a, b, c, d, e] = counters;
        let server = IpEndpoint::new(time_server, seconds::PORT);
        Ok(service.put(Self {
            timestamp: tcp(stack, &Timestamp, &[timestamp::PORT], timestamp, a)?,
            daytime: tcp(stack, &Daytime, &[daytime::PORT], &mut daytime.0, b)?,
            daytime_udp: udp(stack, &Daytime, daytime::PORT, &mut daytime.1, c)?,
            seconds: tcp(stack, &Seconds, &[seconds::PORT], &mut seconds.0, d)?,
            seconds_udp: udp(stack, &Seconds, seconds::PORT, &mut seconds.1, e)?,
            clock_setter: UdpClient::new(stack, ClockSetter::new(), server, clock_setter.split())?,
            counters,
        }))
    }

    /// What there is to show.
    pub fn entries(&self) -> [ServiceEntry<'static>; 5] {
        let [a, b, c, d, e] = self.counters;
        [
            ServiceEntry {
                name: "time",
                transport: Transport::Tcp,
                ports: &[timestamp::PORT],
                counters: a,
            },
            ServiceEntry {
                name: "daytime",
                transport: Transport::Tcp,
                ports: &[daytime::PORT],
                counters: b,
            },
            ServiceEntry {
                name: "daytime",
                transport: Transport::Udp,
                ports: &[daytime::PORT],
                counters: c,
            },
            ServiceEntry {
                name: "seconds",
                transport: Transport::Tcp,
                ports: &[seconds::PORT],
                counters: d,
            },
            ServiceEntry {
                name: "seconds",
                transport: Transport::Udp,
                ports: &[seconds::PORT],
                counters: e,
            },
        ]
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

impl Service for Time {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.timestamp.poll(cx);
        self.daytime.poll(cx);
        self.daytime_udp.poll(cx);
        self.seconds.poll(cx);
        self.seconds_udp.poll(cx);
        self.clock_setter.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        first_poll(&[
            &self.timestamp,
            &self.daytime,
            &self.daytime_udp,
            &self.seconds,
            &self.seconds_udp,
            &self.clock_setter,
        ])
    }
}
