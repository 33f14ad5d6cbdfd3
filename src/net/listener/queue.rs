//! A listen queue for a stack that has none.
//!
//! A smoltcp TCP socket is one connection, and with no socket listening a SYN is answered with a
//! reset. Here no socket ever listens ahead of time. A [`Screen`] between interface and device
//! takes every SYN for a served port out of the stream of frames and parks it in the [`Backlog`];
//! a server with a free connection [takes](Backlog::take) one, makes a socket listen on its port,
//! and has the SYN [replayed](Backlog::replay) into the interface. So any number of ports share one
//! pool of sockets, as many requests wait as there is room for, and no client is reset. Ports that
//! nobody serves still answer with a reset, because their SYNs pass.
//!
//! A full backlog drops the request that has waited longest: a living peer sends its SYN again.
//! A repeated SYN takes its first one's place in the queue, a reset takes a request out, and one
//! not repeated for [`SYN_MAX_AGE`] is forgotten.

use crate::{counters::BacklogCounters, net::setup_error::SetupError};
use heapless::Vec;
use smoltcp::{
    phy,
    time::{Duration, Instant},
};

use super::syn::{Syn, SynOrRst};

/// How many TCP ports can be served on one interface.
pub const MAX_PORTS: usize = 16;

/// How many requests can be taken up in one turn.
pub const MAX_REPLAYS: usize = 4;

/// A request whose peer has not repeated it for so long is forgotten.
pub const SYN_MAX_AGE: Duration = Duration::from_secs(40);

/// The connection requests that wait, oldest first.
#[derive(Debug)]
pub struct Backlog<'a> {
    places: &'a mut [Option<Syn>],
    /// The first `waiting` places are taken.
    waiting: usize,
    pub(super) replays: Vec<Syn, MAX_REPLAYS>,
    ports: Vec<u16, MAX_PORTS>,
    dropped: u32,
    /// When [`Backlog::expire_stale`] looks again.
    next_look: Instant,
}

impl<'a> Backlog<'a> {
    /// A backlog with room for as many requests as there are places.
    pub fn new(places: &'a mut [Option<Syn>]) -> Self {
        Self {
            places,
            waiting: 0,
            replays: Vec::new(),
            ports: Vec::new(),
            dropped: 0,
            next_look: Instant::ZERO,
        }
    }

    /// Parks SYNs for `port` from now on.
    ///
    /// # Errors
    /// [`SetupError::TooManyPorts`] when [`MAX_PORTS`] are served already.
    pub fn listen(&mut self, port: u16) -> Result<(), SetupError> {
        if self.ports.contains(&port) {
            return Ok(());
        }
        self.ports.push(port).map_err(|_| SetupError::TooManyPorts)
    }

    /// How many requests wait for one of `ports`.
    pub fn waiting(&self, ports: &[u16]) -> usize {
        let parked = self.places.get(..self.waiting).unwrap_or_default().iter().flatten();
        parked.filter(|syn| ports.contains(&syn.local.port)).count()
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// How many requests may wait.
    pub fn capacity(&self) -> usize {
        self.places.len()
    }

    /// Requests that were dropped because the backlog was full or they were too old.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Writes the present figures into `counters`.
    pub fn report(&self, counters: &BacklogCounters) {
        counters.waiting.set(self.len() as u32);
        counters.capacity.set(self.capacity() as u32);
        counters.dropped.set(self.dropped());
    }

    /// Takes out the request for one of `ports` that has waited longest, or the newest.
    pub fn take(&mut self, ports: &[u16], which: QueueEnd) -> Option<Syn> {
        let place = self.find(which, &|syn| ports.contains(&syn.local.port))?;
        self.remove(place)
    }

    /// Takes out the first request for one of `ports` that `matches`.
    pub fn take_if(&mut self, ports: &[u16], matches: &dyn Fn(&Syn) -> bool) -> Option<Syn> {
        let is_it = |syn: &Syn| ports.contains(&syn.local.port) && matches(syn);
        let place = self.find(QueueEnd::Oldest, &is_it)?;
        self.remove(place)
    }

    /// Has the interface receive `syn` at the end of this turn.
    pub fn replay(&mut self, syn: Syn) {
        // Whoever takes a request asks `can_replay` first; if not, the peer repeats it.
        let _ = self.replays.push(syn);
    }

    /// Whether this turn has room for one more [`Backlog::replay`].
    pub fn can_replay(&self) -> bool {
        !self.replays.is_full()
    }

    /// Whether the interface has requests to receive again.
    pub fn has_replays(&self) -> bool {
        !self.replays.is_empty()
    }

    /// Parks again the requests that the interface could not receive because the device had no
    /// room for an answer. Says whether there were none.
    pub fn end_turn(&mut self) -> bool {
        let all_received = self.replays.is_empty();
        while let Some(syn) = self.replays.pop() {
            self.push(syn);
        }
        all_received
    }

    /// Forgets requests whose peers have given up.
    pub fn expire_stale(&mut self, now: Instant) {
        // Once a second is often enough, and spares each turn a walk through the queue.
        if now < self.next_look {
            return;
        }
        self.next_look = now + Duration::from_secs(1);
        while let Some(place) = self.find(QueueEnd::Oldest, &|syn| syn.seen + SYN_MAX_AGE <= now) {
            self.remove(place);
            self.dropped = self.dropped.wrapping_add(1);
        }
    }

    /// Where the oldest or newest stands that `matches`.
    fn find(&self, which: QueueEnd, matches: &dyn Fn(&Syn) -> bool) -> Option<usize> {
        let mut found = None;
        for (place, syn) in self.places.iter().enumerate().take(self.waiting) {
            if syn.as_ref().is_some_and(matches) {
                found = Some(place);
                if which == QueueEnd::Oldest {
                    break;
                }
            }
        }
        found
    }

    fn remove(&mut self, place: usize) -> Option<Syn> {
        let taken = self.places.get_mut(place)?.take()?;
        // Slices have `rotate_left`, but that panics if there is nothing to rotate.
        for place in place + 1..self.waiting {
            if let Some([before, after]) = self.places.get_mut(place - 1..=place) {
                core::mem::swap(before, after);
            }
        }
        self.waiting -= 1;
        Some(taken)
    }

    /// Parks the frame if it is a SYN for a served port; says whether it did.
    pub(super) fn park(
        &mut self,
        frame: &[u8],
        checksums: &phy::ChecksumCapabilities,
        now: Instant,
    ) -> bool {
        match SynOrRst::parse(frame, checksums, now) {
            Some(SynOrRst::Syn(syn)) if self.ports.contains(&syn.local.port) => {
                self.push(syn);
                true
            }
            Some(SynOrRst::Reset { remote, local }) => {
                let is_it = |syn: &Syn| syn.remote == remote && syn.local == local;
                if let Some(place) = self.find(QueueEnd::Oldest, &is_it) {
                    self.remove(place);
                }
                false
            }
            _ => false,
        }
    }

    fn push(&mut self, syn: Syn) {
        let waiting = self.places.get_mut(..self.waiting).unwrap_or_default();
        if let Some(first) = waiting.iter_mut().flatten().find(|first| first.same_connection(&syn))
        {
            *first = syn;
            return;
        }
        if self.waiting == self.places.len() {
            self.remove(0);
            self.dropped = self.dropped.wrapping_add(1);
        }
        if let Some(place) = self.places.get_mut(self.waiting) {
            *place = Some(syn);
            self.waiting += 1;
        }
    }
}

/// Which of those who wait is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueEnd {
    /// The one that has waited longest.
    Oldest,
    /// The one that came last.
    Newest,
}

impl QueueEnd {
    /// Whose turn it is when `count` requests have been taken before: the newest's, and now and then
    /// the oldest's. Who came last is there for sure. Attackers that come again when they are thrown
    /// out are ahead of nobody who comes after them, and a queue full of dead requests delays none.
    pub fn after(count: u8) -> Self {
        if count.is_multiple_of(16) { Self::Oldest } else { Self::Newest }
    }
}
