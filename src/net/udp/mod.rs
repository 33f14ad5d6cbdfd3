//! UDP servers and clients over smoltcp's sockets.
//!
//! A [`UdpServer`](server::UdpServer) serves a [datagram protocol](crate::protocol::datagram) on one
//! port: one socket for all peers, with a ring of datagrams in each direction. A datagram that does not
//! fit into the ring is lost, as UDP permits. A [`UdpClient`](client::UdpClient) drives one session with
//! one server from a random local port.
//!
//! Both process a bounded number of datagrams in one poll. A peer whose hardware address cannot be
//! resolved blocks the transmit ring of a server for one second at most.

pub mod client;
pub mod server;
