//! The services a board runs, one group a file: its memory, and how it is set up. A board takes the
//! groups it has room for.

pub mod ping;
pub mod time;
mod udp_rings;

pub use ping::{Ping, PingMemory};
pub use time::{Time, TimeMemory};

use bareserve::Service;
use smoltcp::time::Instant;

/// The first of the times at which one of `services` wants to be polled.
fn first_poll(services: &[&dyn Service]) -> Option<Instant> {
    services.iter().filter_map(|service| service.poll_at()).min()
}
