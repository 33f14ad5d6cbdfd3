//! The results of a run of pings.

use core::fmt;

use smoltcp::time::Duration;

/// Counts and round-trip times (RTT) of a run. `Display` writes one line, or two if any request was
/// answered:
///
/// ```text
/// 9 packets sent, 8 received, 11.1% loss
/// RTT min/avg/max/stddev = 0.200/0.500/0.900/0.200 ms
/// ```
///
/// RTTs are whole microseconds, saturating at 71 minutes. Mean and deviation are computed from their
/// sum and the sum of their squares. Both are exact up to 18 million RTTs of a second, so only the
/// result is rounded.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Requests sent.
    pub sent: u32,
    /// Requests answered in time.
    pub received: u32,
    /// Requests answered after their timeout. They count as lost.
    pub late: u32,
    /// Further answers to answered requests.
    pub duplicates: u32,
    /// Datagrams that match no remembered request.
    pub unexpected: u32,
    rtt_min: u32,
    rtt_max: u32,
    rtt_sum: u64,
    rtt_square_sum: u64,
}

impl Statistics {
    /// All zero.
    pub const fn new() -> Self {
        Self {
            sent: 0,
            received: 0,
            late: 0,
            duplicates: 0,
            unexpected: 0,
            rtt_min: 0,
            rtt_max: 0,
            rtt_sum: 0,
            rtt_square_sum: 0,
        }
    }

    /// Records a request that was answered in time.
    pub(super) fn record(&mut self, rtt: Duration) {
        let rtt = u32::try_from(rtt.total_micros()).unwrap_or(u32::MAX);
        self.rtt_min = if self.received == 0 { rtt } else { self.rtt_min.min(rtt) };
        self.rtt_max = self.rtt_max.max(rtt);
        self.rtt_sum = self.rtt_sum.saturating_add(rtt.into());
        self.rtt_square_sum = self.rtt_square_sum.saturating_add(u64::from(rtt) * u64::from(rtt));
        self.received = self.received.saturating_add(1);
    }

    /// Requests not answered in time, in tenths of a percent, rounded; 0 if none was sent.
    pub fn loss_permille(&self) -> u32 {
        let lost = u64::from(self.sent.saturating_sub(self.received));
        let sent = u64::from(self.sent);
        (lost * 1000 + sent / 2).checked_div(sent).unwrap_or(0) as u32
    }

    /// The RTTs of the requests answered in time; `None` if there are none.
    pub fn rtt(&self) -> Option<RttSummary> {
        let count = u128::from(self.received);
        let sum = u128::from(self.rtt_sum);
        // The variance times n².
        let spread = (u128::from(self.rtt_square_sum) * count).saturating_sub(sum * sum);
        Some(RttSummary {
            min: Duration::from_micros(self.rtt_min.into()),
            mean: Duration::from_micros(sum.checked_div(count)? as u64),
            max: Duration::from_micros(self.rtt_max.into()),
            deviation: Duration::from_micros(spread.isqrt().checked_div(count)? as u64),
        })
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self::new()
    }
}

/// A summary of RTTs, each rounded down to whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RttSummary {
    /// The shortest.
    pub min: Duration,
    /// The arithmetic mean.
    pub mean: Duration,
    /// The longest.
    pub max: Duration,
    /// The standard deviation of these RTTs (of the population, not an estimate from a sample).
    pub deviation: Duration,
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loss = self.loss_permille();
        write!(f, "{} packets sent, {} received, ", self.sent, self.received)?;
        write!(f, "{}.{}% loss", loss / 10, loss % 10)?;
        for (count, what) in
            [(self.late, "late"), (self.duplicates, "duplicates"), (self.unexpected, "unexpected")]
        {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if let Some(RttSummary { min, mean, max, deviation }) = self.rtt() {
            let [min, mean, max, deviation] = [min, mean, max, deviation].map(Millis);
            write!(f, "\nRTT min/avg/max/stddev = {min}/{mean}/{max}/{deviation} ms")?;
        }
        Ok(())
    }
}

/// Milliseconds with three decimals.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.total_micros();
        write!(f, "{}.{:03}", micros / 1000, micros % 1000)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{string::ToString, vec::Vec};

    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};

    #[test]
    fn display_is_two_lines() {
        let mut statistics = Statistics { sent: 9, ..Statistics::default() };
        assert_eq!(statistics.to_string(), "9 packets sent, 0 received, 100.0% loss");
        for rtt in [200, 400, 400, 400, 500, 500, 700, 900] {
            statistics.record(Duration::from_micros(rtt));
        }
        assert_eq!(
            statistics.to_string(),
            "9 packets sent, 8 received, 11.1% loss\n\
             RTT min/avg/max/stddev = 0.200/0.500/0.900/0.200 ms"
        );
        statistics.duplicates = 2;
        statistics.late = 1;
        assert!(statistics.to_string().contains("11.1% loss, 1 late, 2 duplicates\n"));
        assert_eq!(Statistics::default().to_string(), "0 packets sent, 0 received, 0.0% loss");
    }

    /// Against the definition, computed in floating point.
    #[test]
    fn agrees_with_the_definition() {
        let mut random = SeededEntropy::new(9);
        for _ in 0..200 {
            let count = random.next_u64() % 100 + 1;
            let rtts: Vec<u64> = (0..count).map(|_| random.next_u64() % 2_000_000).collect();
            let mut statistics = Statistics::default();
            for &rtt in &rtts {
                statistics.record(Duration::from_micros(rtt));
            }
            let mean = rtts.iter().sum::<u64>() as f64 / count as f64;
            let square = |rtt: &u64| (*rtt as f64 - mean) * (*rtt as f64 - mean);
            let deviation = (rtts.iter().map(square).sum::<f64>() / count as f64).sqrt();
            let summary = statistics.rtt().unwrap();
            let close = |duration: Duration, exact: f64| {
                (duration.total_micros() as f64 - exact).abs() <= 1.01
            };
            assert!(close(summary.mean, mean) && close(summary.deviation, deviation));
            assert_eq!(summary.min.total_micros(), *rtts.iter().min().unwrap());
            assert_eq!(summary.max.total_micros(), *rtts.iter().max().unwrap());
        }
    }

    #[test]
    fn the_longest_times_do_not_overflow() {
        let mut statistics = Statistics::default();
        for _ in 0..3 {
            statistics.record(Duration::from_micros(u64::MAX));
        }
        assert!(statistics.to_string().contains("3 received"));
    }
}
