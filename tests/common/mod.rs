//! What several tests share.
#![allow(dead_code, unused_imports, reason = "no test uses all of it")]

pub mod clients;
pub mod conversation;
pub mod frames;
pub mod memory_store;
pub mod toys;
pub mod wire;
mod world;

pub use world::*;
