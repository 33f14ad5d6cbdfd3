//! Forwards UDP datagrams. Each client gets its own socket to the device, by which replies to
//! different clients are distinguished.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use nix::sys::epoll::{Epoll, EpollFlags};

use super::token::Token;

/// Clients tracked at once; when full, the one idle for longest is evicted.
const MAX_FLOWS: usize = 256;

/// How long an idle client is tracked.
const FLOW_TIMEOUT: Duration = Duration::from_secs(60);

/// Datagrams read from one socket before the other sockets are served.
const READ_BUDGET: usize = 32;

/// All published UDP ports.
pub struct UdpForwarder {
    listeners: Vec<(UdpSocket, u16)>,
    device: Ipv4Addr,
    flows: Vec<Option<Flow>>,
    /// The index in `flows` by listener and client.
    indices: HashMap<(usize, SocketAddr), usize>,
}

/// One client of one port.
struct Flow {
    listener: usize,
    client: SocketAddr,
    socket: UdpSocket,
    last_active: Instant,
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
        Ok(Self { listeners, device, flows, indices: HashMap::new() })
    }

    /// Forwards the datagrams that clients have sent to a listener.
    pub fn forward_requests(&mut self, epoll: &Epoll, listener: usize, buffer: &mut [u8]) {
        for _ in 0..READ_BUDGET {
            let Some((socket, _)) = self.listeners.get(listener) else { return };
            let Ok((length, client)) = socket.recv_from(buffer) else { return };
            let Some(flow) = self.flow(epoll, listener, client) else { continue };
            flow.last_active = Instant::now();
            // A failed send is a lost datagram, which UDP permits.
            let _ = flow.socket.send(buffer.get(..length).unwrap_or_default());
        }
    }

    /// Forwards the device's replies to the client of a flow.
    pub fn forward_replies(&mut self, at: usize, buffer: &mut [u8]) {
        let Some(Some(flow)) = self.flows.get_mut(at) else { return };
        let Some((listener, _)) = self.listeners.get(flow.listener) else { return };
        for _ in 0..READ_BUDGET {
            let Ok(length) = flow.socket.recv(buffer) else { return };
            flow.last_active = Instant::now();
            let _ = listener.send_to(buffer.get(..length).unwrap_or_default(), flow.client);
        }
    }

    /// Whether [`UdpForwarder::sweep`] must be called.
    pub fn needs_sweep(&self) -> bool {
        !self.indices.is_empty()
    }

    /// Drops flows that have been idle for [`FLOW_TIMEOUT`].
    pub fn sweep(&mut self, now: Instant) {
        for at in 0..self.flows.len() {
            if self.flows[at].as_ref().is_some_and(|flow| now - flow.last_active > FLOW_TIMEOUT) {
                self.remove(at);
            }
        }
    }

    fn flow(&mut self, epoll: &Epoll, listener: usize, client: SocketAddr) -> Option<&mut Flow> {
        let at = match self.indices.get(&(listener, client)) {
            Some(at) => *at,
            None => self.add(epoll, listener, client).ok()?,
        };
        self.flows.get_mut(at)?.as_mut()
    }

    fn add(&mut self, epoll: &Epoll, listener: usize, client: SocketAddr) -> io::Result<usize> {
        let (_, port) = self.listeners[listener];
        let at = self.free_index();
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_nonblocking(true)?;
        socket.connect((self.device, port))?;
        epoll.add(&socket, Token::Flow(at).event(EpollFlags::EPOLLIN))?;
        self.flows[at] = Some(Flow { listener, client, socket, last_active: Instant::now() });
        self.indices.insert((listener, client), at);
        Ok(at)
    }

    /// Returns the index of a free flow, after evicting the one idle for longest if none is free.
    fn free_index(&mut self) -> usize {
        if let Some(free) = self.flows.iter().position(Option::is_none) {
            return free;
        }
        let last_active = |at: &usize| self.flows[*at].as_ref().map(|flow| flow.last_active);
        let at = (0..MAX_FLOWS).min_by_key(last_active).unwrap_or(0);
        self.remove(at);
        at
    }

    fn remove(&mut self, at: usize) {
        if let Some(flow) = self.flows[at].take() {
            self.indices.remove(&(flow.listener, flow.client));
        }
    }
}
