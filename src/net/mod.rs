//! The stack: protocols on smoltcp's sockets.
//!
//! A program creates a [`Stack`](stack::Stack) from a network device, a [`Config`](config::Config), a
//! source of entropy and [memory](resources), adds services to it, and polls it in its main loop. Each
//! poll receives frames, polls every [`Service`](service::Service) once, sends frames, and returns how
//! long the program may sleep.
//!
//! A [TCP server](tcp::server) serves one or more protocols on a pool of connections, a
//! [UDP server](udp::server) serves one on a port, and the clients are in [`tcp::client`] and
//! [`udp::client`]. TCP servers accept connections through the queue in [`listener`], because a smoltcp
//! socket has none; the [`guard`] adds congestion control and early repair of losses to its TCP, which
//! lacks both. This layer owns all sockets and timeouts; protocols only see bytes and datagrams.

pub mod config;
mod core;
pub mod guard;
pub mod listener;
pub mod resources;
pub mod segment;
pub mod service;
pub mod setup_error;
pub mod stack;
pub mod tcp;
pub mod udp;

pub use self::core::StackMemory;
