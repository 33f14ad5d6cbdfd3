//! A device and its clients on a simulated cable, under virtual time: every run follows from its
//! seed. `BARESERVE_SEED=N` runs that seed alone; `BARESERVE_CAPTURE=FILE` writes the frames of a
//! run that fails as a capture for Wireshark.

use std::{cell::RefCell, rc::Rc};

use crate::clients::{Clients, Ending, Manners, Step, at};
use crate::wire::{Cable, End, Faults, Side};
use bareserve::{
    Event, Observer, Service, Stack,
    clock::UnixTime,
    counters::Counters,
    entropy::{Entropy, SeededEntropy},
    net::{
        config::Config,
        resources::{PoolResources, StackResources, TcpResources},
        tcp::{
            protocols::{On, Protocols},
            server::TcpServer,
        },
    },
    protocol::{environment::Outcome, stream::Protocol},
};
use smoltcp::{
    time::{Duration, Instant},
    wire::{EthernetAddress, IpAddress, IpCidr},
};

pub const DEVICE_MAC: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 1]);
pub const CLIENT_MAC: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 100]);

/// More turns than this without time passing is a loop.
const MOST_TURNS_AT_ONCE: u32 = 20_000;

pub struct World {
    pub now: Instant,
    pub seed: u64,
    pub stack: Stack<'static, End, SeededEntropy, Log>,
    pub services: Vec<Box<dyn Service>>,
    pub clients: Clients,
    pub log: Log,
    pub cable: Rc<RefCell<Cable>>,
    device_due: Option<Instant>,
    turns_at_once: u32,
    pub turns: usize,
    pub most_frames_in_a_turn: usize,
}

/// How connections ended.
#[derive(Debug, Default)]
pub struct Log {
    pub connected: usize,
    pub outcomes: Vec<Outcome>,
}

impl Observer for Log {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected { .. } => self.connected += 1,
            Event::Closed { outcome, .. } => self.outcomes.push(outcome),
            _ => {}
        }
    }
}

impl Log {
    pub fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.iter().filter(|&&other| other == outcome).count()
    }
}

pub const BACKLOG: usize = 64;

impl World {
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self::with_backlog::<BACKLOG>(seed, faults, 64)
    }

    /// A device with a backlog of `B`, and room for `most` client sockets.
    pub fn with_backlog<const B: usize>(seed: u64, faults: Faults, most: usize) -> Self {
        let mut cable = Cable::new(seed, faults);
        cable.capturing = std::env::var_os("BARESERVE_CAPTURE").is_some();
        let (device, far) = End::pair(cable);
        let cable = device.cable.clone();
        let resources: &'static mut StackResources<'static, 40, B> =
            Box::leak(Box::new(StackResources::new()));
        let mut entropy = SeededEntropy::new(seed);
        let config = Config::new(DEVICE_MAC)
            .address(IpCidr::new(IpAddress::v4(10, 0, 0, 1), 24))
            .address(IpCidr::new(IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 1), 64));
        let client_seed = entropy.next_u64();
        let mut stack =
            Stack::new(device, config, entropy, resources).with_observer(Log::default());
        stack.wall_clock().set(Instant::ZERO, UnixTime(1_681_923_870_293_444));
        let addresses = [
            IpCidr::new(IpAddress::v4(10, 0, 0, 100), 24),
            IpCidr::new(IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 0x100), 64),
        ];
        Self {
            now: Instant::ZERO,
            seed,
            stack,
            services: Vec::new(),
            clients: Clients::new(far, &addresses, client_seed, most),
            log: Log::default(),
            cable,
            device_due: Some(Instant::ZERO),
            turns_at_once: 0,
            turns: 0,
            most_frames_in_a_turn: 0,
        }
    }

    /// A service of `N` connections with the given sizes of buffers.
    pub fn serve<P, const N: usize, const RX: usize, const TX: usize>(
        &mut self,
        protocol: P,
        ports: &'static [u16],
    ) where
        P: Protocol + 'static,
    {
        self.serve_with::<P, N, RX, TX>(protocol, ports, |server| server);
    }

    pub fn serve_with<P, const N: usize, const RX: usize, const TX: usize>(
        &mut self,
        protocol: P,
        ports: &'static [u16],
        adjust: impl FnOnce(TcpServer<'static, On<P>>) -> TcpServer<'static, On<P>>,
    ) where
        P: Protocol + 'static,
    {
        let resources: &'static mut TcpResources<P::Connection, N, RX, TX> =
            Box::leak(Box::new(TcpResources::new()));
        let server = self.stack.tcp(resources, protocol, ports).unwrap();
        self.services.push(Box::new(adjust(server)));
    }

    /// Several protocols on a pool of `N` connections.
    pub fn serve_pool<P, const N: usize, const RX: usize, const TX: usize>(&mut self, protocols: P)
    where
        P: Protocols + 'static,
    {
        let resources: &'static mut PoolResources<P, N, RX, TX> =
            Box::leak(Box::new(TcpResources::new()));
        let server = self.stack.tcp_pool(resources, protocols).unwrap();
        self.services.push(Box::new(server));
    }

    /// What the service of this number counts.
    pub fn counters(&self, service: usize) -> &Counters {
        &self.stack.registry().services[service].counters
    }

    /// A client of port 7 over IPv4.
    pub fn client(&mut self, script: Vec<Step>) -> usize {
        self.client_of(7, script, Manners { start: self.now, ..Manners::default() })
    }

    pub fn client_of(&mut self, port: u16, script: Vec<Step>, manners: Manners) -> usize {
        self.clients.add(at(port), script, manners)
    }

    pub fn ending(&self, client: usize) -> Option<Ending> {
        self.clients.list[client].ending
    }

    pub fn received(&self, client: usize) -> &[u8] {
        &self.clients.list[client].received
    }

    /// How long a client took from its start to its end.
    pub fn took(&self, client: usize) -> Duration {
        let client = &self.clients.list[client];
        client.ended_at.expect("the client has ended") - client.start
    }

    /// Puts a frame on the cable as if a client had sent it, be it one that vanished.
    pub fn inject(&mut self, frame: Vec<u8>) {
        let mut cable = self.cable.borrow_mut();
        let vanished = std::mem::take(&mut cable.vanished);
        cable.send(Side::Clients, frame, self.now);
        cable.vanished = vanished;
    }

    /// The TCP segments the device has sent to `port` since [`World::listen_in`].
    pub fn heard(&self, port: u16) -> Vec<crate::frames::Said> {
        let cable = self.cable.borrow();
        let said = cable.from_device.iter().filter_map(|frame| crate::frames::tcp_of(frame));
        said.filter(|said| said.to == port).collect()
    }

    /// Notes from now on what the device sends.
    pub fn listen_in(&mut self) {
        let mut cable = self.cable.borrow_mut();
        cable.keep_from_device = true;
        cable.from_device.clear();
    }

    /// One turn of whoever is next; `false` when nothing will ever happen again or `limit` comes
    /// first.
    fn step(&mut self, limit: Instant) -> bool {
        let (to_device, to_clients) = {
            let mut cable = self.cable.borrow_mut();
            (cable.next_arrival(Side::Device), cable.next_arrival(Side::Clients))
        };
        let device = [self.device_due, to_device].into_iter().flatten().min();
        let clients = [self.clients.poll_at(self.now), to_clients].into_iter().flatten().min();
        let Some(next) = [device, clients].into_iter().flatten().min() else { return false };
        if next > limit {
            self.now = self.now.max(limit);
            return false;
        }
        if next > self.now {
            self.now = next;
            self.turns_at_once = 0;
        }
        self.turns_at_once += 1;
        assert!(
            self.turns_at_once < MOST_TURNS_AT_ONCE,
            "hot polling at {}: device due {:?}",
            self.now,
            self.device_due
        );
        if device.is_some_and(|device| device <= self.now) {
            self.turn();
        }
        if clients.is_some_and(|clients| clients <= self.now) {
            self.clients.poll(self.now);
        }
        true
    }

    /// One turn of the device.
    pub fn turn(&mut self) -> Option<Instant> {
        let before = self.cable.borrow().taken_by_device;
        let mut services: Vec<&mut dyn Service> =
            self.services.iter_mut().map(|service| &mut **service as &mut dyn Service).collect();
        let wait = self.stack.poll(self.now, &mut services);
        self.device_due = wait.map(|wait| self.now + wait);
        let Log { connected, outcomes } = std::mem::take(self.stack.observer());
        self.log.connected += connected;
        self.log.outcomes.extend(outcomes);
        self.turns += 1;
        let taken = self.cable.borrow().taken_by_device - before;
        self.most_frames_in_a_turn = self.most_frames_in_a_turn.max(taken);
        self.device_due
    }

    /// Runs until all clients have ended, at most for `time`.
    pub fn run(&mut self, time: Duration) {
        let limit = self.now + time;
        while !self.clients.all_ended() && self.step(limit) {}
    }

    /// Runs for `time`, whatever happens.
    pub fn pass(&mut self, time: Duration) {
        let limit = self.now + time;
        while self.step(limit) {}
        self.now = self.now.max(limit);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("seed {} failed at {}; BARESERVE_SEED={0} replays it", self.seed, self.now);
        if let Some(path) = std::env::var_os("BARESERVE_CAPTURE") {
            let path = path.to_string_lossy().into_owned();
            if let Err(error) = self.cable.borrow().write_capture(&path) {
                eprintln!("{path}: {error}");
            }
        }
    }
}

/// The seeds to run: `count` of them, or the one in `BARESERVE_SEED`.
pub fn seeds(count: u64) -> std::ops::Range<u64> {
    match std::env::var("BARESERVE_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("BARESERVE_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..count,
    }
}
