//! The contracts between protocols and the adapters that drive them.
//!
//! A protocol over TCP implements [`stream::Protocol`], or [`line::LineProtocol`] if it exchanges lines
//! of text. A protocol over UDP implements [`datagram::DatagramProtocol`], and clients implement the
//! traits in [`client`]. None of them names a socket: time, entropy and the observer are passed in an
//! [`Environment`](environment::Environment), so every protocol is tested without a network.

pub mod client;
pub mod datagram;
pub mod endpoints;
pub mod environment;
pub mod line;
pub mod loop_guard;
pub mod stream;
pub mod token;
