//! Forwards TCP connections over a second connection each: data in both directions, half-closes and
//! resets.

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

use super::token::Token;

/// Connections forwarded at once; further ones wait in the kernel's backlog. Each takes two file
/// descriptors, of which a process usually may have 1,024.
const MAX_LINKS: usize = 400;

/// How long a client may take to close after the device has closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads per connection before the other connections are served.
const READ_BUDGET: usize = 8;

/// All published TCP ports.
pub struct TcpForwarder {
    listeners: Vec<(TcpListener, u16)>,
    device: Ipv4Addr,
    links: Vec<Option<Link>>,
    /// Links that used up their read budget.
    pending: Vec<usize>,
    /// A client could not be accepted for lack of a slot or a descriptor, and may still be waiting.
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
        Ok(Self { listeners, device, links, pending: Vec::new(), is_full: false })
    }

    /// Accepts the waiting clients of a listener, as far as there are free slots.
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
                // Without descriptors or memory, accepting pauses. Other errors concern a client that
                // has disconnected already.
                Err(error) => {
                    let exhausted = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
                    if error.raw_os_error().is_some_and(|code| exhausted.contains(&code)) {
                        self.is_full = true;
                        return;
                    }
                }
            }
        }
    }

    /// Accepts clients that had to wait, once there is a free slot.
    pub fn accept_again(&mut self, epoll: &Epoll) {
        if self.is_full && self.links.iter().any(Option::is_none) {
            self.is_full = false;
            for listener in 0..self.listeners.len() {
                self.accept(epoll, listener);
            }
        }
    }

    /// Moves data on a link until neither direction can make progress.
    pub fn pump(&mut self, at: usize, buffer: &mut [u8]) {
        let Some(slot) = self.links.get_mut(at) else { return };
        let Some(link) = slot else { return };
        match link.pump(buffer) {
            Ok(Pumped::Idle) => {}
            Ok(Pumped::More) => self.pending.push(at),
            Ok(Pumped::Finished) => *slot = None,
            Err(_) => {
                link.reset();
                *slot = None;
            }
        }
    }

    /// Whether links with unread data are pending.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Pumps the pending links again.
    pub fn pump_pending(&mut self, buffer: &mut [u8]) {
        for at in std::mem::take(&mut self.pending) {
            self.pump(at, buffer);
        }
    }

    /// Whether [`TcpForwarder::sweep`] must be called.
    pub fn needs_sweep(&self) -> bool {
        self.is_full || self.links.iter().flatten().any(|link| link.device_closed.is_some())
    }

    /// Drops connections whose client has not closed in time.
    pub fn sweep(&mut self, now: Instant) {
        for slot in &mut self.links {
            if slot.as_ref().is_some_and(|link| link.is_overdue(now)) {
                *slot = None;
            }
        }
    }
}

/// A client's connection and the matching connection to the device.
struct Link {
    client: TcpStream,
    device: TcpStream,
    is_connected: bool,
    up: Direction,
    down: Direction,
    device_closed: Option<Instant>,
}

/// One direction of a link.
#[derive(Default)]
struct Direction {
    /// Bytes read; those from `written` on are still to be written.
    buffered: Vec<u8>,
    written: usize,
    source_ended: bool,
    end_forwarded: bool,
}

enum Pumped {
    /// No progress before the next event.
    Idle,
    /// The read budget is used up, and there may be more data.
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
        // Detects clients that vanish without closing.
        setsockopt(&client, sockopt::KeepAlive, &true)?;
        let device = begin_connecting(address, port)?;
        device.set_nodelay(true)?;
        // Edge-triggered: after an event a link is pumped until neither direction makes progress.
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
        // Nothing is forwarded earlier: a shutdown(2) would abort the connection attempt.
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
        if self.down.end_forwarded && self.device_closed.is_none() {
            self.device_closed = Some(Instant::now());
        }
        Ok(if self.up.end_forwarded && self.down.end_forwarded {
            Pumped::Finished
        } else if up || down {
            Pumped::More
        } else {
            Pumped::Idle
        })
    }

    /// Resets both connections: a reset from one side is forwarded to the other.
    fn reset(&self) {
        let abort = libc::linger { l_onoff: 1, l_linger: 0 };
        // If this fails, the other side sees an orderly close instead.
        let _ = setsockopt(&self.client, sockopt::Linger, &abort);
        let _ = setsockopt(&self.device, sockopt::Linger, &abort);
    }

    fn is_overdue(&self, now: Instant) -> bool {
        self.device_closed.is_some_and(|since| now.duration_since(since) > CLOSE_TIMEOUT)
    }
}

impl Direction {
    /// Moves bytes until reading or writing would block. Returns whether it stopped earlier, at the
    /// read budget.
    fn pump(&mut self, from: &TcpStream, to: &TcpStream, buffer: &mut [u8]) -> io::Result<bool> {
        for _ in 0..READ_BUDGET {
            if !self.write_buffered(to)? {
                return Ok(false);
            }
            if self.source_ended {
                if !self.end_forwarded {
                    self.end_forwarded = true;
                    // The peer may have closed the connection already.
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
                    self.buffered.extend_from_slice(bytes.get(written..).unwrap_or_default());
                }
            }
        }
        Ok(true)
    }

    /// Writes buffered bytes. Returns whether the buffer is empty.
    fn write_buffered(&mut self, mut to: &TcpStream) -> io::Result<bool> {
        while let Some(rest @ [_, ..]) = self.buffered.get(self.written..) {
            match retry(|| to.write(rest))? {
                None => return Ok(false),
                Some(length) => self.written += length,
            }
        }
        self.buffered.clear();
        self.written = 0;
        Ok(true)
    }
}

/// Repeats a call that a signal interrupted. Returns `None` if it would block.
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

/// Starts a non-blocking connection attempt.
fn begin_connecting(address: Ipv4Addr, port: u16) -> io::Result<TcpStream> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let fd = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    let to = SocketAddrV4::new(address, port);
    match connect(fd.as_raw_fd(), &SockaddrIn::from(to)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(TcpStream::from(fd)),
        Err(errno) => Err(errno.into()),
    }
}
