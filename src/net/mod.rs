//! The adapters between protocols and smoltcp's sockets, the listener that they share, and one
//! turn of the main loop.

pub mod config;
mod core;
pub mod listener;
pub mod resources;
pub mod service;
pub mod setup_error;
pub mod stack;
pub mod tcp;
pub mod udp;

pub use self::core::StackMemory;
