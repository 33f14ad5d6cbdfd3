//! The listen queue, which smoltcp does not have.
//!
//! A smoltcp TCP socket is one connection, and the interface answers a SYN with a reset when no socket
//! listens on its port. Here no socket listens ahead of time. The [filter] between interface and device
//! removes every SYN for a served port from the incoming frames and parks it in the [queue]. A server
//! with a free connection takes a SYN from the queue, makes a socket listen on its port, and has the
//! SYN replayed into the interface. So any number of ports share one pool of sockets, requests wait
//! while the pool is full, and no client is reset. A SYN for any other port passes, and the interface
//! answers it with a reset.

pub mod filter;
pub mod queue;
pub mod syn;
pub mod tx_monitor;
