//! Published ports: ports of this host that are forwarded to the device, and their sockets.

use std::{
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
};

use nix::sys::socket::{Backlog, listen};

use crate::error::Failure;

/// One published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// The address and port that the host listens on.
    pub listen: SocketAddr,
    /// The device's port that it is forwarded to.
    pub device_port: u16,
    pub transport: Transport,
}

/// The transport protocol of a published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
}

/// The listening sockets of published ports, each with the device's port.
#[derive(Debug, Default)]
pub struct Listeners {
    pub tcp: Vec<(TcpListener, u16)>,
    pub udp: Vec<(UdpSocket, u16)>,
    /// The published ports whose sockets are open.
    pub open: Vec<Publish>,
    /// The ports that could not be opened, and why.
    pub skipped: Vec<(Publish, io::Error)>,
}

impl Publish {
    /// Whether both listen on the same address and port of the host.
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

impl Listeners {
    /// Opens the ports given by `--publish`. Fails at the first that cannot be opened.
    pub fn open(wanted: &[Publish]) -> Result<Self, Failure> {
        let mut listeners = Self::default();
        for publish in wanted {
            listeners.add(publish).map_err(|error| {
                let cure = match error.kind() {
                    io::ErrorKind::PermissionDenied => "choose a PORT of 1024 or above",
                    io::ErrorKind::AddrInUse => "choose another PORT",
                    io::ErrorKind::AddrNotAvailable => "choose an ADDR of this host",
                    _ => "choose another ADDR or PORT",
                };
                Failure(format!("--publish {publish}: {error}: {cure}"))
            })?;
        }
        Ok(listeners)
    }

    /// Opens those ports that are available, and records the others in `skipped`.
    pub fn open_free(wanted: &[Publish]) -> Self {
        let mut listeners = Self::default();
        for publish in wanted {
            if let Err(error) = listeners.add(publish) {
                listeners.skipped.push((*publish, error));
            }
        }
        listeners
    }

    /// Whether no port is published.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn add(&mut self, publish: &Publish) -> io::Result<()> {
        match publish.transport {
            Transport::Tcp => {
                let listener = TcpListener::bind(publish.listen)?;
                listener.set_nonblocking(true)?;
                // The standard library sets a backlog of 128; a burst of clients needs more.
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
