//! A UDP service: a protocol core on one socket.

use smoltcp::{
    iface::{Interface, SocketHandle},
    phy::Device,
    socket::udp::{self, Socket, UdpMetadata},
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use super::{
    service::{Context, Service},
    tcp_server::SetupError,
};
use crate::{
    counters::{Counters, count, count_bytes},
    environment::{Environment, Event},
    stack::Stack,
};

/// Datagrams looked at in one turn.
const BUDGET: usize = 32;

/// A protocol spoken in datagrams, without sockets.
pub trait DatagramProtocol {
    /// The service's name in logs: `ping`, `echo`.
    fn name(&self) -> &'static str;

    /// A datagram has come: the first `length` bytes of `datagram`. Writes the answer over it, as
    /// long as `datagram` allows, and returns its length; `None` is silence.
    fn answer(
        &mut self,
        datagram: &mut [u8],
        length: usize,
        ends: Ends,
        env: &mut Environment<'_>,
    ) -> Option<usize>;

    /// Writes a datagram that is due by itself, such as a delayed answer, to the front of
    /// `datagram` and returns its length and where it goes.
    fn transmit(
        &mut self,
        datagram: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Option<(usize, Ends)> {
        let _ = (datagram, env);
        None
    }

    /// When [`DatagramProtocol::transmit`] will have something to send.
    fn poll_at(&self) -> Option<Instant> {
        None
    }
}

/// The two ends of a datagram's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The peer.
    pub remote: IpEndpoint,
    /// The address the peer wrote to, which its answer comes from. A broadcast or multicast
    /// address is possible.
    pub local: Option<IpAddress>,
}

/// Serves `P` on one port.
pub struct UdpServer<'a, P> {
    protocol: P,
    handle: SocketHandle,
    counters: &'a Counters,
    datagram: &'a mut [u8],
    poll_at: Option<Instant>,
}

/// The memory of a [`UdpServer`].
pub struct UdpMemory<'a> {
    /// Datagrams received and not yet looked at.
    pub rx: udp::PacketBuffer<'a>,
    /// Datagrams on their way out.
    pub tx: udp::PacketBuffer<'a>,
    /// The one being looked at; its size is the longest payload taken, longer ones are dropped.
    pub datagram: &'a mut [u8],
}

impl<'a, P: DatagramProtocol> UdpServer<'a, P> {
    /// Adds a socket bound to `port` to the stack.
    ///
    /// # Errors
    /// [`SetupError`] when the stack has no place left, or `port` is 0.
    pub fn new<D: Device>(
        stack: &mut Stack<'a, D>,
        protocol: P,
        port: u16,
        memory: UdpMemory<'a>,
        counters: &'a Counters,
    ) -> Result<Self, SetupError> {
        let handle = stack.add_udp_socket(memory.rx, memory.tx)?;
        let socket = stack.sockets().get_mut::<Socket>(handle);
        socket.bind(port).map_err(|_| SetupError::InvalidPort)?;
        Ok(Self { protocol, handle, counters, datagram: memory.datagram, poll_at: None })
    }

    /// The protocol.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.protocol
    }
}

impl<P: DatagramProtocol> Service for UdpServer<'_, P> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        let socket = cx.sockets.get_mut::<Socket>(self.handle);
        let env = &mut cx.environment;
        let sender = Sender { interface: cx.interface, counters: self.counters };
        for _ in 0..BUDGET {
            if !socket.can_send() {
                break;
            }
            let Some((length, ends)) = self.protocol.transmit(self.datagram, env) else { break };
            sender.send(socket, self.datagram.get(..length).unwrap_or_default(), ends);
        }
        for _ in 0..BUDGET {
            if !socket.can_send() {
                break;
            }
            let (length, meta) = match socket.recv_slice(self.datagram) {
                Ok(received) => received,
                Err(udp::RecvError::Truncated) => {
                    count(&self.counters.refused, 1);
                    continue;
                }
                Err(udp::RecvError::Exhausted) => break,
            };
            count_bytes(&self.counters.bytes_in, length);
            let ends = Ends { remote: meta.endpoint, local: meta.local_address };
            let answer = self.protocol.answer(self.datagram, length, ends, env);
            match answer.and_then(|length| self.datagram.get(..length)) {
                Some(answer) => sender.send(socket, answer, ends),
                None => count(&self.counters.refused, 1),
            }
            env.observer.event(Event::Datagram {
                service: self.protocol.name(),
                remote: ends.remote,
                bytes_in: length,
                bytes_out: answer,
            });
        }
        self.poll_at =
            if socket.can_recv() { Some(Instant::ZERO) } else { self.protocol.poll_at() };
    }

    fn poll_at(&self) -> Option<Instant> {
        self.poll_at
    }
}

struct Sender<'s> {
    interface: &'s Interface,
    counters: &'s Counters,
}

impl Sender<'_> {
    fn send(&self, socket: &mut Socket<'_>, datagram: &[u8], ends: Ends) {
        let mut meta = UdpMetadata::from(ends.remote);
        // An answer to everybody's address comes from our own.
        meta.local_address = ends.local.filter(|local| self.interface.has_ip_addr(*local));
        if socket.send_slice(datagram, meta).is_ok() {
            count(&self.counters.served, 1);
            count_bytes(&self.counters.bytes_out, datagram.len());
        }
    }
}
