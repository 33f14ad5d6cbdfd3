//! Answering datagrams, with losses and delays if wanted (port 12000); RFC 862 echo (port 7); and
//! the client that measures round trips.

pub mod client;
pub mod profile;
pub mod server;
pub mod statistics;
