//! A device and its clients on a simulated wire.

use std::{
    cell::{Ref, RefCell, RefMut},
    rc::Rc,
};

use bareserve::{
    Service,
    counters::Counters,
    entropy::{Entropy, SeededEntropy},
    net::tcp::{
        protocols::{On, Protocols},
        server::TcpServer,
    },
    protocol::{datagram::DatagramProtocol, stream::Protocol},
};
use smoltcp::time::{Duration, Instant};

use crate::{
    clients::Clients,
    frames::{self, TcpHeader, device},
    host::{Host, HostStack, Log, addresses},
    link::Faults,
    replay,
    script::{ClientSettings, Ending, Step},
    wire::{End, Side, Wire},
};

/// More polls than this without time passing are a busy loop.
const MOST_POLLS_AT_ONCE: u32 = 20_000;

/// The length of the queue of connection requests, unless a test sets another.
pub const BACKLOG: usize = 64;

/// A bareserve stack with services, its clients, and the wire between them, in virtual time.
///
/// Virtual time advances from event to event, so that minutes of waiting take no real time, and every
/// run is determined by its seed. When a test panics, the seed is printed; [`seeds`](crate::seeds)
/// replays it.
pub struct Bench {
    /// The virtual time.
    pub now: Instant,
    /// The clients.
    pub clients: Clients,
    seed: u64,
    device: Host,
    services: Vec<Box<dyn Service>>,
    wire: Rc<RefCell<Wire>>,
    polls_at_once: u32,
    polls: usize,
    most_frames_in_a_poll: usize,
}

impl Bench {
    /// A device without services at 10.0.0.1 (and fe80::1), on a wire with `faults`.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self::with_backlog::<BACKLOG>(seed, faults)
    }

    /// The same, with a queue of `N` connection requests.
    pub fn with_backlog<const N: usize>(seed: u64, faults: Faults) -> Self {
        let (near, far) = End::pair(replay::wire(seed, faults));
        let wire = near.wire().clone();
        let mut entropy = SeededEntropy::new(seed);
        let clients = Clients::new(far, &addresses(100), entropy.next_u64());
        Self {
            now: Instant::ZERO,
            clients,
            seed,
            device: Host::new::<N>(near, 1, entropy),
            services: Vec::new(),
            wire,
            polls_at_once: 0,
            polls: 0,
            most_frames_in_a_poll: 0,
        }
    }

    /// Serves `protocol` on `ports` with `N` connections of `RX` bytes of receive buffer and `TX` of
    /// transmit buffer each. Returns the service's number for [`Bench::counters`].
    pub fn tcp<P, const N: usize, const RX: usize, const TX: usize>(
        &mut self,
        protocol: P,
        ports: &[u16],
    ) -> usize
    where
        P: Protocol + 'static,
    {
        self.tcp_with::<P, N, RX, TX>(protocol, ports, |server| server)
    }

    /// The same, with a server that `adjust` may change, for example its timeouts.
    pub fn tcp_with<P, const N: usize, const RX: usize, const TX: usize>(
        &mut self,
        protocol: P,
        ports: &[u16],
        adjust: impl FnOnce(TcpServer<'static, On<P>>) -> TcpServer<'static, On<P>>,
    ) -> usize
    where
        P: Protocol + 'static,
    {
        let number = self.device.services();
        let server = self.device.tcp::<P, N, RX, TX>(protocol, ports);
        self.services.push(Box::new(adjust(server)));
        number
    }

    /// Serves several protocols on one pool of `N` connections: a tuple of
    /// [`on`](bareserve::net::tcp::protocols::on). Returns the number of the first one; the others
    /// have the next ones.
    pub fn tcp_pool<P, const N: usize, const RX: usize, const TX: usize>(
        &mut self,
        protocols: P,
    ) -> usize
    where
        P: Protocols + 'static,
    {
        let number = self.device.services();
        let server = self.device.tcp_pool::<P, N, RX, TX>(protocols);
        self.services.push(Box::new(server));
        number
    }

    /// Serves `protocol` on `port`, with room for `N` datagrams of `BYTES` bytes in all in each
    /// direction. Returns the service's number.
    pub fn udp<P, const N: usize, const BYTES: usize>(&mut self, protocol: P, port: u16) -> usize
    where
        P: DatagramProtocol + 'static,
    {
        let number = self.device.services();
        let server = self.device.udp::<P, N, BYTES>(protocol, port);
        self.services.push(Box::new(server));
        number
    }

    /// Adds any other service, which `make` creates with sockets of the stack.
    pub fn add(&mut self, make: impl FnOnce(&mut HostStack) -> Box<dyn Service>) {
        let service = make(self.device.stack());
        self.services.push(service);
    }

    /// Adds a client that connects to `port` of the device over IPv4 now and plays `script`;
    /// returns its index.
    pub fn connect(&mut self, port: u16, script: impl IntoIterator<Item = Step>) -> usize {
        self.connect_with(port, script, ClientSettings::from(self.now))
    }

    /// The same, with buffers, start and time limit.
    pub fn connect_with(
        &mut self,
        port: u16,
        script: impl IntoIterator<Item = Step>,
        settings: ClientSettings,
    ) -> usize {
        self.clients.add(device(port), script, settings)
    }

    /// Runs until all clients have ended, at most for `time`.
    ///
    /// # Panics
    /// If the device asks to be polled again and again without time passing.
    pub fn run(&mut self, time: impl Into<Duration>) {
        let limit = self.now + time.into();
        while !self.clients.all_ended() && self.step(limit) {}
    }

    /// Runs for `time`.
    ///
    /// # Panics
    /// As [`Bench::run`].
    pub fn pass(&mut self, time: impl Into<Duration>) {
        let limit = self.now + time.into();
        while self.step(limit) {}
        self.now = self.now.max(limit);
    }

    /// Polls the device once; returns when it wants to be polled again.
    pub fn poll_device(&mut self) -> Option<Instant> {
        let before = self.wire.borrow().taken_by_device();
        let mut services: Vec<&mut dyn Service> =
            self.services.iter_mut().map(|service| &mut **service as &mut dyn Service).collect();
        let due = self.device.poll(self.now, &mut services);
        self.polls += 1;
        let taken = self.wire.borrow().taken_by_device() - before;
        self.most_frames_in_a_poll = self.most_frames_in_a_poll.max(taken);
        due
    }

    /// Polls the next that is due, device or clients; `false` if neither is due before `limit`.
    fn step(&mut self, limit: Instant) -> bool {
        let (to_device, to_clients) = {
            let wire = self.wire.borrow();
            (wire.next_arrival(Side::Device), wire.next_arrival(Side::Peer))
        };
        let device = [self.device.poll_at(), to_device].into_iter().flatten().min();
        let clients = [self.clients.poll_at(self.now), to_clients].into_iter().flatten().min();
        let Some(next) = [device, clients].into_iter().flatten().min() else { return false };
        if next > limit {
            self.now = self.now.max(limit);
            return false;
        }
        if next > self.now {
            self.now = next;
            self.polls_at_once = 0;
        }
        self.polls_at_once += 1;
        assert!(
            self.polls_at_once < MOST_POLLS_AT_ONCE,
            "a busy loop at {}: the device is due at {:?}",
            self.now,
            self.device.poll_at()
        );
        if device.is_some_and(|device| device <= self.now) {
            self.poll_device();
        }
        if clients.is_some_and(|clients| clients <= self.now) {
            self.clients.poll(self.now);
        }
        true
    }

    /// How `client` ended; `None` while its script runs.
    pub fn ending(&self, client: usize) -> Option<Ending> {
        self.clients.list()[client].ending()
    }

    /// What `client` has received.
    pub fn received(&self, client: usize) -> &[u8] {
        self.clients.list()[client].received()
    }

    /// The time from the start of `client` to its end.
    ///
    /// # Panics
    /// If it has not ended.
    pub fn took(&self, client: usize) -> Duration {
        let client = &self.clients.list()[client];
        client.ended_at().expect("the client has ended") - client.started_at()
    }

    /// The counters of the service of this number. Services are numbered from 0 in the order they were
    /// added.
    ///
    /// # Panics
    /// If there is no such service.
    pub fn counters(&self, service: usize) -> &Counters {
        self.device.counters(service)
    }

    /// The device's connections.
    pub fn log(&mut self) -> &Log {
        self.device.log()
    }

    /// The stack of the device.
    pub fn stack(&mut self) -> &mut HostStack {
        self.device.stack()
    }

    /// How often the device was polled.
    pub fn polls(&self) -> usize {
        self.polls
    }

    /// The most frames that the device took in one poll.
    pub fn most_frames_in_a_poll(&self) -> usize {
        self.most_frames_in_a_poll
    }

    /// The wire, to change.
    pub fn wire_mut(&mut self) -> RefMut<'_, Wire> {
        self.wire.borrow_mut()
    }

    /// The wire.
    pub fn wire(&self) -> Ref<'_, Wire> {
        self.wire.borrow()
    }

    /// Puts a frame on the wire as if a client had sent it, even one that is cut off.
    pub fn inject(&mut self, frame: Vec<u8>) {
        self.wire.borrow_mut().inject(Side::Peer, frame, self.now);
    }

    /// The TCP headers that the device has sent to `port` since [`Wire::record_device`].
    pub fn segments_to(&self, port: u16) -> Vec<TcpHeader> {
        let wire = self.wire.borrow();
        let headers = wire.recorded().iter().filter_map(|frame| frames::tcp_header(frame));
        headers.filter(|header| header.to == port).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        replay::report_failure(self.seed, self.now, &self.wire.borrow());
    }
}
