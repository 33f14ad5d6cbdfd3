//! Ports of this host that lead to the device: which, and the sockets that listen there.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
};

use nix::sys::socket::{Backlog, listen};

use crate::{arguments::Serve, error::Failure};

/// One port of this host and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// The host's address and port.
    pub listen: SocketAddr,
    /// The device's port.
    pub device_port: u16,
    pub transport: Transport,
}

/// What is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
}

/// Sockets of the host that wait for clients, each with the device's port it leads to.
#[derive(Debug, Default)]
pub struct Listeners {
    pub tcp: Vec<(TcpListener, u16)>,
    pub udp: Vec<(UdpSocket, u16)>,
    /// What is open, and what could not be opened and why.
    pub open: Vec<Publish>,
    pub skipped: Vec<(Publish, io::Error)>,
}

impl Publish {
    /// Whether both want the same port of the host.
    pub fn listens_where(&self, other: &Self) -> bool {
        self.listen == other.listen && self.transport == other.transport
    }
}

impl std::fmt::Display for Publish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let suffix = match self.transport {
            Transport::Tcp => "",
            Transport::Udp => "/udp",
        };
        write!(f, "{}:{}{suffix}", self.listen, self.device_port)
    }
}

/// What a device in a namespace of its own publishes unasked: HTTP on 8080, the rest under their
/// own numbers.
pub fn defaults(options: &Serve) -> Vec<Publish> {
    let on_localhost = |port, device_port, transport| Publish {
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        device_port,
        transport,
    };
    let mut all = Vec::new();
    for (port, _) in options.tcp_ports() {
        let first_http = options.http_ports.first() == Some(&port);
        all.push(on_localhost(if first_http { 8080 } else { port }, port, Transport::Tcp));
    }
    for (port, _) in options.udp_ports() {
        all.push(on_localhost(port, port, Transport::Udp));
    }
    all
}

impl Listeners {
    /// Opens what was asked for.
    pub fn open(wanted: &[Publish]) -> Result<Self, Failure> {
        let mut listeners = Self::default();
        for publish in wanted {
            listeners.add(publish).map_err(|error| {
                let cure = match error.kind() {
                    io::ErrorKind::PermissionDenied => "choose a PORT from 1024 on",
                    io::ErrorKind::AddrInUse => "choose another PORT",
                    io::ErrorKind::AddrNotAvailable => "choose an ADDR of this host",
                    _ => "choose another ADDR or PORT",
                };
                Failure(format!("--publish {publish}: {error}: {cure}"))
            })?;
        }
        Ok(listeners)
    }

    /// Opens what can be had, and notes what cannot.
    pub fn open_free(wanted: &[Publish]) -> Self {
        let mut listeners = Self::default();
        for publish in wanted {
            if let Err(error) = listeners.add(publish) {
                listeners.skipped.push((*publish, error));
            }
        }
        listeners
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn add(&mut self, publish: &Publish) -> io::Result<()> {
        match publish.transport {
            Transport::Tcp => {
                let listener = TcpListener::bind(publish.listen)?;
                listener.set_nonblocking(true)?;
                // The standard library asks for a queue of 128 only.
                listen(&listener, Backlog::MAXCONN)?;
                self.tcp.push((listener, publish.device_port));
            }
            Transport::Udp => {
                let socket = UdpSocket::bind(publish.listen)?;
                socket.set_nonblocking(true)?;
                self.udp.push((socket, publish.device_port));
            }
        }
        self.open.push(*publish);
        Ok(())
    }
}
