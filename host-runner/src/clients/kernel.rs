//! Client sessions over the kernel's sockets.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    os::fd::AsFd,
    time::Duration,
};

use bareserve::{
    Environment,
    clock::WallClock,
    net::tcp::client::ClientTimeouts,
    protocol::client::{DatagramSession, Failure as SessionFailure, Progress, StreamSession},
};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

use crate::{
    clock::Clock,
    entropy::OsEntropy,
    error::Failure,
    run::{self, StopSignals, Woken},
};

const BUFFER: usize = 64 * 1024;

/// The clocks and random bytes that sessions use.
struct HostEnvironment {
    clock: Clock,
    wall: WallClock,
    entropy: OsEntropy,
    observer: (),
}

impl HostEnvironment {
    fn new() -> Self {
        let clock = Clock::new(None);
        Self { clock, wall: WallClock::new(), entropy: OsEntropy, observer: () }
    }

    fn environment(&mut self) -> Environment<'_> {
        let now = self.clock.now();
        self.clock.set(&mut self.wall, now);
        Environment {
            now,
            wall_clock: &mut self.wall,
            entropy: &mut self.entropy,
            observer: &mut self.observer,
            registry: Default::default(),
        }
    }
}

/// Runs `session` with the first of `addresses` that accepts a connection.
pub fn stream<S: StreamSession>(
    addresses: &[SocketAddr],
    session: &mut S,
    tick: impl FnMut(&S),
) -> Result<Result<(), SessionFailure>, Failure> {
    let mut host = HostEnvironment::new();
    let result = match connect(addresses) {
        Ok(socket) => exchange(&socket, session, &mut host, tick)
            .map_err(|error| Failure(format!("network: {error}")))?,
        Err(failure) => Err(failure),
    };
    session.end(result, &mut host.environment());
    Ok(result)
}

fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, SessionFailure> {
    let mut failure = SessionFailure::Unreachable;
    for address in addresses {
        match TcpStream::connect_timeout(address, ClientTimeouts::DEFAULT.connect.into()) {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                failure = match error.kind() {
                    ErrorKind::ConnectionRefused => SessionFailure::Refused,
                    ErrorKind::TimedOut => SessionFailure::ConnectTimedOut,
                    _ => SessionFailure::Unreachable,
                }
            }
        }
    }
    Err(failure)
}

fn exchange<S: StreamSession>(
    mut socket: &TcpStream,
    session: &mut S,
    host: &mut HostEnvironment,
    mut tick: impl FnMut(&S),
) -> io::Result<Result<(), SessionFailure>> {
    socket.set_nonblocking(true)?;
    let mut input = Buffered::new();
    let mut output = Buffered::new();
    let (mut may_read, mut may_write) = (true, true);
    loop {
        let mut is_idle = true;
        if may_read && input.is_empty() {
            match socket.read(&mut input.bytes) {
                Ok(0) => {
                    may_read = false;
                    is_idle = false;
                }
                Ok(length) => input.fill(length),
                Err(error) if would_block(&error) => {}
                Err(_) => return Ok(Err(SessionFailure::Reset)),
            }
        }
        if !input.is_empty() {
            let taken = session.receive(input.rest(), &mut host.environment());
            input.take(taken);
            is_idle &= taken == 0;
        } else if !may_read && session.progress() == Progress::Running {
            session.end_of_input(&mut host.environment());
            if session.progress() == Progress::Running {
                return Ok(Err(SessionFailure::Reset));
            }
        }
        if may_write && output.is_empty() {
            let length = session.transmit(&mut output.bytes, &mut host.environment());
            output.fill(length);
        }
        if may_write && !output.is_empty() {
            match socket.write(output.rest()) {
                Ok(length) => {
                    output.take(length);
                    is_idle = false;
                }
                Err(error) if would_block(&error) => {}
                // The server has closed its side, but its answer may still be unread.
                Err(_) => may_write = false,
            }
        }
        tick(session);
        match session.progress() {
            Progress::Running => {}
            Progress::Succeeded if may_write && !output.is_empty() => {}
            Progress::Succeeded => return Ok(Ok(())),
            Progress::Failed => return Ok(Err(SessionFailure::GaveUp)),
        }
        if is_idle && !wait(socket, may_write && !output.is_empty())? {
            return Ok(Err(SessionFailure::Stalled));
        }
    }
}

/// Waits until the socket is ready. Returns `false` after the progress timeout.
fn wait(socket: &TcpStream, to_write: bool) -> io::Result<bool> {
    let mut events = PollFlags::POLLIN;
    events.set(PollFlags::POLLOUT, to_write);
    let limit: Duration = ClientTimeouts::DEFAULT.progress.into();
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(socket.as_fd(), events)], limit) {
        Ok(0) => Ok(false),
        Ok(_) | Err(Errno::EINTR) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// A buffer between a socket and a session; the bytes from `start` to `end` are pending.
struct Buffered {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffered {
    fn new() -> Self {
        Self { bytes: vec![0; BUFFER], start: 0, end: 0 }
    }

    fn fill(&mut self, length: usize) {
        (self.start, self.end) = (0, length);
    }

    fn take(&mut self, length: usize) {
        self.start += length;
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

/// Runs `session` over UDP with `address`, until it ends or the process receives a signal.
pub fn datagrams(address: SocketAddr, session: &mut impl DatagramSession) -> Result<(), Failure> {
    let describe = |error: io::Error| Failure(format!("{address}: {error}"));
    let signals = StopSignals::new()?;
    let local: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local).map_err(describe)?;
    socket.connect(address).map_err(describe)?;
    socket.set_nonblocking(true).map_err(describe)?;
    let mut host = HostEnvironment::new();
    let mut datagram = vec![0; BUFFER];
    while session.progress() == Progress::Running {
        while let Some(length) = session.transmit(&mut datagram, &mut host.environment()) {
            // A failed send, such as ECONNREFUSED after an ICMP error, counts as a lost datagram.
            let _ = socket.send(datagram.get(..length).unwrap_or_default());
        }
        if session.progress() != Progress::Running {
            break;
        }
        if run::sleep(&socket, None, session.poll_at(), &host.clock, &signals)? == Woken::Signalled
        {
            break;
        }
        while let Ok(length) = socket.recv(&mut datagram) {
            let received = datagram.get(..length).unwrap_or_default();
            session.receive(received, &mut host.environment());
        }
    }
    Ok(())
}
