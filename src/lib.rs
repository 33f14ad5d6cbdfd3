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
pub mod entropy;
pub mod environment;
pub mod file_transfer;
pub mod http;
pub mod net;
pub mod ping;
pub mod resources;
pub mod stack;
pub mod store;
pub mod time;
pub mod token;
pub mod wire;

pub use environment::{Environment, Event, Observer};
pub use net::service::{Context, Service};
pub use stack::Stack;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
