//! The runner: an interface, its sockets, and one turn of the main loop.

use smoltcp::{
    iface::{
        Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet,
        SocketStorage,
    },
    phy::Device,
    socket::{tcp, udp},
    time::{Duration, Instant},
    wire::{EthernetAddress, IpCidr},
};

use super::{
    listener::{filter::SynFilter, queue::Backlog, syn::Syn, tx_monitor::TxMonitor},
    service::{Context, Service},
    setup_error::SetupError,
};
use crate::{
    clock::{WallClock, min_deadline},
    entropy::Entropy,
    protocol::environment::{Environment, Observer},
};

/// Frames taken in before services have their turn. Bounds a turn under a flood; a UDP service
/// should have room for as many datagrams.
pub const INGRESS_BUDGET: usize = 16;

/// How many addresses an interface can have: smoltcp's own choice, 2 unless the program enables one
/// of its `iface-max-addr-count` features.
pub const MAX_ADDRESSES: usize = smoltcp::config::IFACE_MAX_ADDR_COUNT;

/// The longest receive buffer of a TCP socket, in bytes.
///
/// The window of a SYN or SYN-ACK is never scaled (RFC 7323 section 2.2), but smoltcp 0.14 takes its own
/// for scaled. With a longer buffer it would accept twice as many bytes before its first ACK, and a peer
/// that sends the byte behind the buffer's end and then fills the gap would make it panic. The limit can
/// go when smoltcp keeps that window unscaled.
pub const MAX_TCP_WINDOW: usize = 65_535;

/// Rounds over all sockets in which frames are sent before the device is looked at again.
pub const EGRESS_BUDGET: usize = 64;

/// When all is sent, how long the next turn may wait without asking each socket: half of what
/// smoltcp's shortest timer takes, so that none is late by more.
const SETTLING: Duration = Duration::from_millis(5);

/// An interface with its device, sockets, backlog and wall clock.
pub struct Stack<'a, D> {
    device: D,
    interface: Interface,
    sockets: SocketSet<'a>,
    places_left: usize,
    backlog: Backlog<'a>,
    wall_clock: WallClock,
}

/// The memory of a [`Stack`].
pub struct StackMemory<'a> {
    /// One place for each socket of each service.
    pub sockets: &'a mut [SocketStorage<'a>],
    /// One place for each connection request that may wait.
    pub backlog: &'a mut [Option<Syn>],
}

impl<'a, D: Device> Stack<'a, D> {
    /// Brings up an Ethernet interface. `entropy` seeds TCP's sequence numbers and the ephemeral
    /// ports. Of `addresses`, those beyond [`MAX_ADDRESSES`] are ignored.
    pub fn new(
        mut device: D,
        hardware_address: EthernetAddress,
        addresses: &[IpCidr],
        entropy: &mut dyn Entropy,
        memory: StackMemory<'a>,
        now: Instant,
    ) -> Self {
        let mut config = Config::new(hardware_address.into());
        config.random_seed = entropy.next_u64();
        let mut interface = Interface::new(config, &mut device, now);
        interface
            .update_ip_addrs(|list| list.extend(addresses.iter().copied().take(list.capacity())));
        Self {
            device,
            interface,
            places_left: memory.sockets.len(),
            sockets: SocketSet::new(memory.sockets),
            backlog: Backlog::new(memory.backlog),
            wall_clock: WallClock::new(),
        }
    }

    /// One turn: takes in at most [`INGRESS_BUDGET`] frames, polls every service, sends what they
    /// have to say. Returns when the next turn is due even if no frame arrives (a time that has
    /// passed: at once), or `None`: not before one does.
    pub fn poll(
        &mut self,
        now: Instant,
        entropy: &mut dyn Entropy,
        observer: &mut dyn Observer,
        services: &mut [&mut dyn Service],
    ) -> Option<Instant> {
        self.interface.poll_maintenance(now);
        let drained = self.take_in(now, INGRESS_BUDGET);
        self.backlog.expire_stale(now);
        let mut cx = Context {
            interface: &mut self.interface,
            sockets: &mut self.sockets,
            backlog: &mut self.backlog,
            environment: Environment { now, wall_clock: &mut self.wall_clock, entropy, observer },
        };
        for service in services.iter_mut() {
            service.poll(&mut cx);
        }
        while self.backlog.has_replays() && self.take_in_one(now) {}
        let replayed = self.backlog.end_turn();
        let interface_due = self.send(now);
        if !drained || !replayed {
            return Some(now);
        }
        let mut due = interface_due;
        for at in services.iter().filter_map(|service| service.poll_at()) {
            due = min_deadline(due, Some(at));
        }
        due
    }

    /// Receives up to `budget` frames. Returns whether the device has no more.
    fn take_in(&mut self, now: Instant, budget: usize) -> bool {
        (0..budget).any(|_| !self.take_in_one(now))
    }

    fn take_in_one(&mut self, now: Instant) -> bool {
        let Self { device, backlog, .. } = self;
        let mut filter = SynFilter { device, backlog, sent: &mut TxMonitor::default() };
        let result = self.interface.poll_ingress_single(now, &mut filter, &mut self.sockets);
        result != PollIngressSingleResult::None
    }

    /// Sends what the sockets hold. Returns when there is more to send, as [`Stack::turn`] does.
    fn send(&mut self, now: Instant) -> Option<Instant> {
        for _ in 0..EGRESS_BUDGET {
            let Self { device, backlog, .. } = self;
            let mut sent = TxMonitor::default();
            let mut filter = SynFilter { device, backlog, sent: &mut sent };
            let result = self.interface.poll_egress(now, &mut filter, &mut self.sockets);
            if result != PollResult::None && !sent.has_more() {
                return Some(now + SETTLING);
            }
            // Asking when they want to be asked again costs no more than another round, and mostly
            // spares it.
            let due = self.interface.poll_at(now, &self.sockets);
            if result == PollResult::None || due.is_none_or(|due| due > now) {
                return due;
            }
        }
        Some(now)
    }

    /// Adds a TCP socket over the given buffers. Of `rx` it uses [`MAX_TCP_WINDOW`] bytes at most.
    ///
    /// # Errors
    /// [`SetupError::NoSocketLeft`] when all places are taken.
    pub fn add_tcp_socket(
        &mut self,
        rx: &'a mut [u8],
        tx: &'a mut [u8],
    ) -> Result<SocketHandle, SetupError> {
        self.take_place()?;
        let window = rx.len().min(MAX_TCP_WINDOW);
        let rx = rx.get_mut(..window).unwrap_or_default();
        Ok(self
            .sockets
            .add(tcp::Socket::new(tcp::SocketBuffer::new(rx), tcp::SocketBuffer::new(tx))))
    }

    /// Adds a UDP socket over the given buffers.
    ///
    /// # Errors
    /// [`SetupError::NoSocketLeft`] when all places are taken.
    pub fn add_udp_socket(
        &mut self,
        rx: udp::PacketBuffer<'a>,
        tx: udp::PacketBuffer<'a>,
    ) -> Result<SocketHandle, SetupError> {
        self.take_place()?;
        Ok(self.sockets.add(udp::Socket::new(rx, tx)))
    }

    fn take_place(&mut self) -> Result<(), SetupError> {
        self.places_left = self.places_left.checked_sub(1).ok_or(SetupError::NoSocketLeft)?;
        Ok(())
    }

    /// Lets connection requests for `port` wait in the backlog instead of being reset.
    ///
    /// # Errors
    /// [`SetupError::TooManyPorts`] when [`MAX_PORTS`](crate::net::listener::queue::MAX_PORTS) are served already.
    pub fn serve(&mut self, port: u16) -> Result<(), SetupError> {
        self.backlog.listen(port)
    }

    /// The connection requests that wait.
    pub fn backlog(&self) -> &Backlog<'a> {
        &self.backlog
    }

    /// The date.
    pub fn wall_clock(&mut self) -> &mut WallClock {
        &mut self.wall_clock
    }

    /// The interface: addresses, routes.
    pub fn interface(&mut self) -> &mut Interface {
        &mut self.interface
    }

    /// The sockets, for services of one's own.
    pub fn sockets(&mut self) -> &mut SocketSet<'a> {
        &mut self.sockets
    }

    /// The device.
    pub fn device(&mut self) -> &mut D {
        &mut self.device
    }
}
