//! The ping server: answers each UDP datagram with its own bytes, as its [`Profile`] says.
//!
//! The answer to a datagram of `n` bytes has `n` bytes, or those of [`Profile::read`] if they are
//! fewer: the same bytes, with ASCII letters in upper case where the profile transforms them. Any
//! bytes are answered, the empty datagram included.

use smoltcp::time::{Duration, Instant};

use super::profile::{Loss, Profile, SharedProfile, Transform};
use crate::{
    entropy::{Entropy, SeededEntropy},
    protocol::{
        datagram::DatagramProtocol, endpoints::Endpoints, environment::Environment,
        loop_guard::may_answer,
    },
    zeroed::fill,
};

/// The UDP port. Not a registered service.
pub const PORT: u16 = 12000;

/// The name of the service in logs, on the page and in the metrics.
pub const NAME: &str = "ping";

/// Answers datagrams as a [`SharedProfile`] says, except those that could make a loop
/// ([`may_answer`]).
pub struct PingServer<'a> {
    shared: &'a SharedProfile,
    /// That of the profile when the count began.
    generation: u32,
    /// The number of the last datagram; saturates.
    count: u32,
    /// The source of random losses, seeded with the first datagram.
    losses: Option<SeededEntropy>,
    queue: &'a mut [Held],
    bytes: &'a mut [u8],
}

/// The memory of a [`PingServer`] for delayed answers: one for each slot of `queue`, with an even
/// share of `bytes`. An answer that finds no free slot or is longer than its share is dropped. A
/// profile without delay needs none of it.
pub struct PingMemory<'a> {
    /// One slot for each delayed answer.
    pub queue: &'a mut [Held],
    /// The bytes of the answers.
    pub bytes: &'a mut [u8],
}

/// Memory for `N` delayed answers of up to `SIZE` bytes: `N * (SIZE + 72)` bytes or less.
#[derive(Debug)]
pub struct PingResources<const N: usize, const SIZE: usize> {
    queue: heapless::Vec<Held, N>,
    bytes: [[u8; SIZE]; N],
}

impl<const N: usize, const SIZE: usize> PingResources<N, SIZE> {
    /// No answers.
    pub const fn new() -> Self {
        Self { queue: heapless::Vec::new(), bytes: [[0; SIZE]; N] }
    }
}

impl<'a, const N: usize, const SIZE: usize> From<&'a mut PingResources<N, SIZE>>
    for PingMemory<'a>
{
    fn from(resources: &'a mut PingResources<N, SIZE>) -> Self {
        Self {
            queue: fill(&mut resources.queue, || Held::NOTHING),
            bytes: resources.bytes.as_flattened_mut(),
        }
    }
}

impl<const N: usize, const SIZE: usize> Default for PingResources<N, SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

/// A delayed answer.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// `None`: the slot is free.
    due: Option<Instant>,
    /// Orders answers that are due at the same time.
    number: u32,
    endpoints: Endpoints,
    length: usize,
}

impl Held {
    /// No answer.
    pub const NOTHING: Self =
        Self { due: None, number: 0, endpoints: Endpoints::UNSPECIFIED, length: 0 };
}

impl<'a> PingServer<'a> {
    /// A server that follows `shared`, read anew for each datagram. `memory` is `&mut`
    /// [`PingResources`], or a [`PingMemory`] of slices.
    pub fn new(shared: &'a SharedProfile, memory: impl Into<PingMemory<'a>>) -> Self {
        let PingMemory { queue, bytes } = memory.into();
        Self { shared, generation: shared.generation(), count: 0, losses: None, queue, bytes }
    }

    fn restart_if_changed(&mut self) {
        let generation = self.shared.generation();
        if generation != self.generation {
            self.generation = generation;
            self.count = 0;
            self.losses = None;
        }
    }

    fn is_lost(&mut self, profile: &Profile, env: &mut Environment<'_>) -> bool {
        if profile.limit.is_some_and(|limit| self.count >= limit) {
            return true;
        }
        match profile.loss {
            Loss::Never => false,
            // `of` is a public field: 0 means that nothing is lost.
            Loss::Every { nth, of } => of > 0 && self.count.checked_rem(of) == nth.checked_rem(of),
            Loss::Percent(percent) => {
                let losses = self.losses.get_or_insert_with(|| {
                    SeededEntropy::new(profile.seed.unwrap_or_else(|| env.entropy.next_u64()))
                });
                losses.next_u64() % 100 < percent.into()
            }
        }
    }

    /// Queues an answer until `due`, or drops it where there is no room.
    fn hold(&mut self, answer: &[u8], endpoints: Endpoints, due: Instant) {
        let Some(index) = self.queue.iter().position(|held| held.due.is_none()) else { return };
        let Some(room) = self.room(index).and_then(|room| room.get_mut(..answer.len())) else {
            return;
        };
        room.copy_from_slice(answer);
        if let Some(held) = self.queue.get_mut(index) {
            *held = Held { due: Some(due), number: self.count, endpoints, length: answer.len() };
        }
    }

    /// The bytes of the answer at `index` of the queue.
    fn room(&mut self, index: usize) -> Option<&mut [u8]> {
        let share = self.bytes.len().checked_div(self.queue.len())?;
        self.bytes.get_mut(index * share..(index + 1) * share)
    }

    /// The index of the answer to send first.
    fn first_due(&self) -> Option<(usize, &Held)> {
        let mut first: Option<(usize, &Held)> = None;
        for (index, held) in self.queue.iter().enumerate().filter(|(_, held)| held.due.is_some()) {
            let is_earlier = |other: &Held| (held.due, held.number) < (other.due, other.number);
            if first.is_none_or(|(_, other)| is_earlier(other)) {
                first = Some((index, held));
            }
        }
        first
    }
}

impl DatagramProtocol for PingServer<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn answer(
        &mut self,
        datagram: &mut [u8],
        length: usize,
        endpoints: Endpoints,
        env: &mut Environment<'_>,
    ) -> Option<usize> {
        if !may_answer(&endpoints) {
            return None;
        }
        self.restart_if_changed();
        let profile = self.shared.get();
        self.count = self.count.saturating_add(1);
        if self.is_lost(&profile, env) {
            return None;
        }
        let length = profile.read.map_or(length, |read| length.min(read.into()));
        let answer = datagram.get_mut(..length)?;
        match profile.transform {
            Transform::Unchanged => {}
            Transform::Upper => answer.make_ascii_uppercase(),
        }
        if profile.delay == Duration::ZERO {
            return Some(length);
        }
        self.hold(answer, endpoints, env.now + profile.delay);
        None
    }

    fn transmit(
        &mut self,
        datagram: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Option<(usize, Endpoints)> {
        let (index, held) = self.first_due().filter(|(_, held)| held.due <= Some(env.now))?;
        let Held { length, endpoints, .. } = *held;
        self.queue.get_mut(index)?.due = None;
        datagram.get_mut(..length)?.copy_from_slice(self.room(index)?.get(..length)?);
        Some((length, endpoints))
    }

    fn held_back(&self) -> usize {
        self.queue.iter().filter(|held| held.due.is_some()).count()
    }

    fn poll_at(&self) -> Option<Instant> {
        self.first_due()?.1.due
    }
}

#[cfg(test)]
mod tests;
