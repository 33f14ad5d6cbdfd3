//! The round-trip time of a connection, as RFC 6298 estimates it.
//!
//! Times are microseconds, modulo 2³²: the clock of a connection only measures intervals.

use heapless::Vec;

/// The most bytes that are timed at once.
const MARKS: usize = 4;

/// The shortest retransmission timeout: 200 ms. RFC 6298 asks for a second, but mainstream systems use
/// this.
const MIN_TIMEOUT: u32 = 200_000;

/// The retransmission timeout before the first sample (RFC 6298 section 2.1).
const FIRST_TIMEOUT: u32 = 1_000_000;

/// The longest sample, so that the calculations below do not overflow.
const MAX_SAMPLE: u32 = 60_000_000;

/// How long the shortest round-trip time is remembered at least: 10 s. It grows when packets take another
/// path.
const EPOCH: u32 = 10_000_000;

/// The estimate, and the bytes that are timed. Positions count the bytes of the connection's output,
/// modulo 2³².
#[derive(Debug, Clone)]
pub struct RttEstimator {
    /// The oldest first.
    marks: Vec<Mark, MARKS>,
    /// 0 before the first sample.
    smoothed: u32,
    variation: u32,
    /// The shortest of this epoch and of the one before.
    shortest: [u32; 2],
    epoch: u32,
}

/// A byte that is timed.
#[derive(Debug, Clone, Copy)]
struct Mark {
    position: u32,
    sent: u32,
}

impl RttEstimator {
    /// Without a sample.
    pub const fn new() -> Self {
        Self { marks: Vec::new(), smoothed: 0, variation: 0, shortest: [u32::MAX; 2], epoch: 0 }
    }

    /// Times the byte at `position`, which was just sent, unless one is timed within `spacing` bytes.
    pub fn sent(&mut self, position: u32, spacing: u32, now: u32) {
        let is_close = |mark: &Mark| position.wrapping_sub(mark.position) < spacing;
        if !self.marks.last().is_some_and(is_close) {
            let _ = self.marks.push(Mark { position, sent: now });
        }
    }

    /// The peer has acknowledged all bytes up to `position`. Returns the shortest round trip that this
    /// completes.
    pub fn delivered(&mut self, position: u32, now: u32) -> Option<u32> {
        let mut shortest = None;
        while let Some(&mark) = self.marks.first() {
            if (position.wrapping_sub(mark.position) as i32) < 0 {
                break;
            }
            self.marks.remove(0);
            let sample = now.wrapping_sub(mark.sent);
            self.sample(sample, now);
            shortest = Some(shortest.map_or(sample, |shortest: u32| shortest.min(sample)));
        }
        shortest
    }

    /// Stops timing: an ACK of a byte that was sent twice does not tell which time it is for (Karn's
    /// algorithm, RFC 6298 section 3).
    pub fn retransmitted(&mut self) {
        self.marks.clear();
    }

    /// Adds a sample (RFC 6298 section 2.3).
    pub fn sample(&mut self, sample: u32, now: u32) {
        let sample = sample.clamp(1, MAX_SAMPLE);
        if self.smoothed == 0 {
            (self.smoothed, self.variation) = (sample, sample / 2);
        } else {
            let deviation = self.smoothed.abs_diff(sample);
            self.variation = self.variation - self.variation / 4 + deviation / 4;
            self.smoothed = self.smoothed - self.smoothed / 8 + sample / 8;
        }
        if now.wrapping_sub(self.epoch) >= EPOCH {
            self.epoch = now;
            self.shortest = [u32::MAX, self.shortest[0]];
        }
        self.shortest[0] = self.shortest[0].min(sample);
    }

    /// The smoothed round-trip time; 0 before the first sample.
    pub fn smoothed(&self) -> u32 {
        self.smoothed
    }

    /// The shortest round-trip time of the last 10 to 20 s: that of the path with empty queues.
    pub fn shortest(&self) -> u32 {
        self.shortest[0].min(self.shortest[1])
    }

    /// The retransmission timeout (RFC 6298 section 2).
    pub fn timeout(&self) -> u32 {
        if self.smoothed == 0 {
            return FIRST_TIMEOUT;
        }
        (self.smoothed + 4 * self.variation).max(MIN_TIMEOUT)
    }
}

impl Default for RttEstimator {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_follows_the_samples() {
        let mut rtt = RttEstimator::new();
        assert_eq!((rtt.smoothed(), rtt.timeout()), (0, FIRST_TIMEOUT));
        rtt.sample(100_000, 0);
        assert_eq!((rtt.smoothed(), rtt.shortest(), rtt.timeout()), (100_000, 100_000, 300_000));
        for _ in 0..100 {
            rtt.sample(20_000, 0);
        }
        assert!((20_000..20_100).contains(&rtt.smoothed()), "{}", rtt.smoothed());
        assert_eq!((rtt.shortest(), rtt.timeout()), (20_000, MIN_TIMEOUT));
    }

    #[test]
    fn a_byte_that_was_sent_twice_is_not_timed() {
        let mut rtt = RttEstimator::new();
        rtt.sent(1000, 100, 0);
        rtt.retransmitted();
        assert_eq!(rtt.delivered(1000, 5000), None);
        rtt.sent(2000, 100, 6000);
        assert_eq!(rtt.delivered(1999, 7000), None);
        assert_eq!(rtt.delivered(2000, 9000), Some(3000));
    }

    #[test]
    fn bytes_close_to_one_that_is_timed_are_not() {
        let mut rtt = RttEstimator::new();
        // The positions wrap around.
        let start = u32::MAX - 50;
        for at in 0..10 {
            rtt.sent(start.wrapping_add(at * 30), 60, at);
        }
        // Timed: at 0, 60, 120 and 180; then all marks are taken.
        assert_eq!(rtt.delivered(start.wrapping_add(300), 1000), Some(1000 - 6));
    }

    #[test]
    fn the_shortest_is_forgotten_after_two_epochs() {
        let mut rtt = RttEstimator::new();
        rtt.sample(1000, EPOCH);
        rtt.sample(5000, 2 * EPOCH);
        assert_eq!(rtt.shortest(), 1000);
        rtt.sample(5000, 3 * EPOCH);
        assert_eq!(rtt.shortest(), 5000);
    }
}
