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
        server::{TimeConnection, TimeResponder, TimeServer},
        timestamp::{self, Timestamp},
    },
};
use smoltcp::{phy::Device, time::Instant};

use super::{first_poll, udp_rings::UdpRings};

/// Two connections a port. Nothing is read, and an answer has 56 bytes at most.
type Tcp = TcpResources<TimeConnection, 2, 64, 64>;
type Udp = UdpRings<4, 64>;

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
    timestamp: TcpServer<'a, TimeServer<Timestamp>>,
    daytime: TcpServer<'a, TimeServer<Daytime>>,
    daytime_udp: UdpServer<'a, TimeResponder<Daytime>>,
    seconds: TcpServer<'a, TimeServer<Seconds>>,
    seconds_udp: UdpServer<'a, TimeResponder<Seconds>>,
}

impl<'a> Time<'a> {
    /// Opens the ports.
    ///
    /// # Errors
    /// [`SetupError`]
    pub fn new<D: Device>(
        stack: &mut Stack<'a, D>,
        memory: &'a mut TimeMemory,
    ) -> Result<Self, SetupError> {
        let TimeMemory { timestamp, daytime, seconds, counters } = memory;
        let counters = &*counters;
        Ok(Self {
            timestamp: TcpServer::new(
                stack,
                TimeServer(Timestamp),
                &[timestamp::PORT],
                timestamp.split_with(TimeConnection::new),
                counters,
            )?,
            daytime: TcpServer::new(
                stack,
                TimeServer(Daytime),
                &[daytime::PORT],
                daytime.0.split_with(TimeConnection::new),
                counters,
            )?,
            daytime_udp: UdpServer::new(
                stack,
                TimeResponder(Daytime),
                daytime::PORT,
                daytime.1.split(),
                counters,
            )?,
            seconds: TcpServer::new(
                stack,
                TimeServer(Seconds),
                &[seconds::PORT],
                seconds.0.split_with(TimeConnection::new),
                counters,
            )?,
            seconds_udp: UdpServer::new(
                stack,
                TimeResponder(Seconds),
                seconds::PORT,
                seconds.1.split(),
                counters,
            )?,
        })
    }
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
