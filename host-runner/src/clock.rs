//! The host's clocks: monotonic time since start, wall-clock time, and the local offset from UTC.

use std::time::{Instant as HostInstant, SystemTime, UNIX_EPOCH};

use bareserve::clock::{UnixTime, WallClock};
use jiff::{Timestamp, tz::TimeZone};
use smoltcp::time::{Duration, Instant};

/// Reads the system's clocks.
pub struct Clock {
    start: HostInstant,
    zone: Zone,
    /// The minute (since 1970) for which the offset was computed, and the offset in seconds.
    offset: (i64, i32),
    /// When the wall clock is next read.
    next_read: Instant,
}

/// How often the wall clock is read. A step of the host's clock takes effect within this time.
const READ_INTERVAL: Duration = Duration::from_millis(100);

enum Zone {
    /// The host's time zone, with its daylight saving rules.
    Host(TimeZone),
    /// A fixed offset in seconds; positive is east of UTC.
    Fixed(i32),
}

impl Clock {
    /// Starts the monotonic clock at zero. `utc_offset` is in seconds; `None` takes the host's time
    /// zone.
    pub fn new(utc_offset: Option<i32>) -> Self {
        let zone = match utc_offset {
            Some(seconds) => Zone::Fixed(seconds),
            None => Zone::Host(TimeZone::try_system().unwrap_or(TimeZone::UTC)),
        };
        Self { start: HostInstant::now(), zone, offset: (i64::MIN, 0), next_read: Instant::ZERO }
    }

    /// The time since the start.
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.start.elapsed().as_micros() as i64)
    }

    /// Sets `wall` from the host's wall clock, at most once in [`READ_INTERVAL`]: the host's clock may
    /// be stepped while the program runs.
    pub fn set(&mut self, wall: &mut WallClock, now: Instant) {
        if now < self.next_read {
            return;
        }
        self.next_read = now + READ_INTERVAL;
        let time = date();
        wall.set(now, time);
        // Time zone transitions fall on full minutes, so one lookup per minute suffices.
        let minute = time.seconds().div_euclid(60);
        if self.offset.0 != minute {
            self.offset = (minute, self.offset_at(time));
            wall.set_utc_offset_seconds(self.offset.1);
        }
    }

    fn offset_at(&self, time: UnixTime) -> i32 {
        match &self.zone {
            Zone::Fixed(seconds) => *seconds,
            Zone::Host(zone) => Timestamp::from_second(time.seconds())
                .map_or(0, |timestamp| zone.to_offset(timestamp).seconds()),
        }
    }
}

/// The current time by the system's wall clock.
pub fn date() -> UnixTime {
    UnixTime(match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_micros() as i64,
        Err(before) => -(before.duration().as_micros() as i64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_offset_is_applied() {
        let mut wall = WallClock::new();
        let mut clock = Clock::new(Some(-12_600));
        let now = clock.now();
        clock.set(&mut wall, now);
        assert_eq!(wall.utc_offset_seconds(), -12_600);
        let date = wall.at(now).expect("the clock is set");
        assert!((date.0 - super::date().0).abs() < 60_000_000);
    }
}
