//! The host's clocks: time since start, the date, and how far local time is ahead of UTC.

use std::time::{Instant as HostInstant, SystemTime, UNIX_EPOCH};

use bareserve::clock::{UnixTime, WallClock};
use jiff::{Timestamp, tz::TimeZone};
use smoltcp::time::{Duration, Instant};

/// Reads the system's clocks.
pub struct Clock {
    start: HostInstant,
    zone: Zone,
    /// The minute for which the offset was looked up, and the offset.
    offset: (i64, i32),
    /// When the host's date is due to be looked at.
    next_look: Instant,
}

/// A correction of the host's date is noticed as soon as this.
const DATE_INTERVAL: Duration = Duration::from_millis(100);

enum Zone {
    /// As this computer is set, daylight saving time and all.
    Host(TimeZone),
    /// As many seconds ahead of UTC.
    Fixed(i32),
}

impl Clock {
    /// Starts at zero. `utc_offset` in seconds; `None`: as the host is set.
    pub fn new(utc_offset: Option<i32>) -> Self {
        let zone = match utc_offset {
            Some(seconds) => Zone::Fixed(seconds),
            None => Zone::Host(TimeZone::try_system().unwrap_or(TimeZone::UTC)),
        };
        Self { start: HostInstant::now(), zone, offset: (i64::MIN, 0), next_look: Instant::ZERO }
    }

    /// The time since the start.
    pub fn now(&self) -> Instant {
        Instant::from_micros(self.start.elapsed().as_micros() as i64)
    }

    /// Sets `wall` to the host's date, which may have been corrected since.
    pub fn set(&mut self, wall: &mut WallClock, now: Instant) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + DATE_INTERVAL;
        let time = date();
        wall.set(now, time);
        // The rules of a time zone take effect on full minutes.
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

/// The date by the system's clock.
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
    fn a_fixed_offset_is_kept() {
        let mut wall = WallClock::new();
        let mut clock = Clock::new(Some(-12_600));
        let now = clock.now();
        clock.set(&mut wall, now);
        assert_eq!(wall.utc_offset_seconds(), -12_600);
        let date = wall.at(now).expect("the clock is set");
        assert!((date.0 - super::date().0).abs() < 60_000_000);
    }
}
