//! One direction of a wire, with its faults.
//!
//! A [`Link`] depends on neither smoltcp nor a clock. Its time is a [`Duration`] since any start, so
//! that a simulation uses virtual time, and a program that forwards real frames uses a real clock.
//! It keeps the buffers of frames that have arrived or are lost, so that a caller who
//! [asks it for them](Link::buffer) allocates no memory for each frame.

use core::time::Duration;
use std::collections::VecDeque;

use bareserve::entropy::{Entropy, SeededEntropy};

/// The most buffers that a link keeps.
const MAX_SPARE: usize = 4096;

/// The faults of a link. Rates are per 1,000 frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Frames that are lost.
    pub loss: u16,
    /// Frames that arrive twice.
    pub duplication: u16,
    /// Frames that arrive with one bit flipped, where a checksum of IPv4, TCP or UDP covers it.
    pub corruption: u16,
    /// Frames that are held back by up to [`lag`](Faults::lag), so that later ones overtake them.
    pub reordering: u16,
    /// The longest time that a reordered frame is held back.
    pub lag: Duration,
    /// The time that every frame takes from one end to the other.
    pub delay: Duration,
    /// Bits per second that leave the sender; `None` for no limit.
    pub rate: Option<u64>,
    /// Frames that may wait for the line at a limited [`rate`](Faults::rate), the one being sent
    /// included; further ones are dropped. `None` for no limit.
    pub queue: Option<usize>,
}

impl Faults {
    /// A perfect link with a delay of 100 µs.
    pub const NONE: Self = Self {
        loss: 0,
        duplication: 0,
        corruption: 0,
        reordering: 0,
        lag: Duration::ZERO,
        delay: Duration::from_micros(100),
        rate: None,
        queue: None,
    };

    /// A bad radio link: 20 % loss, 5 % duplicates, 1 % damage, 10 % out of order, 5 ms delay.
    pub const HARSH: Self = Self {
        loss: 200,
        duplication: 50,
        corruption: 10,
        reordering: 100,
        lag: Duration::from_millis(30),
        delay: Duration::from_millis(5),
        ..Self::NONE
    };

    /// [`Faults::NONE`] with the loss of `percent` of all frames.
    pub const fn loss_percent(percent: u16) -> Self {
        Self { loss: percent * 10, ..Self::NONE }
    }
}

/// The counters of a link, in frames.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LinkCounts {
    /// Sent into the link.
    pub sent: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub dropped: u64,
    /// Delivered twice.
    pub duplicated: u64,
    /// Delivered with one bit flipped.
    pub corrupted: u64,
    /// Held back.
    pub reordered: u64,
}

/// One direction of a wire.
///
/// The same seed, faults and calls give the same arrivals on every machine.
///
/// ```
/// use bareserve_testbench::{Faults, Link};
/// use core::time::Duration;
///
/// // 1 Mbit/s, and two frames may wait: 1,250 bytes take 10 ms.
/// let faults = Faults { rate: Some(1_000_000), queue: Some(2), ..Faults::NONE };
/// let mut link = Link::new(1, faults);
/// for number in 0..3 {
///     link.send(Duration::ZERO, vec![number; 1250]);
/// }
/// assert_eq!(link.counts().dropped, 1);
/// assert_eq!(link.next_arrival(), Some(Duration::from_micros(10_100)));
/// assert_eq!(link.receive(Duration::from_millis(10)), None);
/// assert_eq!(link.receive(Duration::from_millis(11)), Some(vec![0; 1250]));
/// assert_eq!(link.next_arrival(), Some(Duration::from_micros(20_100)));
/// ```
#[derive(Debug, Clone)]
pub struct Link {
    faults: Faults,
    random: SeededEntropy,
    /// When each frame that waits has left the sender.
    leaving: VecDeque<Duration>,
    /// Frames under way with their arrivals, the earliest first.
    under_way: VecDeque<(Duration, Vec<u8>)>,
    /// Buffers for later frames.
    spare: Vec<Vec<u8>>,
    counts: LinkCounts,
}

impl Link {
    /// An idle link whose random faults are determined by `seed`.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self {
            faults,
            random: SeededEntropy::new(seed),
            leaving: VecDeque::new(),
            under_way: VecDeque::new(),
            spare: Vec::new(),
            counts: LinkCounts::default(),
        }
    }

    /// Both directions of a wire with the same faults, whose random ones are independent.
    pub fn pair(seed: u64, faults: Faults) -> [Self; 2] {
        // Any two constants that keep the generators apart.
        [1, 2].map(|salt| Self::new(seed.wrapping_mul(4).wrapping_add(salt), faults))
    }

    /// Changes the faults of later frames.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// The present faults.
    pub fn faults(&self) -> Faults {
        self.faults
    }

    /// The counters.
    pub fn counts(&self) -> LinkCounts {
        self.counts
    }

    /// Sends `frame` at `now`, which must not decrease from call to call.
    pub fn send(&mut self, now: Duration, frame: Vec<u8>) {
        self.counts.sent += 1;
        if self.chance(self.faults.loss) {
            self.counts.lost += 1;
            return self.recycle(frame);
        }
        if !self.chance(self.faults.duplication) {
            return self.transmit(now, frame);
        }
        self.counts.duplicated += 1;
        let mut copy = self.buffer();
        copy.extend_from_slice(&frame);
        self.transmit(now, frame);
        self.transmit(now, copy);
    }

    /// When the next frame arrives.
    pub fn next_arrival(&self) -> Option<Duration> {
        self.under_way.front().map(|(at, _)| *at)
    }

    /// Takes the earliest frame that has arrived by `now`, perhaps damaged.
    pub fn receive(&mut self, now: Duration) -> Option<Vec<u8>> {
        self.next_arrival().filter(|at| *at <= now)?;
        self.under_way.pop_front().map(|(_, frame)| frame)
    }

    /// An empty buffer for a frame: a recycled one, if there is one.
    pub fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Keeps the buffer of a frame for [`Link::buffer`].
    pub fn recycle(&mut self, mut frame: Vec<u8>) {
        if self.spare.len() < MAX_SPARE {
            frame.clear();
            self.spare.push(frame);
        }
    }

    fn transmit(&mut self, now: Duration, mut frame: Vec<u8>) {
        if self.chance(self.faults.corruption) {
            self.damage(&mut frame);
        }
        let Some(left) = self.leave(now, frame.len()) else {
            self.counts.dropped += 1;
            return self.recycle(frame);
        };
        let mut at = left + self.faults.delay;
        if self.chance(self.faults.reordering) {
            self.counts.reordered += 1;
            at += Duration::from_micros(self.below(self.faults.lag.as_micros() as u64));
        }
        // Without reordering, this is the end.
        let later = self.under_way.iter().rev().take_while(|(other, _)| *other > at).count();
        self.under_way.insert(self.under_way.len() - later, (at, frame));
    }

    /// When a frame of `length` bytes has left the sender; `None` if the queue is full.
    fn leave(&mut self, now: Duration, length: usize) -> Option<Duration> {
        while self.leaving.front().is_some_and(|left| *left <= now) {
            self.leaving.pop_front();
        }
        let Some(rate) = self.faults.rate else { return Some(now) };
        if self.faults.queue.is_some_and(|queue| self.leaving.len() >= queue) {
            return None;
        }
        let nanoseconds = u128::from(length as u64) * 8 * 1_000_000_000 / u128::from(rate.max(1));
        let start = self.leaving.back().copied().unwrap_or(now);
        let left = start + Duration::from_nanos(nanoseconds as u64);
        self.leaving.push_back(left);
        Some(left)
    }

    /// Flips one bit that a checksum covers: on a real wire the frame check sequence protects the
    /// others.
    fn damage(&mut self, frame: &mut [u8]) {
        const ETHERNET_HEADER: usize = 14;
        const IPV4_HEADER: usize = 20;
        const IPV4: [u8; 2] = [0x08, 0x00];
        if frame.len() > ETHERNET_HEADER + IPV4_HEADER && frame[12..14] == IPV4 {
            self.counts.corrupted += 1;
            let covered = (frame.len() - ETHERNET_HEADER) as u64;
            let place = ETHERNET_HEADER + self.below(covered) as usize;
            frame[place] ^= 1 << self.below(8);
        }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.next_u64() % limit.max(1)
    }

    fn chance(&mut self, in_a_thousand: u16) -> bool {
        in_a_thousand > 0 && self.below(1000) < u64::from(in_a_thousand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(seed: u64, faults: Faults, frames: u64) -> Vec<(Duration, Vec<u8>)> {
        let mut link = Link::new(seed, faults);
        for number in 0..frames {
            link.send(Duration::from_millis(number), ipv4(number));
        }
        rest(&mut link)
    }

    fn rest(link: &mut Link) -> Vec<(Duration, Vec<u8>)> {
        let next = || link.next_arrival().and_then(|at| Some((at, link.receive(at)?)));
        std::iter::from_fn(next).collect()
    }

    fn ipv4(number: u64) -> Vec<u8> {
        let mut frame = vec![0; 60];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[52..].copy_from_slice(&number.to_be_bytes());
        frame
    }

    #[test]
    fn a_seed_replays_exactly() {
        assert_eq!(arrivals(7, Faults::HARSH, 500), arrivals(7, Faults::HARSH, 500));
        assert_ne!(arrivals(7, Faults::HARSH, 500), arrivals(8, Faults::HARSH, 500));
    }

    #[test]
    fn chances_are_as_set() {
        let mut link = Link::new(3, Faults::HARSH);
        let count = 100_000;
        for number in 0..count {
            link.send(Duration::ZERO, ipv4(number));
        }
        let arrivals = rest(&mut link);
        assert!(arrivals.is_sorted_by_key(|(at, _)| *at));
        let LinkCounts { sent, lost, dropped, duplicated, corrupted, reordered } = link.counts();
        assert_eq!((sent, dropped, arrivals.len() as u64), (count, 0, sent - lost + duplicated));
        for (found, expected) in
            [(lost, 20_000), (duplicated, 4_000), (corrupted, 840), (reordered, 8_400)]
        {
            assert!(found.abs_diff(expected) < expected / 5, "{found} instead of {expected}");
        }
    }

    #[test]
    fn buffers_are_used_again() {
        let mut link = Link::new(1, Faults { loss: 1000, ..Faults::NONE });
        let mut frame = link.buffer();
        frame.extend(ipv4(1));
        let place = frame.as_ptr();
        link.send(Duration::ZERO, frame);
        let again = link.buffer();
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn the_line_is_shared_and_idle_time_is_not_saved() {
        let faults = Faults { rate: Some(480_000), delay: Duration::ZERO, ..Faults::NONE };
        let mut link = Link::new(1, faults);
        let mut arrival = |now| {
            link.send(Duration::from_millis(now), ipv4(now));
            rest(&mut link)[0].0.as_millis()
        };
        // 60 bytes take 1 ms.
        assert_eq!(
            [arrival(0), arrival(0), arrival(1), arrival(10), arrival(10)],
            [1, 2, 3, 11, 12]
        );
    }

    #[test]
    fn damage_flips_one_bit_behind_the_ethernet_header() {
        let faults = Faults { corruption: 1000, ..Faults::NONE };
        for (at, frame) in arrivals(1, faults, 100) {
            let original = ipv4(at.as_millis() as u64);
            let flipped = |(a, b): (&u8, &u8)| (a ^ b).count_ones();
            assert_eq!(original.iter().zip(&frame).map(flipped).sum::<u32>(), 1);
            assert_eq!(original[..14], frame[..14]);
        }
    }
}
