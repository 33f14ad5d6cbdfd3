//! The services a board runs, one group a file: its memory, and how it is set up. A board takes the
//! groups it has room for.

pub mod faults;
pub mod files;
pub mod http;
pub mod ping;
pub mod store;
pub mod time;
mod udp_rings;

pub use files::{Files, FilesMemory};
pub use http::{Http, HttpMemory, Others};
pub use ping::{Ping, PingMemory};
pub use store::{Store, StoreMemory};
pub use time::{Time, TimeMemory};

use bareserve::Service;
use smoltcp::time::Instant;

/// The first of the times at which one of `services` wants to be polled.
fn first_poll(services: &[&dyn Service]) -> Option<Instant> {
    services.iter().filter_map(|service| service.poll_at()).min()
}
