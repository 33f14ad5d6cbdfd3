//! UDP servers and clients over smoltcp's sockets.

pub mod client;
pub mod server;
