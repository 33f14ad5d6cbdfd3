//! The subcommands: the library's clients over the kernel's sockets, or over a device's stack.

mod device;
mod fetch;
mod kernel;
mod ping;
mod progress;
mod send;
mod time;

use std::{
    io::{self, Write},
    net::{SocketAddr, ToSocketAddrs},
};

use bareserve::protocol::client::{DatagramSession, Failure as SessionFailure, StreamSession};
use smoltcp::wire::IpAddress;

use crate::{
    arguments::Client,
    error::{Error, Failure, UsageError},
};

pub use fetch::fetch;
pub use ping::ping;
pub use send::send;
pub use time::time;

/// A server found.
struct Server<'c> {
    client: &'c Client,
    /// All its addresses, best first; never empty.
    addresses: Vec<SocketAddr>,
}

impl<'c> Server<'c> {
    fn find(client: &'c Client, default_port: u16) -> Result<Self, Error> {
        let (host, port) = (client.host.as_str(), client.port.unwrap_or(default_port));
        if client.from_device.is_some() && host.parse::<std::net::IpAddr>().is_err() {
            return Err(UsageError(format!(
                "--from-device knows no names: give the address of {host} instead"
            ))
            .into());
        }
        let addresses: Vec<_> = (host, port)
            .to_socket_addrs()
            .map_err(|error| Failure(format!("{host}: {error}")))?
            .collect();
        if addresses.is_empty() {
            return Err(Failure(format!("{host}: has no address")).into());
        }
        Ok(Self { client, addresses })
    }

    /// The first of its addresses.
    fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Speaks `session` over a TCP connection. `tick` is called now and then.
    fn stream<S: StreamSession>(
        &self,
        session: &mut S,
        tick: impl FnMut(&S),
    ) -> Result<Result<(), SessionFailure>, Error> {
        match &self.client.from_device {
            None => Ok(kernel::stream(&self.addresses, session, tick)?),
            Some(network) => device::stream(network, self.address(), session, tick),
        }
    }

    /// Speaks `session` in datagrams, until it is done or a signal comes.
    fn datagrams(&self, session: &mut impl DatagramSession) -> Result<(), Error> {
        match &self.client.from_device {
            None => Ok(kernel::datagrams(self.address(), session)?),
            Some(network) => device::datagrams(network, self.address(), session),
        }
    }
}

/// As smoltcp writes it.
fn address_of(address: SocketAddr) -> IpAddress {
    address.ip().into()
}

/// Prints a line of results. Whoever read them may have gone.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Text from the network, fit for a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}
