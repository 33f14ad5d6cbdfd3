//! The services' foundation on a simulated cable.

#[path = "../common/mod.rs"]
mod common;

mod listener;
