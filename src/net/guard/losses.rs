//! When a segment counts as lost.
//!
//! Duplicate ACKs tell that later segments have arrived (RFC 5681 section 3.2); a round trip after the
//! repair, an ACK of a part of the bytes that were under way tells of the next loss (NewReno, RFC 6582).
//! Without either, a timeout decides: two round trips while several segments are under way (RFC 8985
//! section 7), the retransmission timeout otherwise.

use super::rtt::RttEstimator;

/// Duplicate ACKs that tell of a loss (RFC 5681 section 3.2).
const DUPLICATES: u32 = 3;

/// Repairs without progress before the retransmission timeout applies.
const PROBES: u8 = 3;

/// The time in microseconds that a peer may need for an ACK that it does not delay.
const PROBE_MARGIN: u32 = 10_000;

/// The longest time between two repairs in microseconds. A path that works again is used after this time
/// at the latest.
const MAX_TIMEOUT: u32 = 3_000_000;

/// The losses of a connection.
#[derive(Debug, Clone)]
pub struct Losses {
    /// The position that ends the recovery.
    recovery: Option<u32>,
    /// Segments that were lost since the recovery began.
    lost: u32,
    /// Segments that have arrived behind the first one that has not.
    behind: u32,
    /// Repairs since the last progress.
    repairs: u8,
    /// The last progress or repair, in microseconds modulo 2³².
    since: u32,
}

impl Losses {
    /// Without a loss.
    pub const fn new() -> Self {
        Self { recovery: None, lost: 0, behind: 0, repairs: 0, since: 0 }
    }

    /// Segments that have arrived behind the first one that has not.
    pub fn behind(&self) -> u32 {
        self.behind
    }

    /// Segments that were lost since the recovery began, the one included that is being repaired.
    pub fn lost(&self) -> u32 {
        self.lost
    }

    /// Whether lost segments are being repaired.
    pub fn is_recovering(&self) -> bool {
        self.recovery.is_some()
    }

    /// The first bytes are under way after a pause.
    pub fn restart(&mut self, now: u32) {
        self.since = now;
    }

    /// The peer has acknowledged so many more segments, up to the position `delivered`. Returns whether
    /// the segment behind it is lost.
    pub fn delivered(&mut self, segments: u32, delivered: u32, now: u32) -> bool {
        self.since = now;
        self.repairs = 0;
        match self.recovery {
            Some(end) if (delivered.wrapping_sub(end) as i32) < 0 => {
                self.behind = self.behind.saturating_sub(segments.saturating_sub(1));
                true
            }
            _ => {
                self.recovery = None;
                self.behind = 0;
                false
            }
        }
    }

    /// The peer has repeated its last ACK `count` times while `under_way` segments are not acknowledged.
    /// Returns whether the first one counts as lost.
    pub fn repeated(&mut self, count: u32, under_way: u32) -> bool {
        let before = self.behind;
        self.behind = (before + count).min(under_way);
        // With few segments under way, fewer ACKs can follow (RFC 5827).
        let enough = DUPLICATES.min(under_way.saturating_sub(1)).max(1);
        self.recovery.is_none() && self.behind >= enough
    }

    /// How long after the last progress or repair the first segment counts as lost if nothing more
    /// arrives, in microseconds.
    pub fn timeout(&self, under_way: u32, rtt: &RttEstimator) -> u32 {
        let rto = rtt.timeout();
        let timeout = if under_way > 1 && self.repairs < PROBES && rtt.smoothed() > 0 {
            // A peer acknowledges two segments, and one that fills a gap, at once.
            ((2 * rtt.smoothed() + PROBE_MARGIN) << self.repairs).min(rto)
        } else {
            rto.min(MAX_TIMEOUT) << self.repairs.saturating_sub(PROBES).min(4)
        };
        timeout.min(MAX_TIMEOUT)
    }

    /// The time since the last progress or repair, in microseconds.
    pub fn waited(&self, now: u32) -> u32 {
        now.wrapping_sub(self.since)
    }

    /// The first segment is sent again at `now`; bytes up to `written` are under way.
    pub fn repaired(&mut self, written: u32, now: u32) {
        if self.recovery.is_none() {
            self.recovery = Some(written);
            self.lost = 0;
        }
        // The same segment may be repaired several times.
        if self.repairs == 0 {
            self.lost += 1;
        }
        self.repairs = self.repairs.saturating_add(1);
        self.since = now;
    }
}

impl Default for Losses {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate() -> RttEstimator {
        let mut rtt = RttEstimator::new();
        rtt.sample(20_000, 0);
        rtt
    }

    #[test]
    fn three_repeated_acks_tell_of_a_loss_or_fewer_where_no_more_can_come() {
        for (under_way, enough) in [(1, 1), (2, 1), (3, 2), (4, 3), (100, 3)] {
            let mut losses = Losses::new();
            for count in 1..enough {
                assert!(!losses.repeated(1, under_way), "{count} of {under_way}");
            }
            assert!(losses.repeated(1, under_way), "{under_way}");
        }
    }

    #[test]
    fn a_partial_ack_tells_of_the_next_loss() {
        let mut losses = Losses::new();
        assert!(losses.repeated(5, 10));
        losses.repaired(10_000, 0);
        assert!(!losses.repeated(1, 10), "it is being repaired");
        assert!(losses.delivered(4, 4_000, 0));
        assert_eq!(losses.behind(), 3);
        losses.repaired(12_000, 0);
        assert_eq!(losses.lost(), 2);
        // What was under way when the first loss was noticed has arrived.
        assert!(!losses.delivered(6, 10_000, 0));
        assert_eq!((losses.behind(), losses.is_recovering()), (0, false));
    }

    #[test]
    fn the_timeout_grows_to_a_limit_and_ends_with_progress() {
        let (mut losses, rtt) = (Losses::new(), estimate());
        assert_eq!(losses.timeout(1, &rtt), rtt.timeout());
        assert_eq!(losses.timeout(2, &rtt), 50_000);
        let mut before = 0;
        for repairs in 0..20 {
            let timeout = losses.timeout(2, &rtt);
            assert!(timeout >= before && timeout <= MAX_TIMEOUT, "{timeout} after {repairs}");
            before = timeout;
            losses.repaired(10_000, 0);
        }
        assert_eq!(before, MAX_TIMEOUT);
        losses.delivered(1, 1000, 0);
        assert_eq!(losses.timeout(2, &rtt), 50_000);
    }
}
