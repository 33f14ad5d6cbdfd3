//! The services' foundation on a simulated cable.

#[path = "../common/mod.rs"]
mod common;

mod attacks;
mod limits;
mod listener;
mod seeds;
mod udp;
