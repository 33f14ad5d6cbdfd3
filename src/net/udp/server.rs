//! A UDP server: a protocol on one socket.

use smoltcp::{
    iface::SocketHandle,
    socket::udp::{self, Socket, UdpMetadata},
    time::{Duration, Instant},
    wire::IpEndpoint,
};

use crate::{
    clock::min_deadline,
    counters::{Counters, count, count_bytes},
    net::service::{Context, Service},
    protocol::{datagram::DatagramProtocol, endpoints::Endpoints, environment::Event},
};

/// The most datagrams received, and the most delayed answers sent, in one poll.
const BUDGET: usize = 32;

/// How long answers may wait for the hardware address of the peer of the first one, which may not
/// exist. The socket sends its datagrams in order, so that one blocks the others.
const UNRESOLVED_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves `P` on one port. [`Stack::udp`](crate::Stack::udp) creates it.
pub struct UdpServer<'a, P> {
    protocol: P,
    socket: BoundSocket<'a>,
}

/// The part of a server that does not depend on the type of its protocol, so that it is compiled once.
pub(in crate::net) struct BoundSocket<'a> {
    handle: SocketHandle,
    datagram: &'a mut [u8],
    port: u16,
    /// Its number in the registry.
    service: u8,
    /// Since when the transmit buffer has held this many bytes or more.
    stuck: Option<(Instant, usize)>,
    poll_at: Option<Instant>,
}

/// The memory of a [`UdpServer`] or a UDP client.
/// [`UdpResources`](crate::net::resources::UdpResources) provides it in a constant size.
pub struct UdpMemory<'a> {
    /// Datagrams received and not yet passed to the protocol.
    pub rx: udp::PacketBuffer<'a>,
    /// Datagrams to be sent.
    pub tx: udp::PacketBuffer<'a>,
    /// The datagram that the protocol reads and writes. Its size is the longest payload accepted; longer
    /// datagrams are dropped.
    pub datagram: &'a mut [u8],
}

impl<'a, P: DatagramProtocol> UdpServer<'a, P> {
    pub(in crate::net) fn new(protocol: P, socket: BoundSocket<'a>) -> Self {
        Self { protocol, socket }
    }

    /// The protocol.
    pub fn protocol(&mut self) -> &mut P {
        // The caller may make a datagram due.
        self.socket.poll_at = Some(Instant::ZERO);
        &mut self.protocol
    }
}

impl<P: DatagramProtocol> Service for UdpServer<'_, P> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.socket.poll(&mut self.protocol, cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.socket.poll_at
    }
}

impl<'a> BoundSocket<'a> {
    pub(in crate::net) fn new(
        handle: SocketHandle,
        datagram: &'a mut [u8],
        port: u16,
        service: u8,
    ) -> Self {
        Self { handle, datagram, port, service, stuck: None, poll_at: None }
    }

    fn poll(&mut self, protocol: &mut dyn DatagramProtocol, cx: &mut Context<'_, '_>) {
        let socket = cx.sockets.get_mut::<Socket>(self.handle);
        // Fast path: most polls find nothing to do.
        if !socket.can_recv()
            && self.stuck.is_none()
            && socket.send_queue() == 0
            && self.poll_at.is_none_or(|due| due > cx.environment.now)
        {
            return;
        }
        let Some(entry) = cx.environment.registry.services.get(usize::from(self.service)) else {
            return;
        };
        let counters = &entry.counters;
        self.drop_unresolved(socket, cx.environment.now);
        let interface = &*cx.interface;
        let env = &mut cx.environment;
        for _ in 0..BUDGET {
            if !socket.can_send() {
                break;
            }
            let Some((length, endpoints)) = protocol.transmit(self.datagram, env) else { break };
            send(socket, counters, self.datagram.get(..length).unwrap_or_default(), endpoints);
        }
        for _ in 0..BUDGET {
            if !socket.can_send() {
                break;
            }
            let (length, meta) = match socket.recv_slice(self.datagram) {
                Ok(received) => received,
                Err(udp::RecvError::Truncated) => {
                    count(&counters.unanswered, 1);
                    continue;
                }
                Err(udp::RecvError::Exhausted) => break,
            };
            count_bytes(&counters.bytes_in, length);
            let address = meta.local_address.filter(|address| interface.has_ip_addr(*address));
            let addr = address.unwrap_or(Endpoints::UNSPECIFIED.local.addr);
            let local = IpEndpoint { addr, port: self.port };
            let endpoints = Endpoints { remote: meta.endpoint, local };
            let held_back = protocol.held_back();
            let answer = protocol.answer(self.datagram, length, endpoints, env);
            match answer.and_then(|length| self.datagram.get(..length)) {
                Some(answer) => send(socket, counters, answer, endpoints),
                None if protocol.held_back() > held_back => {}
                None => count(&counters.unanswered, 1),
            }
            env.observer.event(Event::Datagram {
                service: protocol.name(),
                remote: endpoints.remote,
                bytes_in: length,
                bytes_out: answer,
            });
        }
        let stuck = self.stuck.map(|(since, _)| since + UNRESOLVED_TIMEOUT);
        self.poll_at = match socket.can_send() {
            true if socket.can_recv() => Some(Instant::ZERO),
            true => min_deadline(stuck, protocol.poll_at()),
            // Egress makes room; if it does not, the timeout of the blocked queue applies.
            false => Some(stuck.unwrap_or(Instant::ZERO)),
        };
    }

    /// Drops all queued datagrams when the first one has not been sent within [`UNRESOLVED_TIMEOUT`]: an
    /// unresolvable peer must not block the queue.
    fn drop_unresolved(&mut self, socket: &mut Socket<'_>, now: Instant) {
        let queue = socket.send_queue();
        self.stuck = match self.stuck {
            _ if queue == 0 && socket.can_send() => None,
            Some((since, before)) if queue >= before && now < since + UNRESOLVED_TIMEOUT => {
                self.stuck
            }
            Some((_, before)) if queue >= before => {
                socket.close();
                // Cannot fail: the socket was bound to this port before.
                let _ = socket.bind(self.port);
                None
            }
            _ => Some((now, queue)),
        };
    }
}

fn send(socket: &mut Socket<'_>, counters: &Counters, datagram: &[u8], endpoints: Endpoints) {
    let mut meta = UdpMetadata::from(endpoints.remote);
    meta.local_address = endpoints.local_address();
    if socket.send_slice(datagram, meta).is_ok() {
        count(&counters.served, 1);
        count_bytes(&counters.bytes_out, datagram.len());
    }
}
