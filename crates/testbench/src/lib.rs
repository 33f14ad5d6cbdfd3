//! A simulated network for tests of [`bareserve`] services.
//!
//! A [`Bench`] joins a bareserve stack with the services under test to simulated clients, over a
//! [`Wire`] that loses, duplicates, reorders, damages and delays frames as a seed decides. Time is
//! virtual: minutes of retransmissions take milliseconds, and a run depends on its seed alone.
//!
//! ```
//! use bareserve::echo::TcpEcho;
//! use bareserve_testbench::{Bench, Duration, Ending, Faults, Step, seeds};
//!
//! for seed in seeds(20) {
//!     let mut bench = Bench::new(seed, Faults::loss_percent(20));
//!     // Two connections with buffers of 512 bytes, on port 7.
//!     bench.tcp::<TcpEcho<64>, 2, 512, 512>(TcpEcho, &[7]);
//!     let client = bench.connect(7, [Step::send("hello"), Step::Read(5), Step::Close]);
//!     bench.run(Duration::from_secs(60));
//!     assert_eq!(bench.ending(client), Some(Ending::Done));
//!     assert_eq!(bench.received(client), b"hello");
//! }
//! ```
//!
//! A failing test prints its seed. `BARESERVE_SEED=N cargo test NAME` runs that seed alone, and
//! `BARESERVE_CAPTURE=FILE` writes the frames of the run as a capture for Wireshark.
//!
//! # In `Cargo.toml`
//!
//! ```toml
//! [dev-dependencies]
//! bareserve-testbench = "0.1"
//! ```
//!
//! A program that forwards real frames needs [`link`] alone: `default-features = false` leaves out
//! the simulation, and smoltcp with it.
//!
//! # Parts
//!
//! | module | contents |
//! |---|---|
//! | [`link`] | one direction of a wire, without a clock: also for programs that forward real frames |
//! | [`wire`] | two links in virtual time, as a `smoltcp::phy::Device` at each end |
//! | [`script`] | what a client does: send, read, wait, vanish, reboot |
//! | [`clients`], [`client`] | TCP clients that play scripts, and UDP sockets |
//! | [`frames`] | frames made by hand: forged requests, segments, datagrams |
//! | [`host`] | a bareserve stack at one end, with servers and clients |
//! | [`mod@bench`] | a host and simulated clients: for servers |
//! | [`pair`] | two hosts: for clients |
#![forbid(unsafe_code)]

#[cfg(feature = "simulation")]
pub mod bench;
#[cfg(feature = "simulation")]
mod capture;
#[cfg(feature = "simulation")]
pub mod client;
#[cfg(feature = "simulation")]
pub mod clients;
#[cfg(feature = "simulation")]
pub mod frames;
#[cfg(feature = "simulation")]
pub mod host;
pub mod link;
#[cfg(feature = "simulation")]
pub mod pair;
#[cfg(feature = "simulation")]
mod replay;
#[cfg(feature = "simulation")]
pub mod script;
#[cfg(feature = "simulation")]
pub mod wire;

pub use link::{Faults, Link, LinkCounts};
#[cfg(feature = "simulation")]
pub use {
    bench::Bench,
    host::{Closed, Host, HostStack, Log},
    pair::Pair,
    replay::seeds,
    script::{ClientSettings, Ending, Step},
    smoltcp::time::{Duration, Instant},
    wire::{End, Side, Wire},
};
