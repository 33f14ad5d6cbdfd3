//! Forwards TCP connections over a second connection each.
//!
//! Idle clients keep no others away. A client is connected to the device when it has sent something; of
//! those that have not (some protocols begin with the server) a few per port are connected at a time, in
//! the order of their arrival. When connections or file descriptors run out, the link that is idle for
//! longest goes, but no port can take those that are reserved for another.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, TcpListener},
    time::{Duration, Instant},
};

use nix::{
    libc,
    sys::{
        epoll::{Epoll, EpollFlags},
        resource::{Resource, getrlimit, setrlimit},
    },
};

use super::{
    link::{Link, Pumped},
    token::Token,
};

/// Connections forwarded at once, if there are enough file descriptors; further ones wait in the
/// kernel's backlog.
const MAX_LINKS: usize = 4096;

/// File descriptors that are not for links: those of datagrams, of files and of the program itself.
const OTHER_DESCRIPTORS: usize = 400;

/// Links that each port can always have.
const RESERVED: usize = 32;

/// Connections of a port to the device whose clients have not sent anything.
const MAX_SILENT: usize = 4;

/// How long a link has been idle at least before it goes for another client.
const LEAST_IDLE: Duration = Duration::from_secs(1);

/// How often a full forwarder looks for a link that can go.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// All published TCP ports.
pub struct TcpForwarder {
    ports: Vec<Port>,
    device: Ipv4Addr,
    links: Vec<Option<Link>>,
    /// Links that used up their read budget.
    pending: Vec<usize>,
    /// When to accept again, if a client was not accepted for lack of a slot or a descriptor.
    accept_at: Option<Instant>,
    /// Clients that have sent nothing may wait for a connection to the device.
    has_waiting: bool,
    /// One of them may have its turn.
    is_turn: bool,
    /// Links whose device has closed.
    closing: usize,
}

struct Port {
    listener: TcpListener,
    device_port: u16,
    /// Links of this port.
    links: usize,
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
        let ports: Vec<_> = listeners
            .into_iter()
            .map(|(listener, device_port)| Port { listener, device_port, links: 0 })
            .collect();
        // Two descriptors each.
        let affordable = descriptors().saturating_sub(OTHER_DESCRIPTORS) / 2;
        let count = affordable.clamp(RESERVED * ports.len(), MAX_LINKS.max(RESERVED * ports.len()));
        let links = (0..count).map(|_| None).collect();
        Ok(Self {
            ports,
            device,
            links,
            pending: Vec::new(),
            accept_at: None,
            has_waiting: false,
            is_turn: false,
            closing: 0,
        })
    }

    /// Accepts the waiting clients of a listener, as far as there are free slots.
    pub fn accept(&mut self, epoll: &Epoll, listener: usize) {
        loop {
            let Some(at) = self.free_slot(listener) else {
                return self.accept_later();
            };
            let Some(port) = self.ports.get_mut(listener) else { return };
            match port.listener.accept() {
                Ok((client, _)) => {
                    if let Ok(link) = Link::new(epoll, client, listener, Token::Link(at)) {
                        port.links += 1;
                        self.links[at] = Some(link);
                        self.connect_if_due(epoll, at);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Without descriptors or memory, accepting pauses unless an idle link can go. Other
                // errors concern a client that has disconnected already.
                Err(error) => {
                    if is_exhausted(&error) && !self.evict(listener) {
                        return self.accept_later();
                    }
                }
            }
        }
    }

    fn accept_later(&mut self) {
        self.accept_at = Some(Instant::now() + RETRY_INTERVAL);
    }

    /// Accepts clients that had to wait, and connects those to the device whose turn it is.
    pub fn accept_again(&mut self, epoll: &Epoll) {
        if self.accept_at.is_some_and(|at| at <= Instant::now()) {
            self.accept_at = None;
            for listener in 0..self.ports.len() {
                self.accept(epoll, listener);
            }
        }
        if std::mem::take(&mut self.is_turn) && std::mem::take(&mut self.has_waiting) {
            self.connect_waiting(epoll);
        }
    }

    /// Moves data on a link until neither direction can make progress.
    pub fn pump(&mut self, epoll: &Epoll, at: usize, buffer: &mut [u8]) {
        self.connect_if_due(epoll, at);
        let Some(Some(link)) = self.links.get_mut(at) else { return };
        let (was_silent, was_closing) = (link.is_silent(), link.is_closing());
        link.check_spoken();
        self.is_turn |= was_silent && !link.is_silent();
        let pumped = link.pump(buffer);
        self.closing += usize::from(!was_closing && link.is_closing());
        match pumped {
            Ok(Pumped::Idle) => {}
            Ok(Pumped::More) => self.pending.push(at),
            Ok(Pumped::Finished) => self.remove(at),
            Err(_) => {
                link.reset();
                self.remove(at);
            }
        }
    }

    /// Whether links with unread data are pending.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Pumps the pending links again.
    pub fn pump_pending(&mut self, epoll: &Epoll, buffer: &mut [u8]) {
        for at in std::mem::take(&mut self.pending) {
            self.pump(epoll, at, buffer);
        }
    }

    /// The time until [`TcpForwarder::accept_again`] or [`TcpForwarder::sweep`] must be called, if no
    /// event precedes it.
    pub fn wait(&self, sweep_interval: Duration) -> Option<Duration> {
        match self.accept_at {
            Some(at) => Some(at.saturating_duration_since(Instant::now())),
            None => (self.closing > 0).then_some(sweep_interval),
        }
    }

    /// Drops connections whose client has not closed in time.
    pub fn sweep(&mut self, now: Instant) {
        for at in 0..self.links.len() {
            if self.links[at].as_ref().is_some_and(|link| link.is_overdue(now)) {
                self.remove(at);
            }
        }
    }

    /// The index of a free slot that a client of `listener` may take, after evicting an idle link if
    /// there is none.
    fn free_slot(&mut self, listener: usize) -> Option<usize> {
        if !self.has_slot(listener) && !self.evict(listener) {
            return None;
        }
        self.links.iter().position(Option::is_none)
    }

    /// Whether there is a free slot that is not reserved for another port.
    fn has_slot(&self, listener: usize) -> bool {
        let used: usize = self.ports.iter().map(|port| port.links).sum();
        let reserved = |(at, port): (usize, &Port)| match at == listener {
            true => 0,
            false => RESERVED.saturating_sub(port.links),
        };
        let reserved: usize = self.ports.iter().enumerate().map(reserved).sum();
        used + reserved < self.links.len()
    }

    /// Drops the link that is idle for longest, of this port or of one that has more than are reserved
    /// for it. Returns whether there was one.
    fn evict(&mut self, listener: usize) -> bool {
        let may_go =
            |link: &Link| link.listener == listener || self.ports[link.listener].links > RESERVED;
        let links = self.links.iter().enumerate();
        let idle = links
            .filter_map(|(at, link)| {
                link.as_ref().filter(|link| may_go(link)).map(|link| (at, link))
            })
            .min_by_key(|(_, link)| link.last_active);
        match idle {
            Some((at, link)) if link.last_active.elapsed() >= LEAST_IDLE => {
                self.remove(at);
                true
            }
            _ => false,
        }
    }

    /// Connects a link to the device, if its client has sent something or few others have not.
    fn connect_if_due(&mut self, epoll: &Epoll, at: usize) {
        let Some(Some(link)) = self.links.get_mut(at) else { return };
        if !link.is_waiting() {
            return;
        }
        let listener = link.listener;
        if !link.check_spoken() && self.silent(listener) >= MAX_SILENT {
            self.has_waiting = true;
            return;
        }
        self.connect(epoll, at);
    }

    fn connect(&mut self, epoll: &Epoll, at: usize) {
        let Some(Some(link)) = self.links.get_mut(at) else { return };
        let listener = link.listener;
        let to = (self.device, self.ports[listener].device_port);
        if let Err(error) = link.connect(epoll, to, Token::Link(at)) {
            let is_again = is_exhausted(&error) && self.evict(listener);
            let Some(Some(link)) = self.links.get_mut(at) else { return };
            if !is_again || link.connect(epoll, to, Token::Link(at)).is_err() {
                self.remove(at);
            }
        }
    }

    /// The number of a port's connections to the device whose clients have not sent anything.
    fn silent(&self, listener: usize) -> usize {
        let is_silent = |link: &&Link| link.listener == listener && link.is_silent();
        self.links.iter().flatten().filter(is_silent).count()
    }

    /// Connects clients that have sent nothing, as far as there is room for them.
    fn connect_waiting(&mut self, epoll: &Epoll) {
        for listener in 0..self.ports.len() {
            let mut room = MAX_SILENT.saturating_sub(self.silent(listener));
            loop {
                let waiting = |(at, link): (usize, &Option<Link>)| {
                    let link = link.as_ref()?;
                    (link.listener == listener && link.is_waiting())
                        .then_some((link.last_active, at))
                };
                let first = self.links.iter().enumerate().filter_map(waiting).min();
                let Some((_, at)) = first else { break };
                if room == 0 {
                    self.has_waiting = true;
                    break;
                }
                room -= 1;
                self.connect(epoll, at);
            }
        }
    }

    fn remove(&mut self, at: usize) {
        if let Some(link) = self.links.get_mut(at).and_then(Option::take) {
            self.ports[link.listener].links -= 1;
            self.closing -= usize::from(link.is_closing());
            self.is_turn = true;
            if self.accept_at.is_some() {
                self.accept_at = Some(Instant::now());
            }
        }
    }
}

/// Raises the limit of file descriptors as far as is permitted, and returns it.
fn descriptors() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    let wanted = hard.min((2 * MAX_LINKS + OTHER_DESCRIPTORS) as u64);
    if wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() {
        return wanted as usize;
    }
    soft as usize
}

fn is_exhausted(error: &io::Error) -> bool {
    let exhausted = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.contains(&code))
}
