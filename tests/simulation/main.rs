//! The services on a simulated cable, under virtual time.

#[path = "../common/mod.rs"]
mod common;

mod clients;
mod frames;
mod toys;
mod wire;
mod world;

mod attacks;
mod http;
mod limits;
mod listener;
mod seeds;
mod segments;
mod udp;
mod windows;
