//! The services of a device, ready to be added to a [`Stack`](crate::Stack): each group's protocols
//! with their ports.
//!
//! A device uses the groups that it needs. Those over TCP share one pool of connections, with one field
//! of memory and one call to start it:
//!
//! ```
//! use bareserve::{net::resources::PoolResources, services};
//!
//! // Three time services and echo on a pool of 4 connections.
//! type Tcp = (services::time::Tcp, services::ping::Tcp<128>);
//!
//! struct Resources {
//!     tcp: PoolResources<Tcp, 4, 512, 1024>,
//!     time: services::time::UdpResources,
//! }
//!
//! let tcp: Tcp = (services::time::tcp(9999), services::ping::tcp());
//! // let mut tcp = stack.tcp_pool(&mut resources.tcp, tcp)?;
//! // let mut time = services::time::udp(&mut stack, &mut resources.time)?;
//! // stack.poll(now, &mut [&mut tcp, &mut time]);
//! ```
//!
//! | group | over TCP | over UDP |
//! |---|---|---|
//! | [`web`] | HTTP on 80 and 6789 | |
//! | [`files`] | a file on connect on 5566, files by name on 5567 | |
//! | [`time`] | time stamp on 9999, daytime on 13, seconds on 37 | daytime, seconds |
//! | [`ping`] | echo on 7 | ping on 12000, echo on 7 |

pub mod files;
pub mod ping;
pub mod time;
pub mod web;
