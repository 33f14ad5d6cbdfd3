//! JSON (RFC 8259) of any size through buffers of any size: [`mod@write`] writes strings, [`scan`]
//! reads objects.

mod number;
pub mod scan;
mod utf8;
pub mod write;

pub use scan::{Bytes, Event, ScanError, Scanner};
