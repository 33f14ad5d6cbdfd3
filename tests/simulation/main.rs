//! The services on a simulated wire, in virtual time.

#[path = "../common/mod.rs"]
mod common;

mod toys;

mod attacks;
mod http;
mod limits;
mod line_protocol;
mod listener;
mod paths;
mod pool;
mod seeds;
mod segments;
mod udp;
mod windows;
