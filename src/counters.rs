//! The counters of each service, and the registry through which the page, the metrics and logs read
//! them.

use core::cell::Cell;

use heapless::Vec;

/// The counters of one service. 48 bytes on a 32-bit machine. They wrap at 2³², bytes at 2⁶⁴.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// TCP connections open now.
    pub open: Cell<u32>,
    /// Connection requests in the queue now.
    pub parked: Cell<u32>,
    /// Connections accepted, or datagrams answered, since the start.
    pub served: Cell<u32>,
    /// Connections that ended in a timeout or were evicted for a waiting request.
    pub expired: Cell<u32>,
    /// Connections that the peer reset.
    pub peer_resets: Cell<u32>,
    /// Datagrams left without an answer.
    pub unanswered: Cell<u32>,
    /// TCP connections that may be open at once.
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
            peer_resets: Cell::new(0),
            unanswered: Cell::new(0),
            capacity: Cell::new(0),
            bytes_in: Cell::new(0),
            bytes_out: Cell::new(0),
        }
    }
}

/// The state of the queue of connection requests, which all TCP services share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// Connection requests that wait now.
    pub waiting: u32,
    /// The most that may wait.
    pub capacity: u32,
    /// Requests dropped since the start, because the queue was full or they were too old.
    pub dropped: u32,
}

/// The transport protocol under a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A connection for each client.
    Tcp,
    /// One socket for all clients.
    Udp,
}

impl Transport {
    /// `tcp` or `udp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// The most ports of one service.
pub const MAX_PORTS_OF_A_SERVICE: usize = 4;

/// The ports of one service.
pub type Ports = Vec<u16, MAX_PORTS_OF_A_SERVICE, u8>;

/// One service of a device.
#[derive(Debug, Clone)]
pub struct ServiceEntry {
    /// Its name: `http`.
    pub name: &'static str,
    /// The transport protocol under it.
    pub transport: Transport,
    /// Its ports.
    pub ports: Ports,
    /// Its counters.
    pub counters: Counters,
}

impl ServiceEntry {
    /// A slot of the registry that is not taken.
    pub const fn vacant() -> Self {
        Self { name: "", transport: Transport::Tcp, ports: Ports::new(), counters: Counters::new() }
    }
}

/// All services of a device, in the order in which they were added to its stack, and their queue.
#[derive(Debug, Clone, Copy, Default)]
pub struct Registry<'e> {
    /// The services.
    pub services: &'e [ServiceEntry],
    /// The queue of connection requests.
    pub queue: QueueFigures,
    /// TCP connections in all pools. The capacities of services that share a pool may add up to more.
    pub connections: u32,
}

impl<'e> Registry<'e> {
    /// The service of this name over this transport protocol.
    pub fn find(&self, name: &str, transport: Transport) -> Option<&'e ServiceEntry> {
        self.services.iter().find(|entry| entry.name == name && entry.transport == transport)
    }
}

/// Adds `amount` to a counter, which wraps.
pub(crate) fn count(counter: &Cell<u32>, amount: u32) {
    counter.set(counter.get().wrapping_add(amount));
}

/// Adds `amount` to a byte counter, which wraps.
pub(crate) fn count_bytes(counter: &Cell<u64>, amount: usize) {
    counter.set(counter.get().wrapping_add(amount as u64));
}
