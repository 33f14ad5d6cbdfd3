//! The stack: an interface, its sockets, and the poll that drives them.

use smoltcp::{
    iface::{self, Interface, PollIngressSingleResult, PollResult, SocketSet},
    phy::Device,
    time::{Duration, Instant},
    wire::IpEndpoint,
};

use super::{
    config::Config,
    core::{Core, StackMemory},
    listener::{filter::SynFilter, queue::Backlog, tx_monitor::TxMonitor},
    service::{Context, Service},
    setup_error::SetupError,
    tcp::{
        client::{TcpClient, TcpClientMemory},
        protocols::{On, Protocols, on},
        server::{TcpMemory, TcpServer},
    },
    udp::{
        client::UdpClient,
        server::{UdpMemory, UdpServer},
    },
};
use crate::{
    clock::{WallClock, min_deadline, until},
    counters::Registry,
    entropy::Entropy,
    protocol::{
        client::{DatagramSession, StreamSession},
        datagram::DatagramProtocol,
        environment::{Environment, Observer},
        stream::Protocol,
    },
};

/// The most frames received before the services are polled. It bounds a poll during a flood; a UDP
/// service should have room for as many datagrams.
pub const INGRESS_BUDGET: usize = 16;

/// The most rounds over all sockets in which frames are sent in one poll.
pub const EGRESS_BUDGET: usize = 64;

/// The time until the next poll after every socket has sent what it can, without asking each socket for
/// its deadline: half of smoltcp's shortest timer, so that no timer is late by more than that.
const SETTLING: Duration = Duration::from_millis(5);

/// An interface with its device `D`, source of entropy `E` and observer `O`, and the sockets, queue and
/// registry of its services.
pub struct Stack<'a, D, E, O = ()> {
    device: D,
    entropy: E,
    observer: O,
    interface: Interface,
    core: Core<'a>,
}

impl<'a, D: Device, E: Entropy> Stack<'a, D, E> {
    /// Creates an Ethernet interface on `device`. `entropy` seeds TCP's initial sequence numbers and
    /// ephemeral ports, and is passed to the protocols. `memory` is
    /// `&mut` [`StackResources`](super::resources::StackResources), or a [`StackMemory`] of slices.
    pub fn new(
        mut device: D,
        config: Config,
        mut entropy: E,
        memory: impl Into<StackMemory<'a>>,
    ) -> Self {
        let mut settings = iface::Config::new(config.hardware_address.into());
        settings.random_seed = entropy.next_u64();
        let mut interface = Interface::new(settings, &mut device, Instant::ZERO);
        interface.update_ip_addrs(|list| *list = config.addresses);
        let mtu = device.capabilities().ip_mtu();
        let core = Core::new(memory.into(), mtu, config.mistake);
        Self { device, entropy, observer: (), interface, core }
    }

    /// Reports events to `observer` from now on.
    pub fn with_observer<O: Observer>(self, observer: O) -> Stack<'a, D, E, O> {
        let Self { device, entropy, interface, core, .. } = self;
        Stack { device, entropy, observer, interface, core }
    }
}

impl<'a, D: Device, E: Entropy, O: Observer> Stack<'a, D, E, O> {
    /// Adds a TCP service. `memory` is `&mut` [`TcpResources`](super::resources::TcpResources), or a
    /// [`TcpMemory`] of slices.
    ///
    /// # Errors
    /// [`SetupError`]
    pub fn tcp<P: Protocol>(
        &mut self,
        memory: impl Into<TcpMemory<'a, P::Connection>>,
        protocol: P,
        ports: &[u16],
    ) -> Result<TcpServer<'a, On<P>>, SetupError> {
        self.tcp_pool(memory, on(ports, protocol))
    }

    /// Adds several TCP services on one pool of connections: see
    /// [`protocols`](super::tcp::protocols).
    ///
    /// # Errors
    /// [`SetupError`]
    pub fn tcp_pool<P: Protocols>(
        &mut self,
        memory: impl Into<TcpMemory<'a, P::Connection>>,
        protocols: P,
    ) -> Result<TcpServer<'a, P>, SetupError> {
        let TcpMemory { slots, connections, rx, tx } = memory.into();
        let size = slots.len().min(connections.len());
        let pool =
            self.core.add_pool(slots, size, (rx, tx), P::COUNT, &|visit| protocols.visit(visit))?;
        Ok(TcpServer::new(protocols, connections, pool))
    }

    /// Adds a UDP service. `memory` is `&mut` [`UdpResources`](super::resources::UdpResources), or a
    /// [`UdpMemory`] of packet buffers.
    ///
    /// # Errors
    /// [`SetupError`]
    pub fn udp<P: DatagramProtocol>(
        &mut self,
        memory: impl Into<UdpMemory<'a>>,
        protocol: P,
        port: u16,
    ) -> Result<UdpServer<'a, P>, SetupError> {
        let socket = self.core.add_udp_server(memory.into(), protocol.name(), port)?;
        Ok(UdpServer::new(protocol, socket))
    }

    /// Adds a TCP client. It sends nothing until [`TcpClient::connect`].
    ///
    /// # Errors
    /// [`SetupError::NoSocketLeft`]
    pub fn tcp_client<S: StreamSession>(
        &mut self,
        memory: impl Into<TcpClientMemory<'a>>,
        session: S,
    ) -> Result<TcpClient<S>, SetupError> {
        let TcpClientMemory { rx, tx } = memory.into();
        let (handle, flow) = self.core.add_tcp_socket(rx, tx)?;
        Ok(TcpClient::new(session, handle, flow))
    }

    /// Adds a UDP client of `remote`.
    ///
    /// # Errors
    /// [`SetupError::NoSocketLeft`]
    pub fn udp_client<S: DatagramSession>(
        &mut self,
        memory: impl Into<UdpMemory<'a>>,
        session: S,
        remote: IpEndpoint,
    ) -> Result<UdpClient<'a, S>, SetupError> {
        let UdpMemory { rx, tx, datagram } = memory.into();
        Ok(UdpClient::new(session, self.core.add_udp_socket(rx, tx)?, remote, datagram))
    }

    /// Receives at most [`INGRESS_BUDGET`] frames, polls every service, and sends frames.
    ///
    /// Returns how long the caller may sleep unless a frame arrives first; `None` without a deadline.
    pub fn poll(&mut self, now: Instant, services: &mut [&mut dyn Service]) -> Option<Duration> {
        self.interface.poll_maintenance(now);
        let is_drained = (0..INGRESS_BUDGET).any(|_| !self.receive(now));
        let Core { sockets, flows, backlog, wall_clock, services: entries, connections, .. } =
            &mut self.core;
        flows.begin_poll();
        backlog.expire_stale(now);
        let registry = Registry {
            services: entries.entries(),
            queue: backlog.figures(),
            connections: *connections,
        };
        let mut cx = Context {
            interface: &mut self.interface,
            sockets,
            flows,
            backlog,
            environment: Environment {
                now,
                wall_clock,
                entropy: &mut self.entropy,
                observer: &mut self.observer,
                registry,
            },
        };
        for service in services.iter_mut() {
            service.poll(&mut cx);
        }
        while self.core.has_replays() && self.receive(now) {}
        let all_replayed = self.core.backlog.end_poll();
        let mut due = self.send(now);
        if let Some(repair) = self.core.flows.poll_at() {
            due = min_deadline(due, Some(repair));
        }
        if !is_drained || !all_replayed {
            return Some(Duration::ZERO);
        }
        for service in services.iter() {
            // Most services have no deadline.
            if let Some(at) = service.poll_at() {
                due = min_deadline(due, Some(at));
            }
        }
        due.map(|due| until(due, now))
    }

    /// Receives a frame. Returns whether there was one.
    fn receive(&mut self, now: Instant) -> bool {
        let Core { sockets, flows, backlog, .. } = &mut self.core;
        let monitor = &mut TxMonitor::default();
        let mut filter = SynFilter { device: &mut self.device, backlog, flows, monitor };
        let result = self.interface.poll_ingress_single(now, &mut filter, sockets);
        result != PollIngressSingleResult::None
    }

    /// Sends what the sockets hold. Returns when there is more to send.
    fn send(&mut self, now: Instant) -> Option<Instant> {
        let Core { sockets, flows, backlog, .. } = &mut self.core;
        for _ in 0..EGRESS_BUDGET {
            let mut monitor = TxMonitor::default();
            let device = &mut self.device;
            let mut filter = SynFilter { device, backlog, flows, monitor: &mut monitor };
            let result = self.interface.poll_egress(now, &mut filter, sockets);
            if result != PollResult::None && !monitor.has_more() {
                return Some(now + SETTLING);
            }
            // Asking the sockets for their deadlines costs no more than another round, and usually
            // makes it unnecessary.
            let due = self.interface.poll_at(now, sockets);
            if result == PollResult::None || due.is_none_or(|due| due > now) {
                return due;
            }
        }
        Some(now)
    }
}

impl<'a, D, E, O> Stack<'a, D, E, O> {
    /// The present figures of the services and their queue.
    pub fn registry(&self) -> Registry<'_> {
        self.core.registry()
    }

    /// The queue of connection requests.
    pub fn backlog(&self) -> &Backlog<'a> {
        &self.core.backlog
    }

    /// The date.
    pub fn wall_clock(&mut self) -> &mut WallClock {
        &mut self.core.wall_clock
    }

    /// The interface: addresses, routes.
    pub fn interface(&mut self) -> &mut Interface {
        &mut self.interface
    }

    /// The sockets, for a [`Service`] that is none of this crate's servers and clients.
    pub fn sockets(&mut self) -> &mut SocketSet<'a> {
        &mut self.core.sockets
    }

    /// The device.
    pub fn device(&mut self) -> &mut D {
        &mut self.device
    }

    /// The source of entropy.
    pub fn entropy(&mut self) -> &mut E {
        &mut self.entropy
    }

    /// The observer.
    pub fn observer(&mut self) -> &mut O {
        &mut self.observer
    }
}
