//! A listen queue for a stack that has none.
//!
//! A smoltcp TCP socket is one connection, and with no socket listening a SYN is answered with a
//! reset. Here no socket listens ahead of time. The [filter] between interface and device takes every
//! SYN for a served port out of the stream of frames and parks it in the [queue]. A server with a
//! free connection takes one, makes a socket listen on its port, and has the SYN replayed into the
//! interface. So any number of ports share one pool of sockets, as many requests wait as there is room
//! for, and no client is reset. A SYN for any other port passes, and the interface answers it with a
//! reset.

pub mod filter;
pub mod queue;
pub mod syn;
pub mod tx_monitor;
