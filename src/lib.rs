//! Network services for small devices, as state machines over [`smoltcp`] sockets: no heap, no
//! executor, every buffer sized by its user.
//!
//! # The layers
//!
//! Each layer names only the ones above it in this list.
//!
//! | layer | modules | what lives there |
//! |---|---|---|
//! | wire | [`wire`] | byte formats: checked readers and writers |
//! | protocol cores | [`http`], [`time`], [`file_transfer`], [`ping`] | bytes in, bytes out; time is passed in |
//! | services | [`net`] | the adapters from a core to sockets, the listener with its backlog, all deadlines |
//! | application | [`device`] | the page and the data in which the device shows itself |
//! | runner | [`stack`], [`resources`] | one turn over interface and services; the memory it needs |
//!
//! [`environment`], [`clock`], [`entropy`], [`store`] and [`counters`] are what a board supplies or
//! reads; every layer may name them.
#![no_std]
#![forbid(unsafe_code)]

pub mod clock;
pub mod counters;
pub mod device;
pub mod echo;
pub mod entropy;
pub mod file_transfer;
pub mod http;
pub mod net;
pub mod ping;
pub mod protocol;
pub mod services;
pub mod store;
pub mod time;
pub mod wire;
mod zeroed;

pub use net::service::{Context, Service};
pub use net::stack::Stack;
pub use protocol::environment::{Environment, Event, Observer};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
