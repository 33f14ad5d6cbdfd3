//! Connections, each forwarded over a second one: bytes both ways, half-closes, resets.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream},
    os::fd::AsRawFd,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    libc,
    sys::{
        epoll::{Epoll, EpollFlags},
        socket::{
            AddressFamily, SockFlag, SockType, SockaddrIn, connect, setsockopt, socket, sockopt,
        },
    },
};

use super::Token;

/// Connections forwarded at once; more wait in the kernel's queue. Each takes two descriptors, and
/// 1,024 are what a process usually may have.
const MAX_LINKS: usize = 400;

/// How long a client may take to close after the device has.
const LINGER: Duration = Duration::from_secs(30);

/// Reads for one connection before the others have their turn.
const ROUNDS: usize = 8;

/// All published TCP ports.
pub struct TcpForwarder {
    listeners: Vec<(TcpListener, u16)>,
    device: Ipv4Addr,
    links: Vec<Option<Link>>,
    /// Links that had more to move when their turn ended.
    more: Vec<usize>,
    /// Clients may wait that found no place.
    is_full: bool,
}

impl TcpForwarder {
    pub fn new(
        epoll: &Epoll,
        listeners: Vec<(TcpListener, u16)>,
        device: Ipv4Addr,
    ) -> io::Result<Self> {
        for (at, (listener, _)) in listeners.iter().enumerate() {
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
            epoll.add(listener, Token::Listener(at).event(flags))?;
        }
        let links = (0..MAX_LINKS).map(|_| None).collect();
        Ok(Self { listeners, device, links, more: Vec::new(), is_full: false })
    }

    /// Takes in all clients of a listener that there is a place for.
    pub fn accept(&mut self, epoll: &Epoll, listener: usize) {
        let Some((listener, port)) = self.listeners.get(listener) else { return };
        loop {
            let Some(at) = self.links.iter().position(Option::is_none) else {
                self.is_full = true;
                return;
            };
            match listener.accept() {
                Ok((client, _)) => {
                    if let Ok(link) = Link::new(epoll, client, (self.device, *port), at) {
                        self.links[at] = Some(link);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Out of descriptors; or the client has gone, which is no reason to stop.
                Err(error) => {
                    let out_of = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
                    if error.raw_os_error().is_some_and(|code| out_of.contains(&code)) {
                        self.is_full = true;
                        return;
                    }
                }
            }
        }
    }

    /// Takes in clients that had to wait, once there are places again.
    pub fn accept_again(&mut self, epoll: &Epoll) {
        if self.is_full && self.links.iter().any(Option::is_none) {
            self.is_full = false;
            for listener in 0..self.listeners.len() {
                self.accept(epoll, listener);
            }
        }
    }

    /// Moves what can be moved on a link.
    pub fn pump(&mut self, at: usize, buffer: &mut [u8]) {
        let Some(place) = self.links.get_mut(at) else { return };
        let Some(link) = place else { return };
        match link.pump(buffer) {
            Ok(Pumped::Idle) => {}
            Ok(Pumped::More) => self.more.push(at),
            Ok(Pumped::Finished) => *place = None,
            Err(_) => {
                link.reset();
                *place = None;
            }
        }
    }

    /// Whether some links have more to move at once.
    pub fn has_more(&self) -> bool {
        !self.more.is_empty()
    }

    /// Gives those links their next turn.
    pub fn pump_more(&mut self, buffer: &mut [u8]) {
        for at in std::mem::take(&mut self.more) {
            self.pump(at, buffer);
        }
    }

    /// Whether [`TcpForwarder::sweep`] will have something to do.
    pub fn needs_sweep(&self) -> bool {
        self.is_full || self.links.iter().flatten().any(|link| link.device_closed.is_some())
    }

    /// DatagramEndpoints connections whose client does not.
    pub fn sweep(&mut self, now: Instant) {
        for place in &mut self.links {
            if place.as_ref().is_some_and(|link| link.check_timeout(now)) {
                *place = None;
            }
        }
    }
}

/// A client's connection and ours to the device.
struct Link {
    client: TcpStream,
    device: TcpStream,
    is_connected: bool,
    up: Direction,
    down: Direction,
    device_closed: Option<Instant>,
}

/// One way of a link.
#[derive(Default)]
struct Direction {
    /// Read and not yet written: the part from `written` on.
    held: Vec<u8>,
    written: usize,
    source_ended: bool,
    end_passed_on: bool,
}

enum Pumped {
    /// Nothing more before the next event.
    Idle,
    /// Others first, then on.
    More,
    /// Both ends have closed.
    Finished,
}

impl Link {
    fn new(
        epoll: &Epoll,
        client: TcpStream,
        (address, port): (Ipv4Addr, u16),
        at: usize,
    ) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        // A client that vanished is noticed some day.
        setsockopt(&client, sockopt::KeepAlive, &true)?;
        let device = begin_connecting(address, port)?;
        device.set_nodelay(true)?;
        // Both are told of by edges: a link is pumped until neither side can move.
        let flags = EpollFlags::EPOLLIN
            | EpollFlags::EPOLLOUT
            | EpollFlags::EPOLLRDHUP
            | EpollFlags::EPOLLET;
        epoll.add(&client, Token::Link(at).event(flags))?;
        epoll.add(&device, Token::Link(at).event(flags))?;
        let (up, down) = (Direction::default(), Direction::default());
        Ok(Self { client, device, is_connected: false, up, down, device_closed: None })
    }

    fn pump(&mut self, buffer: &mut [u8]) -> io::Result<Pumped> {
        // Passing on a client's early half-close would end the attempt to connect.
        if !self.is_connected {
            if let Some(error) = self.device.take_error()? {
                return Err(error);
            }
            if self.device.peer_addr().is_err() {
                return Ok(Pumped::Idle);
            }
            self.is_connected = true;
        }
        let up = self.up.pump(&self.client, &self.device, buffer)?;
        let down = self.down.pump(&self.device, &self.client, buffer)?;
        if self.down.end_passed_on && self.device_closed.is_none() {
            self.device_closed = Some(Instant::now());
        }
        Ok(if self.up.end_passed_on && self.down.end_passed_on {
            Pumped::Finished
        } else if up || down {
            Pumped::More
        } else {
            Pumped::Idle
        })
    }

    /// What one side did, the other is told.
    fn reset(&self) {
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        // If not, the other side sees an orderly close instead.
        let _ = setsockopt(&self.client, sockopt::Linger, &at_once);
        let _ = setsockopt(&self.device, sockopt::Linger, &at_once);
    }

    fn check_timeout(&self, now: Instant) -> bool {
        self.device_closed.is_some_and(|since| now.duration_since(since) > LINGER)
    }
}

impl Direction {
    /// Moves bytes until one side cannot; returns whether it stopped before that.
    fn pump(&mut self, from: &TcpStream, to: &TcpStream, buffer: &mut [u8]) -> io::Result<bool> {
        for _ in 0..ROUNDS {
            if !self.write_held(to)? {
                return Ok(false);
            }
            if self.source_ended {
                if !self.end_passed_on {
                    self.end_passed_on = true;
                    // It may be gone already.
                    let _ = to.shutdown(Shutdown::Write);
                }
                return Ok(false);
            }
            match retry(|| (&mut &*from).read(buffer))? {
                None => return Ok(false),
                Some(0) => self.source_ended = true,
                Some(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    let written = retry(|| (&mut &*to).write(bytes))?.unwrap_or(0);
                    self.held.extend_from_slice(bytes.get(written..).unwrap_or_default());
                }
            }
        }
        Ok(true)
    }

    /// Returns whether nothing is held any more.
    fn write_held(&mut self, mut to: &TcpStream) -> io::Result<bool> {
        while let Some(rest @ [_, ..]) = self.held.get(self.written..) {
            match retry(|| to.write(rest))? {
                None => return Ok(false),
                Some(length) => self.written += length,
            }
        }
        self.held.clear();
        self.written = 0;
        Ok(true)
    }
}

/// `None`: not now.
fn retry(mut action: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match action() {
            Ok(length) => return Ok(Some(length)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Connects without waiting for it.
fn begin_connecting(address: Ipv4Addr, port: u16) -> io::Result<TcpStream> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let fd = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    let to = SocketAddrV4::new(address, port);
    match connect(fd.as_raw_fd(), &SockaddrIn::from(to)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(TcpStream::from(fd)),
        Err(errno) => Err(errno.into()),
    }
}
