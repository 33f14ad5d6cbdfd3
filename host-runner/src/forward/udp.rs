//! Datagrams: each client gets a socket of its own towards the device, so that the device's answers
//! find their way back.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use nix::sys::epoll::{Epoll, EpollFlags};

use super::Token;

/// Clients remembered at once; the one silent for longest makes room.
const MAX_FLOWS: usize = 256;

/// How long a silent client is remembered.
const PATIENCE: Duration = Duration::from_secs(60);

/// Datagrams taken from one socket before the others have their turn.
const BUDGET: usize = 32;

/// All published UDP ports.
pub struct UdpForwarder {
    listeners: Vec<(UdpSocket, u16)>,
    device: Ipv4Addr,
    flows: Vec<Option<Flow>>,
    /// Place of the flow of each client of each listener.
    places: HashMap<(usize, SocketAddr), usize>,
}

/// One client of one port.
struct Flow {
    listener: usize,
    client: SocketAddr,
    socket: UdpSocket,
    last: Instant,
}

impl UdpForwarder {
    pub fn new(
        epoll: &Epoll,
        listeners: Vec<(UdpSocket, u16)>,
        device: Ipv4Addr,
    ) -> io::Result<Self> {
        for (at, (socket, _)) in listeners.iter().enumerate() {
            epoll.add(socket, Token::Datagrams(at).event(EpollFlags::EPOLLIN))?;
        }
        let flows = (0..MAX_FLOWS).map(|_| None).collect();
        Ok(Self { listeners, device, flows, places: HashMap::new() })
    }

    /// Passes on what clients of a listener have sent.
    pub fn from_clients(&mut self, epoll: &Epoll, listener: usize, buffer: &mut [u8]) {
        for _ in 0..BUDGET {
            let Some((socket, _)) = self.listeners.get(listener) else { return };
            let Ok((length, client)) = socket.recv_from(buffer) else { return };
            let Some(flow) = self.flow(epoll, listener, client) else { continue };
            flow.last = Instant::now();
            // A network may lose datagrams.
            let _ = flow.socket.send(buffer.get(..length).unwrap_or_default());
        }
    }

    /// Passes on what the device has answered.
    pub fn from_device(&mut self, at: usize, buffer: &mut [u8]) {
        let Some(Some(flow)) = self.flows.get_mut(at) else { return };
        let Some((listener, _)) = self.listeners.get(flow.listener) else { return };
        for _ in 0..BUDGET {
            let Ok(length) = flow.socket.recv(buffer) else { return };
            flow.last = Instant::now();
            let _ = listener.send_to(buffer.get(..length).unwrap_or_default(), flow.client);
        }
    }

    /// Whether [`UdpForwarder::sweep`] will have something to do.
    pub fn needs_sweep(&self) -> bool {
        !self.places.is_empty()
    }

    /// Forgets clients that have been silent for long.
    pub fn sweep(&mut self, now: Instant) {
        for at in 0..self.flows.len() {
            if self.flows[at].as_ref().is_some_and(|flow| now - flow.last > PATIENCE) {
                self.forget(at);
            }
        }
    }

    fn flow(&mut self, epoll: &Epoll, listener: usize, client: SocketAddr) -> Option<&mut Flow> {
        let at = match self.places.get(&(listener, client)) {
            Some(at) => *at,
            None => self.add(epoll, listener, client).ok()?,
        };
        self.flows.get_mut(at)?.as_mut()
    }

    fn add(&mut self, epoll: &Epoll, listener: usize, client: SocketAddr) -> io::Result<usize> {
        let (_, port) = self.listeners[listener];
        let at = self.place();
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_nonblocking(true)?;
        socket.connect((self.device, port))?;
        epoll.add(&socket, Token::Flow(at).event(EpollFlags::EPOLLIN))?;
        self.flows[at] = Some(Flow { listener, client, socket, last: Instant::now() });
        self.places.insert((listener, client), at);
        Ok(at)
    }

    /// A free place, made so if need be.
    fn place(&mut self) -> usize {
        if let Some(free) = self.flows.iter().position(Option::is_none) {
            return free;
        }
        let last = |at: &usize| self.flows[*at].as_ref().map(|flow| flow.last);
        let at = (0..MAX_FLOWS).min_by_key(last).unwrap_or(0);
        self.forget(at);
        at
    }

    fn forget(&mut self, at: usize) {
        if let Some(flow) = self.flows[at].take() {
            self.places.remove(&(flow.listener, flow.client));
        }
    }
}
