//! The thin adapters between protocol cores and smoltcp sockets, and the listener they share.

pub mod backlog;
mod carry;
mod conversation;
pub mod limits;
pub mod loop_guard;
pub mod protocol;
pub mod sent;
pub mod service;
pub mod session;
pub mod slot;
pub mod syn;
pub mod tcp_client;
pub mod tcp_server;
pub mod udp_client;
pub mod udp_server;
