//! The proleptic Gregorian calendar: from seconds since 1970 to year, month and day, and back.
//!
//! The calculations use years that begin in March: the leap day is then the last day of a year, and
//! each month begins at the same day of every year. 400 such years, an era, always have 146,097 days.
//!
//! ```
//! use bareserve::{clock::UnixTime, wire::calendar::Civil};
//!
//! let civil = Civil::from_unix(UnixTime(951_827_696_000_000), 0);
//! assert_eq!((civil.year, civil.month, civil.day), (2000, 2, 29));
//! assert_eq!(civil.to_unix(0), Some(UnixTime(951_827_696_000_000)));
//! ```

use core::ops::RangeInclusive;

use crate::clock::UnixTime;

const DAYS_PER_ERA: i32 = 146_097;
const SECONDS_PER_DAY: i64 = 86_400;
/// Days from 0000-03-01, the beginning of era 0, to 1970-01-01.
const DAYS_BEFORE_1970: i32 = 719_468;

/// The names of the months, January first.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days of the week, Sunday first: indexed by [`Civil::weekday`].
pub const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A date and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year 0 is the year before year 1.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59: POSIX time has no leap seconds.
    pub second: u8,
    /// 0 (Sunday) to 6 (Saturday).
    pub weekday: u8,
}

impl Civil {
    /// The date and time of day at `time` where clocks are `utc_offset_seconds` ahead of UTC.
    pub fn from_unix(time: UnixTime, utc_offset_seconds: i32) -> Self {
        let local = time.seconds() + i64::from(utc_offset_seconds);
        // Both fit into 32 bits: 64 bits of microseconds are 107 million days.
        let days = local.div_euclid(SECONDS_PER_DAY) as i32;
        let seconds = local.rem_euclid(SECONDS_PER_DAY) as u32;
        let (year, month, day) = date_of(days);
        Self {
            year,
            month,
            day,
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
            weekday: weekday_of(days),
        }
    }

    /// The time of this date where clocks are `utc_offset_seconds` ahead of UTC;
    /// [`weekday`](Civil::weekday) is ignored. `None` if there is no such day or time of day, or if
    /// the year is not in [`YEARS`]. Second 60, a leap second, is the second after 59.
    pub fn to_unix(&self, utc_offset_seconds: i32) -> Option<UnixTime> {
        if self.hour > 23 || self.minute > 59 || self.second > 60 {
            return None;
        }
        let days = days_since_1970(self.year, self.month, self.day)?;
        let minutes = i32::from(self.hour) * 60 + i32::from(self.minute);
        let seconds = i64::from(days) * SECONDS_PER_DAY
            + i64::from(minutes * 60 + i32::from(self.second))
            - i64::from(utc_offset_seconds);
        Some(UnixTime(seconds * 1_000_000))
    }
}

/// The years all of whose seconds can be expressed as a [`UnixTime`].
pub const YEARS: RangeInclusive<i32> = -290_000..=290_000;

/// Days from 1970-01-01 to a date, negative for earlier dates. `None` if there is no such date, or if
/// the year is not in [`YEARS`].
pub fn days_since_1970(year: i32, month: u8, day: u8) -> Option<i32> {
    if !YEARS.contains(&year) || day < 1 || day > days_in_month(year, month)? {
        return None;
    }
    // January and February belong to the year that began in the March before.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let day_of_year = day_before_month(month.into()) + i32::from(day) - 1;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(year.div_euclid(400) * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970)
}

/// Year, month (1 to 12) and day (1 to 31) of the day `days` after 1970-01-01.
///
/// `days` must be at most `i32::MAX - 719_468`, as the days of every [`UnixTime`] are.
pub fn date_of(days: i32) -> (i32, u8, u8) {
    let days = days.saturating_add(DAYS_BEFORE_1970);
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    // Without leap days, each year has 365 days. There is one leap day in 4 years (1,461 days), none
    // in the last of 100 years (36,524 days), and one at the end of the era.
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - day_before_month(month) + 1;
    let (year, month) = match month {
        0..=9 => (year_of_era, month + 3),
        _ => (year_of_era + 1, month - 9),
    };
    (era * 400 + year, month as u8, day as u8)
}

/// The weekday of the day `days` after 1970-01-01, which was a Thursday: 0 (Sunday) to 6.
pub fn weekday_of(days: i32) -> u8 {
    ((days.rem_euclid(7) + 4) % 7) as u8
}

/// The number of days of `month` (1 to 12) in `year`; `None` for other months.
pub fn days_in_month(year: i32, month: u8) -> Option<u8> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => Some(if is_leap { 29 } else { 28 }),
        // The odd months have 31 days up to July, the even ones from August on.
        1..=12 => Some(30 + (month + month / 8) % 2),
        _ => None,
    }
}

/// Days from 1 March to the first of `month`, where March is 0: five months from March or August on
/// have 153 days (31, 30, 31, 30, 31).
const fn day_before_month(month: i32) -> i32 {
    (153 * month + 2) / 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};

    /// Counts day by day, by the calendar's rules, and compares both directions.
    #[test]
    fn agrees_with_counting_days() {
        let (mut year, mut month, mut day) = (1600, 1, 1);
        let first = days_since_1970(year, month, day).unwrap();
        assert_eq!(first, -135_140);
        for days in first..first + 3 * 146_097 {
            assert_eq!(date_of(days), (year, month, day));
            assert_eq!(days_since_1970(year, month, day), Some(days));
            day += 1;
            if day > days_in_month(year, month).unwrap() {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn known_moments() {
        for (seconds, offset, text) in [
            (0, 0, (1970, 1, 1, 0, 0, 0, 4)),
            (-1, 0, (1969, 12, 31, 23, 59, 59, 3)),
            (784_111_777, 0, (1994, 11, 6, 8, 49, 37, 0)),
            (951_827_696, 0, (2000, 2, 29, 12, 34, 56, 2)),
            (1_795_305_600, 0, (2026, 11, 22, 0, 0, 0, 0)),
            (1_795_305_600, -3_600, (2026, 11, 21, 23, 0, 0, 6)),
            (1_795_305_600, 20_700, (2026, 11, 22, 5, 45, 0, 0)),
            (-62_167_219_200, 0, (0, 1, 1, 0, 0, 0, 6)),
        ] {
            let time = UnixTime(seconds * 1_000_000);
            let civil = Civil::from_unix(time, offset);
            let shown = (
                civil.year,
                civil.month,
                civil.day,
                civil.hour,
                civil.minute,
                civil.second,
                civil.weekday,
            );
            assert_eq!(shown, text);
            assert_eq!(civil.to_unix(offset), Some(time));
        }
    }

    #[test]
    fn dates_convert_back_to_the_same_time() {
        let mut entropy = SeededEntropy::new(1);
        for _ in 0..100_000 {
            // Within the range of YEARS.
            let time = UnixTime(entropy.next_u64() as i64 / 100 * 98);
            let offset = (entropy.next_u64() % 100_000) as i32 - 50_000;
            let civil = Civil::from_unix(time, offset);
            let whole = time.seconds().checked_mul(1_000_000).map(UnixTime);
            assert_eq!(civil.to_unix(offset), whole);
        }
        for extreme in [i64::MIN, i64::MAX] {
            Civil::from_unix(UnixTime(extreme), i32::MAX);
            Civil::from_unix(UnixTime(extreme), i32::MIN);
        }
    }

    #[test]
    fn refuses_invalid_dates() {
        let civil = Civil::from_unix(UnixTime(0), 0);
        for wrong in [
            Civil { month: 0, ..civil },
            Civil { month: 13, ..civil },
            Civil { day: 0, ..civil },
            Civil { day: 32, ..civil },
            Civil { year: 1900, month: 2, day: 29, ..civil },
            Civil { hour: 24, ..civil },
            Civil { minute: 60, ..civil },
            Civil { second: 61, ..civil },
            Civil { year: i32::MAX, ..civil },
            Civil { year: i32::MIN, ..civil },
        ] {
            assert_eq!(wrong.to_unix(0), None, "{wrong:?}");
        }
        let leap_second = Civil { second: 60, ..civil };
        assert_eq!(leap_second.to_unix(0), Some(UnixTime(60_000_000)));
    }
}
