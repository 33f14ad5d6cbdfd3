//! What smoltcp's TCP lacks, added from outside.
//!
//! smoltcp 0.14 controls no congestion unless it is built for it, and repairs losses late: it sends all
//! that its transmit buffer holds at once, retransmits after a second at the earliest, and repairs one
//! segment for three duplicate ACKs. Its code is not changed here. The [`Flows`] inspect the frames of
//! each connection on their way to the interface, and the loop between socket and protocol asks its
//! [`Flow`] how many bytes the path has room for:
//!
//! * `rtt`: how long a round trip takes (RFC 6298).
//! * `window`: how many bytes may be under way. A growing round-trip time tells that they queue.
//! * `losses`: when a segment counts as lost. smoltcp then receives the peer's last ACK as often as it
//!   needs for a fast retransmit, in frames that [`segment`](super::segment) writes.
//!
//! The feature `guard`, which is on by default, adds all of this: 4 KB of flash and some 800 instructions
//! for an HTTP request on a Cortex-M3, and 104 bytes of RAM for each socket there (200 on a 64-bit
//! machine). Without it, the same types do nothing. The folder can be removed when smoltcp does this
//! itself: its issue 1190 is about the timeout, its pull request 1155 about the fast retransmit.

#[cfg(feature = "guard")]
pub mod flow;
#[cfg(feature = "guard")]
pub mod flows;
#[cfg(feature = "guard")]
mod losses;
#[cfg(not(feature = "guard"))]
pub mod none;
#[cfg(feature = "guard")]
mod rtt;
#[cfg(feature = "guard")]
mod window;

#[cfg(not(feature = "guard"))]
pub use none::{Flow, FlowHandle, FlowTable, Flows, Repair};
#[cfg(feature = "guard")]
pub use {
    flow::{Flow, Repair},
    flows::{FlowHandle, FlowTable, Flows},
};
