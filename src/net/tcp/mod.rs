//! TCP servers and clients over smoltcp's sockets.

pub mod client;
mod erased;
mod pump;
pub mod server;
pub mod slot;
pub mod timeouts;
