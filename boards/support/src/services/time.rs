//! Telling the time on ports 9999, 13 and 37, and asking for it.

use bareserve::{
    net::udp::client::UdpClient,
    time::{
        client::ClockSetter,
        daytime,
        daytime::Daytime,
        seconds,
        seconds::Seconds,
        server::{TimeConnection, TimeFormat, TimeServer, UdpTime},
        timestamp,
        timestamp::Timestamp,
    },
};
use smoltcp::{
    phy::Device,
    wire::{IpAddress, IpEndpoint},
};

use super::{
    Services,
    tcp::Tcp,
    udp::{Udp, UdpRings},
};
use crate::{runner::StartError, static_cell::StaticCell};

/// One type for all formats, so that their servers' code is there once.
type Format = &'static dyn TimeFormat;

/// Two connections a port. Nothing is read, and an answer has 56 bytes at most.
type TcpTime = Tcp<TimeServer<Format>, 2, 16, 64>;
type UdpTimeMemory = Udp<UdpTime<Format>, 4, 64>;

/// The course's time stamp, RFC 867 and RFC 868: nine sockets, 2.7 KB.
pub struct TimeMemory {
    timestamp: TcpTime,
    daytime: (TcpTime, UdpTimeMemory),
    seconds: (TcpTime, UdpTimeMemory),
    clock_setter: StaticCell<UdpClient<'static, ClockSetter>>,
    /// One answer of four bytes.
    clock_setter_rings: UdpRings<1, 8>,
}

impl TimeMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 3 * 2 + 2 + 1;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            timestamp: Tcp::new(),
            daytime: (Tcp::new(), Udp::new()),
            seconds: (Tcp::new(), Udp::new()),
            clock_setter: StaticCell::new(),
            clock_setter_rings: UdpRings::new(),
        }
    }

    /// Opens the ports. The clock is asked for, by RFC 868 over UDP, at port 37 of `time_server`.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
        time_server: IpAddress,
    ) -> Result<(), StartError> {
        let (tcp, udp) = (TimeServer::<Format>, UdpTime::<Format>);
        let connection = TimeConnection::new;
        self.timestamp.start(services, tcp(&Timestamp), &[timestamp::PORT], connection)?;
        self.daytime.0.start(services, tcp(&Daytime), &[daytime::PORT], connection)?;
        self.daytime.1.start(services, udp(&Daytime), &[daytime::PORT])?;
        self.seconds.0.start(services, tcp(&Seconds), &[seconds::PORT], connection)?;
        self.seconds.1.start(services, udp(&Seconds), &[seconds::PORT])?;

        let server = IpEndpoint::new(time_server, seconds::PORT);
        let memory = self.clock_setter_rings.split();
        let client = UdpClient::new(&mut services.stack, ClockSetter::new(), server, memory)?;
        services.run(self.clock_setter.put(client))
    }
}

impl Default for TimeMemory {
    fn default() -> Self {
        Self::new()
    }
}
