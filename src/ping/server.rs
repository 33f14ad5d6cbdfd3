//! The ping server: answers datagrams as its [`Profile`] says.

use core::cell::Cell;

use smoltcp::{
    time::{Duration, Instant},
    wire::{IpAddress, IpEndpoint},
};

use super::profile::{Loss, Profile, Transform};
use crate::{
    entropy::{Entropy, SeededEntropy},
    protocol::{
        datagram::{DatagramEndpoints, DatagramProtocol},
        environment::Environment,
        loop_guard::may_answer,
    },
    zeroed::fill,
};

/// The UDP port. Not a registered service.
pub const PORT: u16 = 12000;

/// The name of the service in logs, on the page and in the metrics.
pub const NAME: &str = "ping";

/// The profile of a [`PingServer`], to be changed from elsewhere while it runs.
#[derive(Debug)]
pub struct Control {
    profile: Cell<Profile>,
    /// Grows with each restart.
    generation: Cell<u32>,
}

impl Control {
    /// Begins with `profile`.
    pub const fn new(profile: Profile) -> Self {
        Self { profile: Cell::new(profile), generation: Cell::new(0) }
    }

    /// The present profile.
    pub fn profile(&self) -> Profile {
        self.profile.get()
    }

    /// Changes the profile and restarts.
    pub fn set(&self, profile: Profile) {
        self.profile.set(profile);
        self.restart();
    }

    /// Counts datagrams from 1 again, so that a server that has reached its limit answers again.
    /// Answers already held back are still sent.
    pub fn restart(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
    }
}

/// Answers datagrams on one port, but not those that would make a loop ([`may_answer`]).
pub struct PingServer<'a> {
    control: &'a Control,
    generation: u32,
    /// Number of the last datagram; stays at the largest.
    count: u32,
    /// Where random losses come from, once the first datagram has come.
    losses: Option<SeededEntropy>,
    queue: &'a mut [Held],
    bytes: &'a mut [u8],
}

/// The memory of a [`PingServer`]: as many answers can be held back at a time as `queue` has places,
/// between which `bytes` is divided evenly. An answer that finds no place or is longer than one is
/// lost, as in a network. A server that never delays needs none.
pub struct PingMemory<'a> {
    /// One for each answer.
    pub queue: &'a mut [Held],
    /// The answers themselves.
    pub bytes: &'a mut [u8],
}

/// Room for `N` answers of up to `SIZE` bytes to be held back: `N * (SIZE + 72)` bytes or less.
#[derive(Debug)]
pub struct PingResources<const N: usize, const SIZE: usize> {
    queue: heapless::Vec<Held, N>,
    bytes: [[u8; SIZE]; N],
}

impl<const N: usize, const SIZE: usize> PingResources<N, SIZE> {
    /// All empty.
    pub const fn new() -> Self {
        Self { queue: heapless::Vec::new(), bytes: [[0; SIZE]; N] }
    }

    /// As [`PingServer::new`] takes it.
    pub fn split(&mut self) -> PingMemory<'_> {
        PingMemory {
            queue: fill(&mut self.queue, || Held::NOTHING),
            bytes: self.bytes.as_flattened_mut(),
        }
    }
}

impl<const N: usize, const SIZE: usize> Default for PingResources<N, SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

/// An answer that waits for its time.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    /// `None`: no answer here.
    due: Option<Instant>,
    /// Tells apart what is due at the same time.
    number: u32,
    ends: DatagramEndpoints,
    length: usize,
}

impl Held {
    /// No answer.
    pub const NOTHING: Self = Self {
        due: None,
        number: 0,
        ends: DatagramEndpoints {
            remote: IpEndpoint { addr: IpAddress::v4(0, 0, 0, 0), port: 0 },
            local: None,
        },
        length: 0,
    };
}

impl<'a> PingServer<'a> {
    /// Follows the profile in `control`.
    pub fn new(control: &'a Control, memory: PingMemory<'a>) -> Self {
        let PingMemory { queue, bytes } = memory;
        Self { control, generation: control.generation.get(), count: 0, losses: None, queue, bytes }
    }

    fn restart_if_asked(&mut self) {
        let generation = self.control.generation.get();
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
            // `of` is a public field and may be 0: then nothing is lost.
            Loss::Every { nth, of } => of > 0 && self.count.checked_rem(of) == nth.checked_rem(of),
            Loss::Percent(percent) => {
                let losses = self.losses.get_or_insert_with(|| {
                    SeededEntropy::new(profile.seed.unwrap_or_else(|| env.entropy.next_u64()))
                });
                losses.next_u64() % 100 < percent.into()
            }
        }
    }

    /// Keeps an answer until `due`, if there is room.
    fn hold(&mut self, answer: &[u8], ends: DatagramEndpoints, due: Instant) {
        let Some(index) = self.queue.iter().position(|held| held.due.is_none()) else { return };
        let Some(room) = self.room(index).and_then(|room| room.get_mut(..answer.len())) else {
            return;
        };
        room.copy_from_slice(answer);
        if let Some(held) = self.queue.get_mut(index) {
            *held = Held { due: Some(due), number: self.count, ends, length: answer.len() };
        }
    }

    /// Where the answer at `index` of the queue is kept.
    fn room(&mut self, index: usize) -> Option<&mut [u8]> {
        let share = self.bytes.len().checked_div(self.queue.len())?;
        self.bytes.get_mut(index * share..(index + 1) * share)
    }

    /// Which answer is to be sent first.
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
        ends: DatagramEndpoints,
        env: &mut Environment<'_>,
    ) -> Option<usize> {
        if !may_answer(&ends) {
            return None;
        }
        self.restart_if_asked();
        let profile = self.control.profile();
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
        self.hold(answer, ends, env.now + profile.delay);
        None
    }

    fn transmit(
        &mut self,
        datagram: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Option<(usize, DatagramEndpoints)> {
        let (index, held) = self.first_due().filter(|(_, held)| held.due <= Some(env.now))?;
        let Held { length, ends, .. } = *held;
        self.queue.get_mut(index)?.due = None;
        datagram.get_mut(..length)?.copy_from_slice(self.room(index)?.get(..length)?);
        Some((length, ends))
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
