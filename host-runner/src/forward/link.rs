//! A client's connection and the matching one to the device: data in both directions, half-closes and
//! resets.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpStream},
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

/// How long a client may take to close after the device has closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads per connection before the other connections are served.
const READ_BUDGET: usize = 8;

/// A client's connection and the matching connection to the device.
pub struct Link {
    /// The listener that accepted the client.
    pub listener: usize,
    client: TcpStream,
    /// `None` while a client that has sent nothing waits for its turn.
    device: Option<TcpStream>,
    is_connected: bool,
    /// The client has sent something, or closed.
    has_spoken: bool,
    /// The time of the last progress.
    pub last_active: Instant,
    up: Direction,
    down: Direction,
    /// When the device closed.
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

pub enum Pumped {
    /// No progress before the next event.
    Idle,
    /// The read budget is used up, and there may be more data.
    More,
    /// Both ends have closed.
    Finished,
}

impl Link {
    /// A link without a connection to the device yet.
    pub fn new(
        epoll: &Epoll,
        client: TcpStream,
        listener: usize,
        token: Token,
    ) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        // Detects clients that vanish without closing.
        setsockopt(&client, sockopt::KeepAlive, &true)?;
        epoll.add(&client, token.event(edges()))?;
        Ok(Self {
            listener,
            client,
            device: None,
            is_connected: false,
            has_spoken: false,
            last_active: Instant::now(),
            up: Direction::default(),
            down: Direction::default(),
            device_closed: None,
        })
    }

    /// Begins the connection to the device.
    pub fn connect(&mut self, epoll: &Epoll, to: (Ipv4Addr, u16), token: Token) -> io::Result<()> {
        let device = begin_connecting(to)?;
        device.set_nodelay(true)?;
        epoll.add(&device, token.event(edges()))?;
        self.device = Some(device);
        Ok(())
    }

    /// Whether there is no connection to the device yet.
    pub fn is_waiting(&self) -> bool {
        self.device.is_none()
    }

    /// Whether the client is connected to the device and has not sent anything.
    pub fn is_silent(&self) -> bool {
        self.device.is_some() && !self.has_spoken
    }

    /// Whether the client has sent something, or closed. Peeks at the socket until it has.
    pub fn check_spoken(&mut self) -> bool {
        // At the end of the stream, and after an error, this does not block either.
        self.has_spoken = self.has_spoken || !is_blocked(&self.client.peek(&mut [0]));
        self.has_spoken
    }

    /// Moves data until neither direction makes progress, or the read budget is used up.
    pub fn pump(&mut self, buffer: &mut [u8]) -> io::Result<Pumped> {
        let Some(device) = &self.device else { return Ok(Pumped::Idle) };
        // Nothing is forwarded earlier: a shutdown(2) would abort the connection attempt.
        if !self.is_connected {
            if let Some(error) = device.take_error()? {
                return Err(error);
            }
            if device.peer_addr().is_err() {
                return Ok(Pumped::Idle);
            }
            self.is_connected = true;
        }
        self.last_active = Instant::now();
        let up = self.up.pump(&self.client, device, buffer)?;
        let down = self.down.pump(device, &self.client, buffer)?;
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
    pub fn reset(&self) {
        let abort = libc::linger { l_onoff: 1, l_linger: 0 };
        // If this fails, the other side sees an orderly close instead.
        let _ = setsockopt(&self.client, sockopt::Linger, &abort);
        if let Some(device) = &self.device {
            let _ = setsockopt(device, sockopt::Linger, &abort);
        }
    }

    /// Whether the device has closed, and the client has not.
    pub fn is_closing(&self) -> bool {
        self.device_closed.is_some()
    }

    /// Whether the device has closed so long ago that the link is dropped.
    pub fn is_overdue(&self, now: Instant) -> bool {
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

fn is_blocked<T>(result: &io::Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Edge-triggered: after an event a link is pumped until neither direction makes progress.
fn edges() -> EpollFlags {
    EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET
}

/// Starts a non-blocking connection attempt.
fn begin_connecting((address, port): (Ipv4Addr, u16)) -> io::Result<TcpStream> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let fd = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    let to = SocketAddrV4::new(address, port);
    match connect(fd.as_raw_fd(), &SockaddrIn::from(to)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(TcpStream::from(fd)),
        Err(errno) => Err(errno.into()),
    }
}
