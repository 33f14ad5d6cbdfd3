//! Two clocks: [`Uptime`] is monotonic and drives deadlines; [`WallClock`] holds the date and may be
//! unset.

use embedded_time::{Clock, TimeInt, fraction::Fraction};
use smoltcp::time::{Duration, Instant};

/// Converts a board's [`embedded_time::Clock`] to [`Instant`]s, in microseconds since the start.
///
/// The tick counter may wrap around, provided that the clock is read at least once in each period (of
/// a 32-bit microsecond counter: 71 minutes).
#[derive(Debug)]
pub struct Uptime<C: Clock> {
    clock: C,
    last_tick: C::T,
    micros: u64,
    /// The part of the time below a microsecond, in units of `1 / ticks` (see [`Uptime::now`]).
    rest: u64,
}

impl<C: Clock> Uptime<C>
where
    C::T: TimeInt + Into<u64>,
{
    /// The start: the clock's present reading counts as zero.
    ///
    /// # Errors
    /// The clock's own error if it cannot be read.
    pub fn new(clock: C) -> Result<Self, embedded_time::clock::Error> {
        let last_tick = clock.try_now()?.duration_since_epoch().integer();
        Ok(Self { clock, last_tick, micros: 0, rest: 0 })
    }

    /// The time since [`Uptime::new`]. If the clock cannot be read, the last reading is repeated.
    pub fn now(&mut self) -> Instant {
        if let Ok(instant) = self.clock.try_now() {
            let tick = instant.duration_since_epoch().integer();
            let (old, new): (u64, u64) = (self.last_tick.into(), tick.into());
            // A tick type narrower than 64 bits wraps at its own width.
            let width = 8 * core::mem::size_of::<C::T>() as u32;
            let tick_mask = u64::MAX >> (64 - width.min(64));
            let passed = new.wrapping_sub(old) & tick_mask;
            // The reduced fraction keeps the product within 64 bits, and the division short.
            let (micros, ticks) = const { micros_per_tick(C::SCALING_FACTOR) };
            let parts = self.rest.saturating_add(passed.saturating_mul(micros));
            self.micros = self.micros.saturating_add(parts / ticks);
            self.rest = parts % ticks;
            self.last_tick = tick;
        }
        Instant::from_micros(self.micros as i64)
    }

    /// The board's clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }
}

/// The ratio of microseconds to ticks, as a reduced fraction.
const fn micros_per_tick(seconds_per_tick: Fraction) -> (u64, u64) {
    let micros = *seconds_per_tick.numerator() as u64 * 1_000_000;
    let ticks = *seconds_per_tick.denominator() as u64;
    assert!(micros > 0 && ticks > 0, "a clock has a finite tick rate");
    // Euclid's greatest common divisor.
    let (mut divisor, mut rest) = (micros, ticks);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (micros / divisor, ticks / divisor)
}

/// A date: microseconds since 1970-01-01 00:00:00 UTC, leap seconds not counted (POSIX time).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// Whole seconds since 1970-01-01 00:00:00 UTC, rounded down.
    // 64-bit division is long on 32-bit machines; a call instead of a copy for each caller.
    #[inline(never)]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The microseconds within the second, 0 to 999,999.
    pub const fn subsec_micros(self) -> u32 {
        self.0.rem_euclid(1_000_000) as u32
    }
}

/// The date and the offset of local time; the date is unset at first.
#[derive(Debug, Clone, Default)]
pub struct WallClock {
    set: Option<(Instant, UnixTime)>,
    utc_offset_seconds: i32,
}

impl WallClock {
    /// A clock without a date, in UTC.
    pub const fn new() -> Self {
        Self { set: None, utc_offset_seconds: 0 }
    }

    /// Sets the date to `time` at `now`.
    pub fn set(&mut self, now: Instant, time: UnixTime) {
        self.set = Some((now, time));
    }

    /// The date at `now`; `None` while it is unset.
    // 64-bit arithmetic is long on 32-bit machines; a call instead of a copy for each caller.
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

/// The earlier of two deadlines; `None` if neither exists.
// 64-bit comparison is long on 32-bit machines; a call instead of a copy for each caller.
#[inline(never)]
pub fn min_deadline(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The time from `now` until `deadline`: zero if it has passed, like [`Instant::ZERO`], which means
/// "at once" in smoltcp.
pub fn until(deadline: Instant, now: Instant) -> Duration {
    if deadline <= now { Duration::ZERO } else { deadline - now }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use core::cell::Cell;
    use std::rc::Rc;

    use embedded_time::clock::Error;

    use super::*;

    /// Ticks `DENOMINATOR` times in `NUMERATOR` seconds.
    struct Counter<const NUMERATOR: u32, const DENOMINATOR: u32>(Rc<Cell<u32>>);

    impl<const NUMERATOR: u32, const DENOMINATOR: u32> Clock for Counter<NUMERATOR, DENOMINATOR> {
        type T = u32;
        const SCALING_FACTOR: Fraction = Fraction::new(NUMERATOR, DENOMINATOR);

        fn try_now(&self) -> Result<embedded_time::Instant<Self>, Error> {
            Ok(embedded_time::Instant::new(self.0.get()))
        }
    }

    /// Reads a clock in steps of `step` ticks: the time is that of all ticks together, rounded down
    /// to microseconds.
    fn no_tick_is_lost<const N: u32, const D: u32>(step: u32) {
        // Just before the counter wraps around.
        let counter = Rc::new(Cell::new(u32::MAX - 5));
        let mut uptime = Uptime::new(Counter::<N, D>(counter.clone())).unwrap();
        assert_eq!(uptime.now(), Instant::ZERO);
        for count in 1..=10_000 {
            counter.set(counter.get().wrapping_add(step));
            let ticks = u128::from(step) * count;
            let micros = ticks * u128::from(N) * 1_000_000 / u128::from(D);
            assert_eq!(uptime.now().total_micros() as u128, micros, "{N}/{D}, {count} * {step}");
        }
    }

    #[test]
    fn time_is_exact_at_every_rate() {
        for step in [1, 7, 1_000, 2_123_456_789, u32::MAX] {
            no_tick_is_lost::<1, 12_500_000>(step);
            no_tick_is_lost::<1, 32_768>(step);
            no_tick_is_lost::<1, 1_000_000_000>(step);
            no_tick_is_lost::<1, 1_000>(step);
            no_tick_is_lost::<2, 3>(step % 1_000_000);
        }
    }
}
