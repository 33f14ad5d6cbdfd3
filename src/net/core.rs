//! The part of a stack that does not depend on the types of its device, entropy and observer, so that
//! it is compiled once.

use smoltcp::{
    iface::{SocketHandle, SocketSet, SocketStorage},
    socket::{tcp, udp},
};

use super::{
    guard::{Flow, FlowHandle, Flows},
    listener::{queue::Backlog, syn::Syn},
    setup_error::SetupError,
    tcp::{pool::Pool, protocols::Listener, slot::Slot},
    udp::server::{BoundSocket, UdpMemory},
};
use crate::{
    clock::WallClock,
    counters::{Ports, Registry, ServiceEntry, Transport},
};

/// The memory of a [`Stack`](super::stack::Stack).
/// [`StackResources`](super::resources::StackResources) provides it in a constant size.
pub struct StackMemory<'a> {
    /// One slot for each socket of each service.
    pub sockets: &'a mut [SocketStorage<'a>],
    /// One slot for each TCP socket.
    pub flows: &'a mut [Flow],
    /// One slot for each connection request that may be queued.
    pub backlog: &'a mut [Option<Syn>],
    /// One slot for each service.
    pub services: &'a mut [ServiceEntry],
}

/// The longest receive buffer of a TCP socket, in bytes.
///
/// The window of a SYN or SYN-ACK is never scaled (RFC 7323 section 2.2), but smoltcp 0.14 treats the
/// window that it advertises there as scaled. With a longer buffer it would accept twice as many bytes
/// before its first ACK, and a peer that sends the byte behind the buffer's end and then fills the gap
/// would make it panic. The limit can be removed when smoltcp keeps that window unscaled.
const MAX_TCP_WINDOW: usize = 65_535;

/// The most connections that a service leaves to the others of its pool. It leaves them a quarter of the
/// pool, and at least one, so that a flood on one service starves no other.
const MAX_RESERVE: usize = 2;

/// The sockets, the queue and the registry of a stack.
pub(super) struct Core<'a> {
    pub sockets: SocketSet<'a>,
    sockets_left: usize,
    pub flows: Flows<'a>,
    pub backlog: Backlog<'a>,
    pub wall_clock: WallClock,
    pub services: Services<'a>,
    /// Connections in all pools.
    pub connections: u32,
    /// A mistake in the configuration, which the next set-up call reports.
    mistake: Option<SetupError>,
}

/// The registry. The first `taken` slots hold the services in the order they were added.
pub(super) struct Services<'a> {
    slots: &'a mut [ServiceEntry],
    taken: usize,
}

/// Calls its argument with each protocol of a pool.
pub(super) type VisitAll<'v> = &'v dyn Fn(&mut dyn FnMut(&'static str, &Listener));

impl<'a> Core<'a> {
    /// `mtu`: the longest IP packet of the device, in bytes.
    pub fn new(memory: StackMemory<'a>, mtu: usize, mistake: Option<SetupError>) -> Self {
        Self {
            sockets_left: memory.sockets.len(),
            sockets: SocketSet::new(memory.sockets),
            flows: Flows::new(memory.flows, mtu as u32),
            backlog: Backlog::new(memory.backlog),
            wall_clock: WallClock::new(),
            services: Services { slots: memory.services, taken: 0 },
            connections: 0,
            mistake,
        }
    }

    /// The present figures of the services and their queue.
    pub fn registry(&self) -> Registry<'_> {
        Registry {
            services: self.services.entries(),
            queue: self.backlog.figures(),
            connections: self.connections,
        }
    }

    /// Whether the interface has frames to receive that the device does not hold.
    pub fn has_replays(&self) -> bool {
        self.backlog.has_replays() || self.flows.has_repairs()
    }

    /// Attaches a socket with an equal share of the buffers to each of `size` slots, registers the
    /// services, and starts to park SYNs for their ports.
    pub fn add_pool(
        &mut self,
        slots: &'a mut [Slot],
        size: usize,
        (rx, tx): (&'a mut [u8], &'a mut [u8]),
        count: usize,
        visit_all: VisitAll<'_>,
    ) -> Result<Pool<'a>, SetupError> {
        let slots = slots.get_mut(..size).unwrap_or_default();
        let share = |bytes: &[u8]| match bytes.len().checked_div(size) {
            None | Some(0) => Err(SetupError::NoConnections),
            Some(share) => Ok(share),
        };
        let (rx_share, tx_share) = (share(rx)?, share(tx)?);
        let buffers = rx.chunks_exact_mut(rx_share).zip(tx.chunks_exact_mut(tx_share));
        for ((connection, slot), (rx, tx)) in slots.iter_mut().enumerate().zip(buffers) {
            let (handle, flow) = self.add_tcp_socket(rx, tx)?;
            slot.attach(handle, flow, connection);
        }
        let first = self.services.taken;
        // A single service may use all connections.
        let reserve = if count > 1 && size > 1 { (size / 4).clamp(1, MAX_RESERVE) } else { 0 };
        let mut result = Ok(());
        visit_all(&mut |name, listener| {
            if result.is_ok() {
                result = self.add_listener(name, listener, size - reserve);
            }
        });
        result?;
        self.connections += size as u32;
        Ok(Pool::new(slots, first as u8, (self.services.taken - first) as u8))
    }

    fn add_listener(
        &mut self,
        name: &'static str,
        listener: &Listener,
        size: usize,
    ) -> Result<(), SetupError> {
        let ports = listener.ports.as_ref().ok_or(SetupError::TooManyPorts)?;
        self.services.add(name, Transport::Tcp, ports, listener.cap.min(size) as u32)?;
        for &port in ports {
            self.backlog.listen(port)?;
        }
        Ok(())
    }

    /// Binds a socket to `port` and registers its service.
    pub fn add_udp_server(
        &mut self,
        memory: UdpMemory<'a>,
        name: &'static str,
        port: u16,
    ) -> Result<BoundSocket<'a>, SetupError> {
        let ports = Ports::from_slice(&[port]).unwrap_or_default();
        let service = self.services.add(name, Transport::Udp, &ports, 0)?;
        let handle = self.add_udp_socket(memory.rx, memory.tx)?;
        let socket = self.sockets.get_mut::<udp::Socket>(handle);
        socket.bind(port).map_err(|_| SetupError::InvalidPort)?;
        Ok(BoundSocket::new(handle, memory.datagram, port, service))
    }

    /// Adds a TCP socket over the given buffers. Of `rx` it uses [`MAX_TCP_WINDOW`] bytes at most.
    pub fn add_tcp_socket(
        &mut self,
        rx: &'a mut [u8],
        tx: &'a mut [u8],
    ) -> Result<(SocketHandle, FlowHandle), SetupError> {
        self.take_slot()?;
        let flow = self.flows.add().ok_or(SetupError::NoSocketLeft)?;
        let window = rx.len().min(MAX_TCP_WINDOW);
        let rx = rx.get_mut(..window).unwrap_or_default();
        let (rx, tx) = (tcp::SocketBuffer::new(rx), tcp::SocketBuffer::new(tx));
        Ok((self.sockets.add(tcp::Socket::new(rx, tx)), flow))
    }

    /// Adds a UDP socket over the given buffers.
    pub fn add_udp_socket(
        &mut self,
        rx: udp::PacketBuffer<'a>,
        tx: udp::PacketBuffer<'a>,
    ) -> Result<SocketHandle, SetupError> {
        self.take_slot()?;
        Ok(self.sockets.add(udp::Socket::new(rx, tx)))
    }

    /// Reserves a slot for a socket. `SocketSet::add` panics when all slots are taken.
    fn take_slot(&mut self) -> Result<(), SetupError> {
        self.mistake.map_or(Ok(()), Err)?;
        self.sockets_left = self.sockets_left.checked_sub(1).ok_or(SetupError::NoSocketLeft)?;
        Ok(())
    }
}

impl Services<'_> {
    /// The services that have been added.
    pub fn entries(&self) -> &[ServiceEntry] {
        self.slots.get(..self.taken).unwrap_or_default()
    }

    /// Adds a service, and returns its number.
    fn add(
        &mut self,
        name: &'static str,
        transport: Transport,
        ports: &Ports,
        capacity: u32,
    ) -> Result<u8, SetupError> {
        if ports.is_empty() {
            return Err(SetupError::InvalidPort);
        }
        for &port in ports {
            self.check_port(transport, port)?;
        }
        let number = u8::try_from(self.taken).map_err(|_| SetupError::TooManyServices)?;
        let slot = self.slots.get_mut(self.taken).ok_or(SetupError::TooManyServices)?;
        (slot.name, slot.transport, slot.ports) = (name, transport, ports.clone());
        slot.counters.capacity.set(capacity);
        self.taken += 1;
        Ok(number)
    }

    /// Whether a service may have this port.
    fn check_port(&self, transport: Transport, port: u16) -> Result<(), SetupError> {
        if port == 0 {
            return Err(SetupError::InvalidPort);
        }
        for entry in self.entries() {
            if entry.transport == transport && entry.ports.contains(&port) {
                return Err(SetupError::PortInUse);
            }
        }
        Ok(())
    }
}
