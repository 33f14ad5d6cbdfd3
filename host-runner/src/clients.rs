//! The client subcommands: the library's clients over the kernel's sockets, or over a device's stack.

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

use crate::{
    arguments::Client,
    error::{Error, Failure, UsageError},
};

pub use fetch::fetch;
pub use ping::ping;
pub use send::send;
pub use time::time;

/// A server, with its name resolved.
struct Server<'c> {
    client: &'c Client,
    /// All its addresses, in the resolver's order of preference; never empty.
    addresses: Vec<SocketAddr>,
}

impl<'c> Server<'c> {
    fn find(client: &'c Client, default_port: u16) -> Result<Self, Error> {
        let (host, port) = (client.host.as_str(), client.port.unwrap_or(default_port));
        if client.from_device.is_some() && host.parse::<std::net::IpAddr>().is_err() {
            return Err(UsageError(format!(
                "--from-device has no name resolution: give the address of {host} instead of its name"
            ))
            .into());
        }
        let addresses: Vec<_> = (host, port)
            .to_socket_addrs()
            .map_err(|error| Failure(format!("{host}: {error}")))?
            .collect();
        if addresses.is_empty() {
            return Err(Failure(format!("{host}: the name has no address")).into());
        }
        Ok(Self { client, addresses })
    }

    /// The preferred address.
    fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Runs `session` over a TCP connection. `tick` is called repeatedly while it runs.
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

    /// Runs `session` over UDP, until it ends or the process receives a signal.
    fn datagrams(&self, session: &mut impl DatagramSession) -> Result<(), Error> {
        match &self.client.from_device {
            None => Ok(kernel::datagrams(self.address(), session)?),
            Some(network) => device::datagrams(network, self.address(), session),
        }
    }
}

/// Prints a line of results. A closed standard output is not an error.
fn print_line(line: impl std::fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Removes control characters from text that came from the network, so that it is safe on a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}
