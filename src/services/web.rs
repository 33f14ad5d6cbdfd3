//! The web server.

use crate::{
    http,
    net::{
        resources::TcpResources,
        tcp::protocols::{On, on},
    },
};

/// The ports: HTTP's own, and that of the course's web server.
pub const PORTS: [u16; 2] = [80, 6789];

/// HTTP over TCP for the application `A`, with `BUFFER` bytes a connection for a request's target and
/// fields, and for the head of the response.
pub type Tcp<A, const BUFFER: usize> = On<http::Server<A, BUFFER>>;

/// The memory of a web server of its own: `N` connections, each with `BUFFER` bytes as above, a receive
/// buffer of `RX` and a transmit buffer of `TX` bytes.
pub type HttpResources<
    A,
    const N: usize,
    const BUFFER: usize = 1024,
    const RX: usize = 1024,
    const TX: usize = 2048,
> = TcpResources<http::Connection<A, BUFFER>, N, RX, TX>;

/// Serves `server` on `ports`.
pub fn tcp<A: http::Application, const BUFFER: usize>(
    ports: &[u16],
    server: http::Server<A, BUFFER>,
) -> Tcp<A, BUFFER> {
    on(ports, server)
}
