//! TCP servers and clients over smoltcp's sockets.
//!
//! A [`TcpServer`](server::TcpServer) serves one or more [protocols] on a pool of connections. Each
//! connection has a [slot]: a socket with its buffers, and its stage from the SYN to the last FIN or
//! reset. The [pump] moves bytes between the socket and the protocol, and the [timeouts] of the
//! protocol's phase bound how long a peer may take.
//!
//! Requests that find no free connection wait in the [queue](super::listener::queue). While they wait,
//! shorter timeouts apply, and a connection that exceeds them is evicted.
//!
//! A [`TcpClient`](client::TcpClient) drives one session over one outgoing connection.

pub mod client;
mod driver;
pub mod erased;
pub(super) mod pool;
pub mod protocols;
pub mod pump;
pub mod server;
pub mod slot;
pub mod timeouts;
