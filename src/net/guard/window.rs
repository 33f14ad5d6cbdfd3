//! The congestion window of a connection: how many bytes may be under way.
//!
//! It doubles in each round trip (RFC 5681 section 3.1) until bytes queue on the path, and then follows
//! the queue, as TCP Vegas and Veno do: the part of the window that the round-trip time has grown by
//! waits in queues. So it keeps a short queue from overflowing. A loss without a queue is taken for a
//! fault of the link, and costs the window less than one with a queue.

use super::rtt::RttEstimator;

/// The first window, in segments (RFC 6928).
const INITIAL: u32 = 10;

/// The first window in bytes where a round trip takes less than [`NEAR`].
const INITIAL_NEAR: u32 = 65_536;

/// The round-trip time in microseconds below which a peer is on the same network.
const NEAR: u32 = 1000;

/// The shortest window, in segments.
const MIN: u32 = 2;

/// The longest window in bytes: the buffers are shorter, and the calculations below do not overflow.
const MAX: u32 = 1 << 30;

/// Delay in microseconds that is not taken for a queue: peers and devices handle several frames at once.
const TOLERANCE: u32 = 500;

/// A queue that ends slow start: so many segments, and this part of the window.
const SLOW_START_QUEUE: Share = Share { segments: 3, divisor: 8 };

/// The queue below which the window grows, and the one above which it shrinks.
const QUEUE: (Share, Share) =
    (Share { segments: 3, divisor: 16 }, Share { segments: 6, divisor: 8 });

/// Losses within a round trip that tell of an overflow even where no queue has been seen.
const BURST: u32 = 4;

/// The part of the window by which it grows in a round: where faults of the link are the limit, and
/// where queues are.
const FAST: u32 = 2;
const SLOW: u32 = 16;

/// A number of segments, or a part of the window where that is more: the round-trip time of a long path
/// varies by more than a few segments take.
struct Share {
    segments: u32,
    divisor: u32,
}

/// A congestion window.
#[derive(Debug, Clone)]
pub struct CongestionWindow {
    /// In bytes.
    size: u32,
    /// The longest segment, in bytes.
    segment: u32,
    is_slow_start: bool,
    /// Behind slow start, the part of the window by which it grows in each round.
    growth: u32,
    /// The position whose acknowledgement ends the round.
    round_end: u32,
    /// The shortest round-trip time of the round in microseconds; [`u32::MAX`] without a sample.
    round_rtt: u32,
    /// The last round-trip time in microseconds.
    last_rtt: u32,
}

impl CongestionWindow {
    /// A window for segments of this length.
    pub const fn new(segment: u32) -> Self {
        Self {
            size: INITIAL * segment,
            segment,
            is_slow_start: true,
            growth: FAST,
            round_end: 0,
            round_rtt: u32::MAX,
            last_rtt: 0,
        }
    }

    /// The handshake took a round trip of so many microseconds.
    pub fn connected(&mut self, rtt: u32) {
        self.size = self.initial(rtt);
    }

    /// The connection was idle: the path may have changed (RFC 5681 section 4.1).
    pub fn restart(&mut self, rtt: &RttEstimator) {
        self.size = self.size.min(self.initial(rtt.shortest()));
        self.is_slow_start = true;
    }

    /// Its size in bytes.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The longest segment, in bytes.
    pub fn segment(&self) -> u32 {
        self.segment
    }

    /// The peer has acknowledged `bytes` more, up to the position `delivered` of the `written` ones.
    /// `sample` is a round-trip time that this completes; `is_full`: the window limited what was sent.
    pub fn delivered(
        &mut self,
        bytes: u32,
        (delivered, written): (u32, u32),
        sample: Option<u32>,
        is_full: bool,
        rtt: &RttEstimator,
    ) {
        if self.is_slow_start && is_full {
            self.grow_by(bytes);
        }
        if let Some(sample) = sample {
            self.round_rtt = self.round_rtt.min(sample);
            // The queue grows within the round. One long round trip alone may be that of a delayed ACK.
            let queued = self.queued(sample.min(self.last_rtt), rtt);
            self.last_rtt = sample;
            if self.is_slow_start && queued > self.bytes(SLOW_START_QUEUE) {
                self.is_slow_start = false;
                self.growth = SLOW;
                self.shrink_by(queued - queued / 4);
            }
        }
        if (delivered.wrapping_sub(self.round_end) as i32) < 0 {
            return;
        }
        if !self.is_slow_start && self.round_rtt != u32::MAX {
            let queued = self.queued(self.round_rtt, rtt);
            let (low, high) = (self.bytes(QUEUE.0), self.bytes(QUEUE.1));
            if queued > high {
                self.shrink_by(queued - high);
            } else if queued < low && is_full {
                self.grow_by((self.size / self.growth).max(self.segment));
            }
        }
        self.round_end = written;
        self.round_rtt = u32::MAX;
    }

    /// A segment was lost, the `count`th of those that were under way at once.
    pub fn lost(&mut self, count: u32, rtt: &RttEstimator) {
        self.is_slow_start = false;
        let has_queue = count == 1 && self.queued(self.last_rtt, rtt) > self.bytes(QUEUE.0);
        let is_burst = count == BURST && self.growth == FAST;
        if has_queue || is_burst {
            self.growth = SLOW;
            self.shrink_by(self.size / 3);
        } else if count == 1 {
            self.shrink_by(self.size / 8);
        }
    }

    /// The bytes of the window that wait in queues when a round trip takes `present` microseconds.
    fn queued(&self, present: u32, rtt: &RttEstimator) -> u32 {
        let delay = present.saturating_sub(rtt.shortest());
        if delay < TOLERANCE {
            return 0;
        }
        // A share of the window in 256ths, in 32 bits.
        let share = (delay >> 6) * 256 / (present >> 6).max(1);
        (self.size >> 8) * share
    }

    /// The first window where a round trip takes `rtt` microseconds.
    fn initial(&self, rtt: u32) -> u32 {
        let size = INITIAL * self.segment;
        if rtt < NEAR { size.max(INITIAL_NEAR) } else { size }
    }

    fn bytes(&self, share: Share) -> u32 {
        (share.segments * self.segment).max(self.size / share.divisor)
    }

    fn grow_by(&mut self, bytes: u32) {
        self.size = self.size.saturating_add(bytes).min(MAX);
    }

    fn shrink_by(&mut self, bytes: u32) {
        self.size = self.size.saturating_sub(bytes).max(MIN * self.segment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u32 = 1000;
    const PATH: u32 = 20_000;

    /// A window, and the estimate of a path whose round trip takes 20 ms.
    fn window() -> (CongestionWindow, RttEstimator) {
        let mut rtt = RttEstimator::new();
        rtt.sample(PATH, 0);
        (CongestionWindow::new(SEGMENT), rtt)
    }

    /// The peer acknowledges a whole window, whose round trips take `rtt` microseconds.
    fn round(window: &mut CongestionWindow, estimate: &RttEstimator, rtt: u32) {
        let bytes = window.size();
        let end = window.round_end;
        for _ in 0..4 {
            let written = end.wrapping_add(bytes);
            window.delivered(bytes / 4, (end, written), Some(rtt), true, estimate);
        }
    }

    #[test]
    fn it_doubles_until_bytes_queue() {
        let (mut window, rtt) = window();
        assert_eq!(window.size(), 10 * SEGMENT);
        round(&mut window, &rtt, PATH);
        assert_eq!(window.size(), 20 * SEGMENT);
        round(&mut window, &rtt, PATH);
        assert_eq!(window.size(), 40 * SEGMENT);
        // One long round trip may be that of a delayed ACK.
        window.delivered(0, (0, 0), Some(3 * PATH), true, &rtt);
        window.delivered(0, (0, 0), Some(PATH), true, &rtt);
        assert!(window.is_slow_start);
        round(&mut window, &rtt, 2 * PATH);
        assert!(!window.is_slow_start);
        assert!(window.size() < 40 * SEGMENT, "{}", window.size());
    }

    #[test]
    fn it_keeps_a_few_segments_in_the_queue() {
        let (mut window, rtt) = window();
        // The path holds 50 segments; more of them queue, and make the round trip longer.
        for _ in 0..40 {
            let segments = window.size() / SEGMENT;
            round(&mut window, &rtt, PATH.max(PATH * segments / 50));
        }
        let segments = window.size() / SEGMENT;
        assert!((50..60).contains(&segments), "{segments}");
    }

    #[test]
    fn an_idle_connection_does_not_grow_it() {
        let (mut window, rtt) = window();
        window.delivered(5000, (0, 0), Some(PATH), false, &rtt);
        assert_eq!(window.size(), 10 * SEGMENT);
    }

    #[test]
    fn after_a_pause_it_begins_anew() {
        let (mut window, rtt) = window();
        round(&mut window, &rtt, PATH);
        window.lost(1, &rtt);
        window.restart(&rtt);
        assert_eq!(window.size(), 10 * SEGMENT);
        round(&mut window, &rtt, PATH);
        assert_eq!(window.size(), 20 * SEGMENT);
        window.size = 5 * SEGMENT;
        window.restart(&rtt);
        assert_eq!(window.size(), 5 * SEGMENT);
    }

    #[test]
    fn a_loss_costs_more_with_a_queue_or_many_losses() {
        let (mut window, rtt) = window();
        window.size = 240 * SEGMENT;
        window.lost(1, &rtt);
        assert_eq!(window.size(), 210 * SEGMENT);
        for count in 2..=BURST {
            window.lost(count, &rtt);
        }
        assert_eq!(window.size(), 140 * SEGMENT);
        window.last_rtt = 2 * PATH;
        window.lost(1, &rtt);
        assert!((93..95).contains(&(window.size() / SEGMENT)));
        for _ in 0..100 {
            window.lost(1, &rtt);
        }
        assert_eq!(window.size(), MIN * SEGMENT);
    }

    #[test]
    fn a_peer_on_the_same_network_begins_with_more() {
        let (mut window, _) = window();
        window.connected(NEAR);
        assert_eq!(window.size(), 10 * SEGMENT);
        window.connected(NEAR - 1);
        assert_eq!(window.size(), INITIAL_NEAR);
    }
}
