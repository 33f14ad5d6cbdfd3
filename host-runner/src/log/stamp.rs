//! The beginning of a line.

use std::fmt;

use smoltcp::time::Instant;

/// The time since the start, in seconds.
pub struct Stamp(pub Instant);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:6}.{:03}] ", self.0.secs(), self.0.millis())
    }
}
