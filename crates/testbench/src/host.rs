//! A bareserve stack at one end of a wire, with its services and clients.

use bareserve::{
    Event, Observer, Service, Stack,
    clock::UnixTime,
    counters::Counters,
    entropy::SeededEntropy,
    net::{
        config::Config,
        resources::{
            PoolResources, StackResources, TcpClientResources, TcpResources, UdpResources,
        },
        tcp::{
            client::TcpClient,
            protocols::{On, Protocols},
            server::TcpServer,
        },
        udp::{client::UdpClient, server::UdpServer},
    },
    protocol::{
        client::{DatagramSession, StreamSession},
        datagram::DatagramProtocol,
        environment::Outcome,
        stream::Protocol,
    },
};
use smoltcp::{
    time::Instant,
    wire::{IpCidr, IpEndpoint},
};

use crate::{frames::mac, wire::End};

/// The most sockets of all services of a host.
const SOCKETS: usize = 64;

/// The date at which every run begins: 2023-04-19 17:04:30.293444 UTC.
const DATE: UnixTime = UnixTime(1_681_923_870_293_444);

/// The addresses of the host with this number on the simulated network: the one of IPv6 only if
/// bareserve's feature `ipv6` is enabled, without which smoltcp does not parse it.
pub(crate) fn addresses(host: u8) -> Vec<IpCidr> {
    let texts = [format!("10.0.0.{host}/24"), format!("fe80::{host}/64")];
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// The stack of a host.
pub type HostStack = Stack<'static, End, SeededEntropy, Log>;

/// A bareserve stack at one end of a [`Wire`](crate::Wire). Its memory is leaked, which the short process
/// of a test permits.
pub struct Host {
    stack: HostStack,
    due: Option<Instant>,
}

/// The connections of a host.
#[derive(Debug, Default)]
pub struct Log {
    connected: Vec<IpEndpoint>,
    closed: Vec<Closed>,
    outcomes: Vec<Outcome>,
}

/// The end of a connection: [`Event::Closed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The service's name.
    pub service: &'static str,
    /// The peer.
    pub remote: IpEndpoint,
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes received from the peer.
    pub bytes_in: u64,
    /// Bytes sent to the peer.
    pub bytes_out: u64,
}

impl Log {
    /// The peers of all connections, in the order they were accepted.
    pub fn connected(&self) -> &[IpEndpoint] {
        &self.connected
    }

    /// The ends of all connections, in their order.
    pub fn closed(&self) -> &[Closed] {
        &self.closed
    }

    /// The outcomes of all connections, in the order they ended.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The number of connections that ended with `outcome`.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.iter().filter(|&&other| other == outcome).count()
    }
}

impl Observer for Log {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected { remote, .. } => self.connected.push(remote),
            Event::Closed { service, remote, outcome, bytes_in, bytes_out, .. } => {
                self.closed.push(Closed { service, remote, outcome, bytes_in, bytes_out });
                self.outcomes.push(outcome);
            }
            _ => {}
        }
    }
}

impl Host {
    /// The host 10.0.0.`number` (and fe80::`number`) at `end`, with room for `BACKLOG` connection
    /// requests. Its clock stands at 2023-04-19 17:04:30.293444 UTC.
    pub fn new<const BACKLOG: usize>(end: End, number: u8, entropy: SeededEntropy) -> Self {
        let config = addresses(number).into_iter().fold(Config::new(mac(number)), Config::address);
        let resources = leak(StackResources::<SOCKETS, BACKLOG>::new());
        let stack = Stack::new(end, config, entropy, resources);
        let mut stack = stack.with_observer(Log::default());
        stack.wall_clock().set(Instant::ZERO, DATE);
        Self { stack, due: Some(Instant::ZERO) }
    }

    /// Polls the stack and `services` once; returns when it wants to be polled again.
    pub fn poll(&mut self, now: Instant, services: &mut [&mut dyn Service]) -> Option<Instant> {
        self.due = self.stack.poll(now, services).map(|wait| now + wait);
        self.due
    }

    /// When it wants to be polled even if no frame arrives.
    pub fn poll_at(&self) -> Option<Instant> {
        self.due
    }

    /// Makes the next poll due at `now`, after a service has been added or changed.
    pub fn wake(&mut self, now: Instant) {
        self.due = Some(now);
    }

    /// The stack.
    pub fn stack(&mut self) -> &mut HostStack {
        &mut self.stack
    }

    /// Its connections.
    pub fn log(&mut self) -> &Log {
        self.stack.observer()
    }

    /// The number of services, which is also the number of the next service.
    pub fn services(&self) -> usize {
        self.stack.registry().services.len()
    }

    /// The counters of the service that was added as number `service`, from 0.
    ///
    /// # Panics
    /// If there is no such service.
    pub fn counters(&self, service: usize) -> &Counters {
        &self.stack.registry().services[service].counters
    }

    /// A server of `protocol` on `ports`, with `N` connections of `RX` bytes of receive buffer and
    /// `TX` of transmit buffer each.
    ///
    /// # Panics
    /// If the ports are not 1 to 4 valid ones that are free, or the stack has no slot left.
    pub fn tcp<P, const N: usize, const RX: usize, const TX: usize>(
        &mut self,
        protocol: P,
        ports: &[u16],
    ) -> TcpServer<'static, On<P>>
    where
        P: Protocol<Connection: 'static>,
    {
        let resources = leak(TcpResources::<P::Connection, N, RX, TX>::new());
        self.stack.tcp(resources, protocol, ports).expect("valid ports and a free socket")
    }

    /// A server of several protocols on one pool of `N` connections. Each protocol is a service with
    /// a number of its own.
    ///
    /// # Panics
    /// As [`Host::tcp`].
    pub fn tcp_pool<P, const N: usize, const RX: usize, const TX: usize>(
        &mut self,
        protocols: P,
    ) -> TcpServer<'static, P>
    where
        P: Protocols<Connection: 'static>,
    {
        let resources = leak(PoolResources::<P, N, RX, TX>::new());
        self.stack.tcp_pool(resources, protocols).expect("valid ports and a free socket")
    }

    /// A server of `protocol` on `port`, with room for `N` datagrams of `BYTES` bytes in all in each
    /// direction.
    ///
    /// # Panics
    /// If the port is 0 or in use, or the stack has no slot left.
    pub fn udp<P: DatagramProtocol, const N: usize, const BYTES: usize>(
        &mut self,
        protocol: P,
        port: u16,
    ) -> UdpServer<'static, P> {
        let resources = leak(UdpResources::<N, BYTES>::new());
        self.stack.udp(resources, protocol, port).expect("a valid port and a free socket")
    }

    /// A client with `SIZE` bytes of buffer in each direction.
    ///
    /// # Panics
    /// If the stack has no socket left.
    pub fn tcp_client<S: StreamSession, const SIZE: usize>(&mut self, session: S) -> TcpClient<S> {
        let resources = leak(TcpClientResources::<SIZE, SIZE>::new());
        self.stack.tcp_client(resources, session).expect("a free socket")
    }

    /// A client of `remote` with room for `N` datagrams of `BYTES` bytes in all in each direction.
    ///
    /// # Panics
    /// If the stack has no socket left.
    pub fn udp_client<S: DatagramSession, const N: usize, const BYTES: usize>(
        &mut self,
        session: S,
        remote: IpEndpoint,
    ) -> UdpClient<'static, S> {
        let resources = leak(UdpResources::<N, BYTES>::new());
        self.stack.udp_client(resources, session, remote).expect("a free socket")
    }
}

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}
