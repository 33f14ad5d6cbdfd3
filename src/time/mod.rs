//! Telling the time: as a text on connect (port 9999), RFC 867 (port 13), RFC 868 (port 37).
//!
//! All three answer the same way, with a few bytes and without reading any, so that one
//! [`TimeServer`](server::TimeServer) and one [`UdpTime`](server::UdpTime) serve them;
//! they differ in their [`TimeFormat`](server::TimeFormat).

pub mod client;
pub mod daytime;
pub mod seconds;
pub mod server;
pub mod timestamp;
