//! The time: the course's time stamp, RFC 867 and RFC 868.

use smoltcp::phy::Device;

use crate::{
    Stack,
    entropy::Entropy,
    net::{
        resources,
        setup_error::SetupError,
        tcp::protocols::{On, on},
        udp::server::{UdpMemory, UdpServer},
    },
    protocol::environment::Observer,
    time::{
        daytime::{self, Daytime},
        format::TimeFormat,
        seconds::{self, Seconds},
        server::{TimeServer, UdpTime},
        timestamp::Timestamp,
    },
};

/// One type for all formats, so that the code of their servers is compiled once.
type Format = &'static dyn TimeFormat;

/// Time stamp, daytime and seconds over TCP.
pub type Tcp = (On<TimeServer<Format>>, On<TimeServer<Format>>, On<TimeServer<Format>>);

/// Serves the time stamp on `timestamp_port` (the course's is
/// [`timestamp::PORT`](crate::time::timestamp::PORT)), and the others on their own ports.
pub fn tcp(timestamp_port: u16) -> Tcp {
    let server = TimeServer::<Format>;
    (
        on(&[timestamp_port], server(&Timestamp)),
        on(&[daytime::PORT], server(&Daytime)),
        on(&[seconds::PORT], server(&Seconds)),
    )
}

/// Daytime and seconds over UDP.
pub type Udp<'a> = (UdpServer<'a, UdpTime<Format>>, UdpServer<'a, UdpTime<Format>>);

/// Serves daytime and seconds on their ports. `memory` is `&mut` [`UdpResources`], or that of each.
///
/// # Errors
/// [`SetupError`]
pub fn udp<'a, D: Device, E: Entropy, O: Observer>(
    stack: &mut Stack<'a, D, E, O>,
    memory: impl Into<[UdpMemory<'a>; 2]>,
) -> Result<Udp<'a>, SetupError> {
    let [daytime, seconds] = memory.into();
    let server = UdpTime::<Format>;
    Ok((
        stack.udp(daytime, server(&Daytime), daytime::PORT)?,
        stack.udp(seconds, server(&Seconds), seconds::PORT)?,
    ))
}

/// The memory of [`udp`]: four requests of up to 64 bytes in all for each. Replies have 56 bytes at
/// most.
#[derive(Debug)]
pub struct UdpResources {
    daytime: resources::UdpResources<4, 64>,
    seconds: resources::UdpResources<4, 64>,
}

impl UdpResources {
    /// Sockets that it takes.
    pub const SOCKETS: usize = 2;

    /// All zeros.
    pub const fn new() -> Self {
        Self { daytime: resources::UdpResources::new(), seconds: resources::UdpResources::new() }
    }
}

impl Default for UdpResources {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> From<&'a mut UdpResources> for [UdpMemory<'a>; 2] {
    fn from(resources: &'a mut UdpResources) -> Self {
        [(&mut resources.daytime).into(), (&mut resources.seconds).into()]
    }
}
