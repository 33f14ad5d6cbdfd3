//! TCP servers and clients over smoltcp's sockets.

pub mod client;
mod driver;
pub mod erased;
pub(super) mod pool;
pub mod protocols;
pub mod pump;
pub mod server;
pub mod slot;
pub mod timeouts;
