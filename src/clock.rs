//! Two clocks: [`Uptime`] drives deadlines and never jumps; [`WallClock`] tells the date and may be
//! unset.

use embedded_time::{Clock, TimeInt, fraction::Fraction};
use smoltcp::time::{Duration, Instant};

/// Turns a board's [`embedded_time::Clock`] into the [`Instant`] that everything here counts in.
///
/// The tick counter may wrap; read the clock at least once a lap (a 32-bit microsecond counter: every
/// 71 minutes) and the time since start keeps growing.
#[derive(Debug)]
pub struct Uptime<C: Clock> {
    clock: C,
    last_tick: C::T,
    /// Ticks since the first reading, without wrap.
    ticks: u64,
}

impl<C: Clock> Uptime<C>
where
    C::T: TimeInt + Into<u64>,
{
    /// Starts counting at zero from the clock's present reading.
    ///
    /// # Errors
    /// The clock's own error when it cannot be read.
    pub fn new(clock: C) -> Result<Self, embedded_time::clock::Error> {
        let last_tick = clock.try_now()?.duration_since_epoch().integer();
        Ok(Self { clock, last_tick, ticks: 0 })
    }

    /// The time since [`Uptime::new`]. A clock that fails to answer repeats its last reading.
    pub fn now(&mut self) -> Instant {
        if let Ok(instant) = self.clock.try_now() {
            let tick = instant.duration_since_epoch().integer();
            let (old, new): (u64, u64) = (self.last_tick.into(), tick.into());
            // A tick type narrower than 64 bits laps at its own width.
            let width = 8 * core::mem::size_of::<C::T>() as u32;
            let lap_mask = u64::MAX >> (64 - width.min(64));
            self.ticks += new.wrapping_sub(old) & lap_mask;
            self.last_tick = tick;
        }
        Instant::from_micros(ticks_to_micros(self.ticks, C::SCALING_FACTOR) as i64)
    }

    /// The board's clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }
}

fn ticks_to_micros(ticks: u64, seconds_per_tick: Fraction) -> u64 {
    let numerator = u64::from(*seconds_per_tick.numerator());
    let denominator = u64::from(*seconds_per_tick.denominator()).max(1);
    // Whole laps of the denominator apart from the rest, so that 64 bits suffice.
    let (laps, rest) = (ticks / denominator, ticks % denominator);
    let (seconds, part) = (rest * numerator / denominator, rest * numerator % denominator);
    (laps * numerator + seconds) * 1_000_000 + part * 1_000_000 / denominator
}

/// A date: microseconds since 1970-01-01 00:00:00 UTC, leap seconds not counted (POSIX time).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// Whole seconds since 1970, rounded down.
    // Long on a machine of 32 bits: not once for each caller.
    #[inline(never)]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The microseconds within the second, 0 to 999,999.
    pub const fn subsec_micros(self) -> u32 {
        self.0.rem_euclid(1_000_000) as u32
    }
}

/// The date, unset until somebody sets it.
#[derive(Debug, Clone, Default)]
pub struct WallClock {
    set: Option<(Instant, UnixTime)>,
    utc_offset_seconds: i32,
}

impl WallClock {
    /// A clock that does not know the date, in UTC.
    pub const fn new() -> Self {
        Self { set: None, utc_offset_seconds: 0 }
    }

    /// Says that at `now` the date is `time`.
    pub fn set(&mut self, now: Instant, time: UnixTime) {
        self.set = Some((now, time));
    }

    /// The date at `now`, or `None` while nobody has set it.
    // Long on a machine of 32 bits: not once for each caller.
    #[inline(never)]
    pub fn at(&self, now: Instant) -> Option<UnixTime> {
        let (then, time) = self.set?;
        Some(UnixTime(
            time.0.saturating_add(now.total_micros().saturating_sub(then.total_micros())),
        ))
    }

    /// Seconds that local time is ahead of UTC.
    pub fn utc_offset_seconds(&self) -> i32 {
        self.utc_offset_seconds
    }

    /// Sets how many seconds local time is ahead of UTC.
    pub fn set_utc_offset_seconds(&mut self, seconds: i32) {
        self.utc_offset_seconds = seconds;
    }
}

/// How long from `now` until `deadline`: zero when it has passed, as smoltcp's "at once" (an
/// [`Instant`] of 0) has.
pub fn until(deadline: Instant, now: Instant) -> Duration {
    if deadline <= now { Duration::ZERO } else { deadline - now }
}
