//! The queue of connection requests.
//!
//! A full queue drops the request that has waited longest among those for the port with the most
//! requests: a live peer sends its SYN again, and a flood on one port leaves the requests for the others
//! in place. A repeated SYN replaces the first one, a reset removes a request, and a request that is not
//! repeated for [`SYN_MAX_AGE`] expires.

use heapless::Vec;
use smoltcp::{
    phy,
    time::{Duration, Instant},
};

use super::syn::{Syn, SynOrRst};
use crate::{
    counters::QueueFigures,
    net::{segment::Segment, setup_error::SetupError},
};

/// The most TCP ports that one stack can serve.
pub const MAX_PORTS: usize = 16;

/// The most requests that are replayed in one poll.
pub const MAX_REPLAYS: usize = 4;

/// The age at which a request expires, counted from the last SYN of its peer.
pub const SYN_MAX_AGE: Duration = Duration::from_secs(40);

/// The time between two searches for expired requests, each of which walks through the queue.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);

/// The connection requests that wait, oldest first.
#[derive(Debug)]
pub struct Backlog<'a> {
    places: &'a mut [Option<Syn>],
    /// The first `waiting` places are taken.
    waiting: usize,
    replays: Vec<Syn, MAX_REPLAYS>,
    ports: Vec<u16, MAX_PORTS>,
    dropped: u32,
    arrivals: u32,
    next_expiry: Instant,
}

impl<'a> Backlog<'a> {
    /// An empty queue with room for one request in each place.
    pub fn new(places: &'a mut [Option<Syn>]) -> Self {
        Self {
            places,
            waiting: 0,
            replays: Vec::new(),
            ports: Vec::new(),
            dropped: 0,
            arrivals: 0,
            next_expiry: Instant::ZERO,
        }
    }

    /// Parks SYNs for `port` from now on.
    ///
    /// # Errors
    /// [`SetupError::TooManyPorts`] when there are [`MAX_PORTS`] already.
    pub fn listen(&mut self, port: u16) -> Result<(), SetupError> {
        if self.ports.contains(&port) {
            return Ok(());
        }
        self.ports.push(port).map_err(|_| SetupError::TooManyPorts)
    }

    /// How many requests wait for one of `ports`.
    // Called from many places; not inlined, to save flash.
    #[inline(never)]
    pub fn waiting(&self, ports: &[u16]) -> usize {
        let parked = self.places.get(..self.waiting).unwrap_or_default().iter().flatten();
        parked.filter(|syn| ports.contains(&syn.addresses.local.port)).count()
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether no request waits.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// How many requests may wait.
    pub fn capacity(&self) -> usize {
        self.places.len()
    }

    /// Requests that were dropped because the queue was full or they were too old.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// The number of SYNs parked since the start, modulo 2³². While it is unchanged, no request has been
    /// added.
    pub fn arrivals(&self) -> u32 {
        self.arrivals
    }

    /// The present figures.
    pub fn figures(&self) -> QueueFigures {
        QueueFigures {
            waiting: self.len() as u32,
            capacity: self.capacity() as u32,
            dropped: self.dropped(),
        }
    }

    /// Takes the oldest or the newest request for one of `ports`.
    pub fn take(&mut self, ports: &[u16], end: QueueEnd) -> Option<Syn> {
        let place = self.find(end, &|syn| ports.contains(&syn.addresses.local.port))?;
        self.remove(place)
    }

    /// Takes the oldest request for one of `ports` that `matches`.
    pub fn take_if(&mut self, ports: &[u16], matches: &dyn Fn(&Syn) -> bool) -> Option<Syn> {
        let is_it = |syn: &Syn| ports.contains(&syn.addresses.local.port) && matches(syn);
        let place = self.find(QueueEnd::Oldest, &is_it)?;
        self.remove(place)
    }

    /// Has the interface receive `syn` at the end of this poll.
    pub fn replay(&mut self, syn: Syn) {
        // Callers check `can_replay` first; a SYN that is lost here is repeated by its peer.
        let _ = self.replays.push(syn);
    }

    /// Whether this poll has room for one more [`Backlog::replay`].
    pub fn can_replay(&self) -> bool {
        !self.replays.is_full()
    }

    /// Whether the interface has requests to receive again.
    pub fn has_replays(&self) -> bool {
        !self.replays.is_empty()
    }

    /// The next request that the interface is to receive again.
    pub(super) fn next_replay(&mut self) -> Option<Syn> {
        self.replays.pop()
    }

    /// Ends a poll: parks again the requests that the interface could not receive because the device
    /// had no room for a reply. Returns whether all of them were received.
    pub fn end_poll(&mut self) -> bool {
        let all_received = self.replays.is_empty();
        while let Some(syn) = self.replays.pop() {
            self.push(syn);
        }
        all_received
    }

    /// Drops requests whose peers have stopped repeating them.
    pub fn expire_stale(&mut self, now: Instant) {
        if now < self.next_expiry {
            return;
        }
        self.next_expiry = now + EXPIRY_INTERVAL;
        while let Some(place) = self.find(QueueEnd::Oldest, &|syn| syn.seen + SYN_MAX_AGE <= now) {
            self.drop_at(place);
        }
    }

    /// Parks the segment if it is a SYN for a served port. Returns whether it did.
    pub(super) fn park(
        &mut self,
        segment: &Segment<'_>,
        checksums: &phy::ChecksumCapabilities,
        now: Instant,
    ) -> bool {
        match SynOrRst::parse(segment, checksums, now) {
            Some(SynOrRst::Syn(syn)) if self.ports.contains(&syn.addresses.local.port) => {
                self.push(syn);
                true
            }
            Some(SynOrRst::Reset { remote, local }) => {
                let is_it =
                    |syn: &Syn| syn.addresses.remote == remote && syn.addresses.local == local;
                if let Some(place) = self.find(QueueEnd::Oldest, &is_it) {
                    self.remove(place);
                }
                false
            }
            _ => false,
        }
    }

    fn push(&mut self, syn: Syn) {
        self.arrivals = self.arrivals.wrapping_add(1);
        let waiting = self.places.get_mut(..self.waiting).unwrap_or_default();
        if let Some(first) = waiting.iter_mut().flatten().find(|first| first.same_connection(&syn))
        {
            *first = syn;
            return;
        }
        if self.waiting == self.places.len() {
            let port = self.most_wanted_port();
            let oldest = self.find(QueueEnd::Oldest, &|syn| syn.addresses.local.port == port);
            self.drop_at(oldest.unwrap_or(0));
        }
        if let Some(place) = self.places.get_mut(self.waiting) {
            *place = Some(syn);
            self.waiting += 1;
        }
    }

    /// The port with the most requests.
    fn most_wanted_port(&self) -> u16 {
        let ports = self.ports.iter().copied();
        ports.max_by_key(|port| self.waiting(&[*port])).unwrap_or_default()
    }

    /// The index of the oldest or newest request that `matches`.
    fn find(&self, end: QueueEnd, matches: &dyn Fn(&Syn) -> bool) -> Option<usize> {
        let mut found = None;
        for (place, syn) in self.places.iter().enumerate().take(self.waiting) {
            if syn.as_ref().is_some_and(matches) {
                found = Some(place);
                if end == QueueEnd::Oldest {
                    break;
                }
            }
        }
        found
    }

    fn drop_at(&mut self, place: usize) {
        self.remove(place);
        self.dropped = self.dropped.wrapping_add(1);
    }

    fn remove(&mut self, place: usize) -> Option<Syn> {
        let taken = self.places.get_mut(place)?.take()?;
        // Not `rotate_left(1)`, which panics on an empty slice.
        for place in place + 1..self.waiting {
            if let Some([before, after]) = self.places.get_mut(place - 1..=place) {
                core::mem::swap(before, after);
            }
        }
        self.waiting -= 1;
        Some(taken)
    }
}

/// The end of the queue from which a request is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueEnd {
    /// The request that has waited longest.
    Oldest,
    /// The request that arrived last.
    Newest,
}

impl QueueEnd {
    /// The end to take from after `count` requests have been taken: the newest, and every 16th time the
    /// oldest. The peer whose SYN arrived last is the most likely to be still waiting, so a queue full of
    /// abandoned requests does not delay live peers, and attackers that reconnect after each eviction
    /// are not served before peers that arrive after them.
    pub fn after(count: u8) -> Self {
        if count.is_multiple_of(16) { Self::Oldest } else { Self::Newest }
    }
}
