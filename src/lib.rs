//! Network services for small devices, as state machines over [`smoltcp`] sockets: no heap, no
//! executor, every buffer sized by its user.
//!
//! # Quick start
//!
//! An echo service and a web server, over smoltcp's loopback device. On a board, `device` is the
//! driver of its Ethernet controller, and the rest is the same.
//!
//! ```
//! use bareserve::{
//!     Stack,
//!     echo::{self, UdpEcho},
//!     entropy::SeededEntropy,
//!     http::{self, Files},
//!     net::{config::Config, resources::{StackResources, UdpResources}, setup_error::SetupError},
//!     services::web::HttpResources,
//!     store::rom::{RomFile, RomStore},
//! };
//! use smoltcp::{
//!     phy::{Loopback, Medium},
//!     time::Instant,
//!     wire::{EthernetAddress, IpAddress, IpCidr},
//! };
//!
//! static SITE: RomStore = RomStore::new(&[RomFile::new("index.html", 1, b"<h1>It works</h1>")]);
//!
//! /// Every byte that the network uses: 4 connections, 4 datagrams, 16 connection requests that wait.
//! struct Resources {
//!     stack: StackResources<'static, 5, 16>,
//!     web: HttpResources<Files<&'static RomStore>, 4>,
//!     echo: UdpResources<4, 1472>,
//! }
//!
//! # fn main() -> Result<(), SetupError> {
//! // On a board: a take-once cell.
//! let Resources { stack, web, echo } = Box::leak(Box::new(Resources {
//!     stack: StackResources::new(),
//!     web: HttpResources::new(),
//!     echo: UdpResources::new(),
//! }));
//!
//! let config = Config::new(EthernetAddress([2, 0, 0, 0, 0, 1]))
//!     .address(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8));
//! let device = Loopback::new(Medium::Ethernet);
//! // A real device needs a source that cannot be predicted.
//! let mut stack = Stack::new(device, config, SeededEntropy::new(1), stack);
//! let site = http::Server::<_, 1024>::new(Files::new(&SITE));
//! let mut web = stack.tcp(web, site, &[80])?;
//! let mut echo = stack.udp(echo, UdpEcho, echo::PORT)?;
//!
//! // The main loop: poll, then sleep for the time returned, or until a frame arrives.
//! let wait = stack.poll(Instant::ZERO, &mut [&mut web, &mut echo]);
//! assert_eq!(wait, None, "no client yet: there is nothing to do before a frame arrives");
//! # Ok(())
//! # }
//! ```
//!
//! Applications of a web server are in [`http`]; a TCP protocol in lines takes 25 lines with
//! [`protocol::line`], one in datagrams 15 with [`protocol::datagram`].
//!
//! # The layers
//!
//! A module names only those below it in this list; `net` and the protocols do not name each other.
//!
//! | layer | modules | what is in it |
//! |---|---|---|
//! | services | [`services`] | the services of a device with their ports, ready to be added to a stack |
//! | device | [`device`] | the device's page, status, metrics and captured frames |
//! | sockets | [`net`] | the stack, the listener with its queue, servers and clients over sockets, all timeouts |
//! | protocols | [`http`], [`time`], [`file_transfer`], [`ping`], [`echo`] | bytes in, bytes out; time and entropy are passed in |
//! | contracts | [`protocol`] | the traits between protocols and the code that drives them |
//! | files | [`store`] | files in flash and in RAM |
//! | bytes | [`wire`] | writers, templates, JSON, percent-encoding, Base64 |
//! | ground | [`clock`], [`entropy`], [`counters`] | time and random bytes from the board, and counters |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `guard` | yes | congestion control and early repair of losses ([`net::guard`]): 4 KB of code on a Cortex-M3 |
//! | `ipv6` | yes | IPv6: 24 KB of code on a Cortex-M3, 16 bytes more an address |
//! | `json` | yes | JSON in and out of HTTP applications, by serde |
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

pub use smoltcp;

pub use net::service::{Context, Service};
pub use net::stack::Stack;
pub use protocol::environment::{Environment, Event, Observer};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
