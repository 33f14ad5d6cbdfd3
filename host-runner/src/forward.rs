//! Forwards traffic between published ports of the host and the device. Runs in its own thread, so
//! that the device's loop handles frames only.

mod link;
mod tcp;
mod token;
mod udp;

use std::{
    io,
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollTimeout},
};

use crate::{error::Failure, publish::Listeners};
use tcp::TcpForwarder;
use token::Token;
use udp::UdpForwarder;

/// How often connections and flows are checked for timeouts.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Events handled per call of epoll_wait(2).
const EVENTS: usize = 256;

/// The longest datagram, and the most bytes read from a stream at once.
const BUFFER: usize = 64 * 1024;

/// Starts the thread that forwards `listeners` to `device`. It runs until the process ends.
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
    let mut next_sweep = Instant::now() + SWEEP_INTERVAL;
    loop {
        let wait = match tcp.wait(SWEEP_INTERVAL) {
            _ if tcp.has_pending() => Some(Duration::ZERO),
            None if udp.needs_sweep() => Some(SWEEP_INTERVAL),
            wait => wait,
        };
        let timeout = wait.and_then(|wait| EpollTimeout::try_from(wait).ok());
        let timeout = timeout.unwrap_or(EpollTimeout::NONE);
        let count = match epoll.wait(&mut events, timeout) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            Err(errno) => {
                eprintln!(
                    "host-runner: forwarding of published ports has stopped: {}",
                    errno.desc()
                );
                return;
            }
        };
        for event in events.iter().take(count) {
            match Token::from_data(event.data()) {
                Token::Listener(at) => tcp.accept(epoll, at),
                Token::Link(at) => tcp.pump(epoll, at, &mut buffer),
                Token::Datagrams(at) => udp.forward_requests(epoll, at, &mut buffer),
                Token::Flow(at) => udp.forward_replies(at, &mut buffer),
            }
        }
        tcp.pump_pending(epoll, &mut buffer);
        tcp.accept_again(epoll);
        let now = Instant::now();
        if now >= next_sweep {
            next_sweep = now + SWEEP_INTERVAL;
            tcp.sweep(now);
            udp.sweep(now);
        }
    }
}
