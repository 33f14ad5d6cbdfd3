//! Time services and their clients.
//!
//! | service | port | transport | content |
//! |---|---|---|---|
//! | [`timestamp`] | 9999 | TCP | `2023-04-19 17:04:30.293444`, local time |
//! | [`daytime`], RFC 867 | 13 | TCP, UDP | `Wednesday, April 19, 2023 17:04:30-UTC` CR LF, local time |
//! | [`seconds`], RFC 868 | 37 | TCP, UDP | 4 bytes: seconds since 1900, UTC |
//!
//! All three send a few bytes and ignore input, so one [`TimeServer`](server::TimeServer) and one
//! [`UdpTime`](server::UdpTime) serve them; each is a [`TimeFormat`](format::TimeFormat).

pub mod client;
pub mod daytime;
pub mod format;
pub mod seconds;
pub mod server;
pub mod timestamp;
