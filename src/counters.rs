//! What a service counts about itself, shared with whoever shows it.

use core::cell::Cell;

/// The counters of one service. 64 bytes; single-threaded, so that the service and the page that
/// shows it can both hold a reference.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Connections open now.
    pub open: Cell<u32>,
    /// Connection requests that wait in the backlog now.
    pub parked: Cell<u32>,
    /// Connections accepted, or datagrams answered, since the start.
    pub served: Cell<u32>,
    /// Connections that ended in a time limit or made room for another.
    pub expired: Cell<u32>,
    /// Connections that the peer reset, and datagrams left without an answer.
    pub refused: Cell<u32>,
    /// Connections this service may have at once.
    pub capacity: Cell<u32>,
    /// Bytes of payload received.
    pub bytes_in: Cell<u64>,
    /// Bytes of payload sent.
    pub bytes_out: Cell<u64>,
}

impl Counters {
    /// All zero.
    pub const fn new() -> Self {
        Self {
            open: Cell::new(0),
            parked: Cell::new(0),
            served: Cell::new(0),
            expired: Cell::new(0),
            refused: Cell::new(0),
            capacity: Cell::new(0),
            bytes_in: Cell::new(0),
            bytes_out: Cell::new(0),
        }
    }
}

/// The counters of the queue of connection requests, which all services share.
#[derive(Debug, Clone, Default)]
pub struct BacklogCounters {
    /// Connection requests that wait now.
    pub waiting: Cell<u32>,
    /// How many may wait.
    pub capacity: Cell<u32>,
    /// Requests dropped because the queue was full or they were too old.
    pub dropped: Cell<u32>,
}

impl BacklogCounters {
    /// All zero.
    pub const fn new() -> Self {
        Self { waiting: Cell::new(0), capacity: Cell::new(0), dropped: Cell::new(0) }
    }
}

/// Adds `amount` to a counter; a counter that is full laps.
pub(crate) fn count(counter: &Cell<u32>, amount: u32) {
    counter.set(counter.get().wrapping_add(amount));
}

/// Adds `amount` to a byte counter.
pub(crate) fn count_bytes(counter: &Cell<u64>, amount: usize) {
    counter.set(counter.get().wrapping_add(amount as u64));
}
