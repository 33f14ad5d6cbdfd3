//! A UDP service: a protocol core on one socket.

use smoltcp::{
    iface::SocketHandle,
    phy::Device,
    socket::udp::{self, Socket, UdpMetadata},
    time::{Duration, Instant},
};

use crate::net::{
    service::{Context, Service},
    setup_error::SetupError,
};
use crate::{
    clock::min_deadline,
    counters::{Counters, count, count_bytes},
    net::stack::Stack,
    protocol::{
        datagram::{DatagramEndpoints, DatagramProtocol},
        environment::Event,
    },
};

/// Datagrams looked at in one turn.
const BUDGET: usize = 32;

/// How long answers may wait for the hardware address of the first one's addressee, which may not
/// exist: the socket sends them in order.
const STUCK: Duration = Duration::from_secs(1);

/// Serves `P` on one port.
pub struct UdpServer<'a, P> {
    protocol: P,
    port: BoundSocket<'a>,
}

/// All of a server but its protocol, whose type is not known here: compiled once.
struct BoundSocket<'a> {
    handle: SocketHandle,
    counters: &'a Counters,
    datagram: &'a mut [u8],
    number: u16,
    /// Since when nothing of so many bytes in the transmit buffer has gone out.
    stuck: Option<(Instant, usize)>,
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
        let datagram = memory.datagram;
        let port =
            BoundSocket { handle, counters, datagram, number: port, stuck: None, poll_at: None };
        Ok(Self { protocol, port })
    }

    /// The protocol.
    pub fn protocol(&mut self) -> &mut P {
        // It may have become due.
        self.port.poll_at = Some(Instant::ZERO);
        &mut self.protocol
    }
}

impl<P: DatagramProtocol> Service for UdpServer<'_, P> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.port.poll(&mut self.protocol, cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.port.poll_at
    }
}

impl BoundSocket<'_> {
    fn poll(&mut self, protocol: &mut dyn DatagramProtocol, cx: &mut Context<'_, '_>) {
        let socket = cx.sockets.get_mut::<Socket>(self.handle);
        // Most services, most of the time.
        if !socket.can_recv()
            && self.stuck.is_none()
            && socket.send_queue() == 0
            && self.poll_at.is_none_or(|due| due > cx.environment.now)
        {
            return;
        }
        self.free_if_stuck(socket, cx.environment.now);
        let interface = &*cx.interface;
        let env = &mut cx.environment;
        for _ in 0..BUDGET {
            if !socket.can_send() {
                break;
            }
            let Some((length, ends)) = protocol.transmit(self.datagram, env) else { break };
            send(socket, self.counters, self.datagram.get(..length).unwrap_or_default(), ends);
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
            let local = meta.local_address.filter(|address| interface.has_ip_addr(*address));
            let ends = DatagramEndpoints { remote: meta.endpoint, local };
            let held_back = protocol.held_back();
            let answer = protocol.answer(self.datagram, length, ends, env);
            match answer.and_then(|length| self.datagram.get(..length)) {
                Some(answer) => send(socket, self.counters, answer, ends),
                None if protocol.held_back() > held_back => {}
                None => count(&self.counters.refused, 1),
            }
            env.observer.event(Event::Datagram {
                service: protocol.name(),
                remote: ends.remote,
                bytes_in: length,
                bytes_out: answer,
            });
        }
        let stuck = self.stuck.map(|(since, _)| since + STUCK);
        self.poll_at = match socket.can_send() {
            true if socket.can_recv() => Some(Instant::ZERO),
            true => min_deadline(stuck, protocol.poll_at()),
            // Egress makes room; if it does not, see when it must have.
            false => Some(stuck.unwrap_or(Instant::ZERO)),
        };
    }

    /// Throws away all that waits when the first answer cannot be sent: one stranger who does not
    /// exist must not silence the service.
    fn free_if_stuck(&mut self, socket: &mut Socket<'_>, now: Instant) {
        let queue = socket.send_queue();
        self.stuck = match self.stuck {
            _ if queue == 0 && socket.can_send() => None,
            Some((since, before)) if queue >= before && now < since + STUCK => self.stuck,
            Some((_, before)) if queue >= before => {
                socket.close();
                // It was bound to this port before.
                let _ = socket.bind(self.number);
                None
            }
            _ => Some((now, queue)),
        };
    }
}

fn send(socket: &mut Socket<'_>, counters: &Counters, datagram: &[u8], ends: DatagramEndpoints) {
    let mut meta = UdpMetadata::from(ends.remote);
    meta.local_address = ends.local;
    if socket.send_slice(datagram, meta).is_ok() {
        count(&counters.served, 1);
        count_bytes(&counters.bytes_out, datagram.len());
    }
}
