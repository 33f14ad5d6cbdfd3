//! Carries what comes to published ports to the device and back, in a thread of its own, so that
//! the device's loop stays one of frames only.

mod tcp;
mod udp;

use std::{
    io,
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};

use crate::{error::Failure, publish::Listeners};
use tcp::TcpForwarder;
use udp::UdpForwarder;

/// How often connections and flows are looked at that may have to end.
const SWEEP: Duration = Duration::from_secs(5);

/// Events taken in at once.
const EVENTS: usize = 256;

/// The longest datagram, and the most that is read from a stream at once.
const BUFFER: usize = 64 * 1024;

/// Begins to forward to `device`, until the process ends.
pub fn start(listeners: Listeners, device: Ipv4Addr) -> Result<(), Failure> {
    let describe = |error: io::Error| Failure(format!("forwarding published ports: {error}"));
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(|e| describe(e.into()))?;
    let tcp = TcpForwarder::new(&epoll, listeners.tcp, device).map_err(describe)?;
    let udp = UdpForwarder::new(&epoll, listeners.udp, device).map_err(describe)?;
    thread::Builder::new()
        .name("publish".to_string())
        .spawn(move || forward(&epoll, tcp, udp))
        .map_err(describe)?;
    Ok(())
}

fn forward(epoll: &Epoll, mut tcp: TcpForwarder, mut udp: UdpForwarder) {
    let mut buffer = vec![0; BUFFER];
    let mut events = [EpollEvent::empty(); EVENTS];
    let mut next_sweep = Instant::now() + SWEEP;
    loop {
        let timeout = if tcp.has_more() {
            EpollTimeout::ZERO
        } else if tcp.needs_sweep() || udp.needs_sweep() {
            EpollTimeout::try_from(SWEEP).unwrap_or(EpollTimeout::NONE)
        } else {
            EpollTimeout::NONE
        };
        let count = match epoll.wait(&mut events, timeout) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(errno) => {
                eprintln!("host-runner: forwarding published ports ended: {}", errno.desc());
                return;
            }
        };
        for event in events.iter().take(count) {
            match Token::from_data(event.data()) {
                Token::Listener(at) => tcp.accept(epoll, at),
                Token::Link(at) => tcp.pump(at, &mut buffer),
                Token::Datagrams(at) => udp.from_clients(epoll, at, &mut buffer),
                Token::Flow(at) => udp.from_device(at, &mut buffer),
            }
        }
        tcp.pump_more(&mut buffer);
        tcp.accept_again(epoll);
        let now = Instant::now();
        if now >= next_sweep {
            next_sweep = now + SWEEP;
            tcp.sweep(now);
            udp.sweep(now);
        }
    }
}

/// What an event is about: the place of a listener, link or flow.
#[derive(Debug, Clone, Copy)]
enum Token {
    /// A TCP socket that listens.
    Listener(usize),
    /// Either socket of a forwarded connection.
    Link(usize),
    /// A published UDP socket.
    Datagrams(usize),
    /// A UDP socket towards the device.
    Flow(usize),
}

impl Token {
    const KINDS: u64 = 4;

    fn event(self, flags: EpollFlags) -> EpollEvent {
        let (kind, at) = match self {
            Self::Listener(at) => (0, at),
            Self::Link(at) => (1, at),
            Self::Datagrams(at) => (2, at),
            Self::Flow(at) => (3, at),
        };
        EpollEvent::new(flags, at as u64 * Self::KINDS + kind)
    }

    fn from_data(data: u64) -> Self {
        let at = (data / Self::KINDS) as usize;
        match data % Self::KINDS {
            0 => Self::Listener(at),
            1 => Self::Link(at),
            2 => Self::Datagrams(at),
            _ => Self::Flow(at),
        }
    }
}
