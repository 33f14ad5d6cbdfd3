//! Many clients on one smoltcp interface.

use smoltcp::{
    iface::{Config, Interface, SocketHandle, SocketSet},
    socket::{
        tcp::{Socket, SocketBuffer},
        udp,
    },
    time::Instant,
    wire::{IpCidr, IpEndpoint},
};

use crate::{
    client::Client,
    frames::PEER_MAC,
    script::{ClientSettings, Step},
    wire::End,
};

/// The local port of the first client; each further one has the next.
const FIRST_PORT: u16 = 40_001;

/// The clients at the far end of the wire.
pub struct Clients {
    end: End,
    interface: Interface,
    sockets: SocketSet<'static>,
    list: Vec<Client>,
}

/// A UDP socket of the clients' interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpPeer(SocketHandle);

impl Clients {
    pub(crate) fn new(mut end: End, addresses: &[IpCidr], random_seed: u64) -> Self {
        let mut config = Config::new(PEER_MAC.into());
        config.random_seed = random_seed;
        let mut interface = Interface::new(config, &mut end, Instant::ZERO);
        interface.update_ip_addrs(|list| list.extend(addresses.iter().copied()));
        Self { end, interface, sockets: SocketSet::new(Vec::new()), list: Vec::new() }
    }

    /// Adds a client that connects to `remote` and plays `script`; returns its index.
    pub fn add(
        &mut self,
        remote: IpEndpoint,
        script: impl IntoIterator<Item = Step>,
        settings: ClientSettings,
    ) -> usize {
        let rx = SocketBuffer::new(vec![0; settings.rx]);
        let tx = SocketBuffer::new(vec![0; settings.tx]);
        let handle = self.sockets.add(Socket::new(rx, tx));
        let port = FIRST_PORT + self.list.len() as u16;
        self.list.push(Client::new(handle, port, remote, script.into_iter().collect(), settings));
        self.list.len() - 1
    }

    /// Adds a UDP socket bound to `port`, with room for the given number of datagrams of 2 KiB.
    ///
    /// # Panics
    /// If `port` is 0.
    pub fn add_udp(&mut self, port: u16, datagrams: usize) -> UdpPeer {
        let buffer = || {
            let metadata = vec![udp::PacketMetadata::EMPTY; datagrams];
            udp::PacketBuffer::new(metadata, vec![0; datagrams * 2048])
        };
        let mut socket = udp::Socket::new(buffer(), buffer());
        socket.bind(port).expect("the port is not 0");
        UdpPeer(self.sockets.add(socket))
    }

    /// Sends a datagram.
    ///
    /// # Panics
    /// If the socket has no room for it.
    pub fn send_to(&mut self, peer: UdpPeer, remote: IpEndpoint, payload: &[u8]) {
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(peer.0);
        socket.send_slice(payload, remote).expect("room for a datagram");
    }

    /// The next datagram that arrived, and its sender.
    pub fn receive_from(&mut self, peer: UdpPeer) -> Option<(Vec<u8>, IpEndpoint)> {
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(peer.0);
        socket.recv().ok().map(|(payload, metadata)| (payload.to_vec(), metadata.endpoint))
    }

    /// Lets `client`, which has not started, connect from `port`, which another client may have used.
    pub fn set_port(&mut self, client: usize, port: u16) {
        self.list[client].port = port;
    }

    /// The clients, by their index.
    pub fn list(&self) -> &[Client] {
        &self.list
    }

    /// Polls every client at `now`.
    pub fn poll(&mut self, now: Instant) {
        self.interface.poll(now, &mut self.end, &mut self.sockets);
        for client in &mut self.list {
            client.poll(&mut self.interface, &mut self.sockets, self.end.wire(), now);
        }
        self.interface.poll(now, &mut self.end, &mut self.sockets);
    }

    /// When a client acts next if no frame arrives.
    pub fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        let scripts = self.list.iter().filter_map(Client::poll_at);
        scripts.chain(self.interface.poll_at(now, &self.sockets)).min()
    }

    /// Whether all scripts have ended.
    pub fn all_ended(&self) -> bool {
        self.list.iter().all(|client| client.ending().is_some())
    }
}
