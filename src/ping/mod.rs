//! UDP ping (port 12000): a server with simulated loss and delay, and a client that measures round
//! trips.
//!
//! | datagram | bytes |
//! |---|---|
//! | request of the client | `Ping SEQUENCE SECONDS.MICROSECONDS` in ASCII: the sequence from 1, the date in seconds since 1970-01-01 00:00 UTC with 6 decimals; 39 bytes at most |
//! | answer of the server | the request's bytes, upper case in most profiles |
//!
//! The server answers any other bytes too.

pub mod client;
pub mod profile;
pub mod server;
pub mod statistics;
