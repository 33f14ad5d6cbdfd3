//! HTTP-date (RFC 9110 section 5.6.7): written as IMF-fixdate, read in all three formats.

use crate::{
    clock::UnixTime,
    wire::{
        calendar::{Civil, MONTHS, WEEKDAYS},
        text::parse_decimal,
    },
};

/// Length of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub const LENGTH: usize = 29;

/// `time` as an IMF-fixdate, in ASCII. Its year has four digits, so one before 0 or after 9999 comes
/// out as the last two digits of something else; no clock shows such years.
pub fn format(time: UnixTime) -> [u8; LENGTH] {
    let civil = Civil::from_unix(time, 0);
    let mut text = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    let (century, year) = (civil.year / 100 % 100, civil.year % 100);
    put(&mut text, 0, civil.weekday_name().as_bytes(), 3);
    put(&mut text, 5, &two_digits(civil.day), 2);
    put(&mut text, 8, civil.month_name().as_bytes(), 3);
    put(&mut text, 12, &two_digits(century as u8), 2);
    put(&mut text, 14, &two_digits(year as u8), 2);
    put(&mut text, 17, &two_digits(civil.hour), 2);
    put(&mut text, 20, &two_digits(civil.minute), 2);
    put(&mut text, 23, &two_digits(civil.second), 2);
    text
}

fn put(text: &mut [u8; LENGTH], at: usize, part: &[u8], length: usize) {
    for (place, &byte) in text.iter_mut().skip(at).zip(part).take(length) {
        *place = byte;
    }
}

fn two_digits(value: u8) -> [u8; 2] {
    [b'0' + value / 10 % 10, b'0' + value % 10]
}

/// The time that `text` tells, or `None` if it is no HTTP-date.
///
/// `now` is needed for the two-digit years of RFC 850: a date that appears to be more than 50 years
/// ahead is in the past. Without it, 70 to 99 are 19xx and the rest 20xx. Whether the weekday is the
/// right one for the date is not checked.
pub fn parse(text: &[u8], now: Option<UnixTime>) -> Option<UnixTime> {
    imf_fixdate(text).or_else(|| asctime(text)).or_else(|| rfc850(text, now))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(text: &[u8]) -> Option<UnixTime> {
    let mut reader = Reader(text);
    reader.weekday_abbreviation()?;
    reader.literal(b", ")?;
    let day = reader.two_digits()?;
    reader.literal(b" ")?;
    let month = reader.month()?;
    reader.literal(b" ")?;
    let year = reader.year()?;
    reader.literal(b" ")?;
    let time = reader.time_of_day()?;
    reader.literal(b" GMT")?;
    reader.finish(year, month, day, time)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(text: &[u8], now: Option<UnixTime>) -> Option<UnixTime> {
    let mut reader = Reader(text);
    WEEKDAYS.iter().find_map(|name| reader.literal(name.as_bytes()))?;
    reader.literal(b", ")?;
    let day = reader.two_digits()?;
    reader.literal(b"-")?;
    let month = reader.month()?;
    reader.literal(b"-")?;
    let year_of_century = i64::from(reader.two_digits()?);
    reader.literal(b" ")?;
    let time = reader.time_of_day()?;
    reader.literal(b" GMT")?;

    let Some(now) = now else {
        let century = if year_of_century < 70 { 2000 } else { 1900 };
        return reader.finish(century + year_of_century, month, day, time);
    };
    let Civil { year: this_year, .. } = Civil::from_unix(now, 0);
    // The latest year with these digits that is at most 50 ahead ...
    let year = this_year + 50 - (this_year + 50 - year_of_century).rem_euclid(100);
    // ... unless the date lies later in that 50th year than now in this one.
    let fifty_years = Civil { year: this_year + 50, ..Civil::from_unix(now, 0) };
    let is_ahead = |civil: &Civil| {
        let key = |c: &Civil| (c.year, c.month, c.day, c.hour, c.minute, c.second);
        key(civil) > key(&fifty_years)
    };
    let (hour, minute, second) = time;
    let civil = Civil { year, month, day, hour, minute, second, weekday: 0 };
    reader.finish(if is_ahead(&civil) { year - 100 } else { year }, month, day, time)
}

/// `Sun Nov  6 08:49:37 1994`, as C's `asctime` writes it.
fn asctime(text: &[u8]) -> Option<UnixTime> {
    let mut reader = Reader(text);
    reader.weekday_abbreviation()?;
    reader.literal(b" ")?;
    let month = reader.month()?;
    reader.literal(b" ")?;
    let day = match reader.literal(b" ") {
        Some(()) => reader.digits(1)? as u8,
        None => reader.two_digits()?,
    };
    reader.literal(b" ")?;
    let time = reader.time_of_day()?;
    reader.literal(b" ")?;
    let year = reader.year()?;
    reader.finish(year, month, day, time)
}

/// What is left to read. Each method takes its part from the front or answers `None`.
struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn digits(&mut self, count: usize) -> Option<u64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        parse_decimal(digits)
    }

    fn two_digits(&mut self) -> Option<u8> {
        self.digits(2).map(|value| value as u8)
    }

    fn year(&mut self) -> Option<i64> {
        self.digits(4).map(|value| value as i64)
    }

    fn weekday_abbreviation(&mut self) -> Option<()> {
        WEEKDAYS.iter().find_map(|name| self.literal(name.as_bytes().get(..3)?))
    }

    fn month(&mut self) -> Option<u8> {
        let index = MONTHS.iter().position(|name| self.literal(name.as_bytes()).is_some())?;
        Some(index as u8 + 1)
    }

    fn time_of_day(&mut self) -> Option<(u8, u8, u8)> {
        let hour = self.two_digits()?;
        self.literal(b":")?;
        let minute = self.two_digits()?;
        self.literal(b":")?;
        Some((hour, minute, self.two_digits()?))
    }

    fn finish(self, year: i64, month: u8, day: u8, time: (u8, u8, u8)) -> Option<UnixTime> {
        let (hour, minute, second) = time;
        if !self.0.is_empty() {
            return None;
        }
        Civil { year, month, day, hour, minute, second, weekday: 0 }.to_unix(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};

    /// The moment of RFC 9110's examples.
    const EXAMPLE: UnixTime = UnixTime(784_111_777_000_000);
    /// 2026-11-22 00:00:00.
    const NOW: Option<UnixTime> = Some(UnixTime(1_795_305_600_000_000));

    #[test]
    fn writes_and_reads_the_examples_of_rfc_9110() {
        assert_eq!(&format(EXAMPLE), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(&format(UnixTime(EXAMPLE.0 + 999_999)), b"Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(parse(b"Sun, 06 Nov 1994 08:49:37 GMT", NOW), Some(EXAMPLE));
        assert_eq!(parse(b"Sunday, 06-Nov-94 08:49:37 GMT", NOW), Some(EXAMPLE));
        assert_eq!(parse(b"Sunday, 06-Nov-94 08:49:37 GMT", None), Some(EXAMPLE));
        assert_eq!(parse(b"Sun Nov  6 08:49:37 1994", NOW), Some(EXAMPLE));
        assert_eq!(parse(b"Wed Nov 16 08:49:37 1994", NOW), Some(UnixTime(784_975_777_000_000)));
    }

    #[test]
    fn two_digit_years_are_at_most_50_years_ahead() {
        for (date, year) in [
            (&b"Sunday, 22-Nov-26 00:00:00 GMT"[..], 2026),
            (b"Sunday, 22-Nov-76 00:00:00 GMT", 2076),
            (b"Sunday, 22-Nov-76 00:00:01 GMT", 1976),
            (b"Sunday, 01-Jan-77 00:00:00 GMT", 1977),
            (b"Sunday, 01-Jan-00 00:00:00 GMT", 2000),
            (b"Sunday, 31-Dec-75 23:59:59 GMT", 2075),
        ] {
            let time = parse(date, NOW).unwrap();
            assert_eq!(Civil::from_unix(time, 0).year, year);
        }
        // 2000 was a leap year, 2100 and 1900 are not.
        assert!(parse(b"Tuesday, 29-Feb-00 00:00:00 GMT", NOW).is_some());
        assert_eq!(parse(b"Tuesday, 29-Feb-01 00:00:00 GMT", NOW), None);
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            &b""[..],
            b"0",
            b"-1",
            b"1994-11-06T08:49:37Z",
            b"Sun, 6 Nov 1994 08:49:37 GMT",
            b"Sun, 06 Nov 1994 08:49:37 UTC",
            b"Sun, 06 Nov 1994 08:49:37 +0000",
            b"Sun, 06 Nov 1994 08:49:37 GMT ",
            b" Sun, 06 Nov 1994 08:49:37 GMT",
            b"sun, 06 nov 1994 08:49:37 gmt",
            b"Sun, 06 Nov 1994 24:49:37 GMT",
            b"Sun, 06 Nov 1994 08:60:37 GMT",
            b"Sun, 06 Nov 1994 08:49:61 GMT",
            b"Sun, 31 Nov 1994 08:49:37 GMT",
            b"Sun, 00 Nov 1994 08:49:37 GMT",
            b"Sun, 06 Nov 94 08:49:37 GMT",
            b"Sunday, 06-Nov-1994 08:49:37 GMT",
            b"Sun Nov 6 08:49:37 1994",
            b"Sun Nov  6 08:49:37 1994 GMT",
        ] {
            assert_eq!(parse(text, NOW), None, "{:?}", core::str::from_utf8(text));
        }
    }

    #[test]
    fn any_date_there_and_back() {
        let mut entropy = SeededEntropy::new(4);
        let last_year = 253_402_300_800; // 10000-01-01
        for _ in 0..20_000 {
            let time = UnixTime((entropy.next_u64() % last_year) as i64 * 1_000_000);
            assert_eq!(parse(&format(time), NOW), Some(time));
        }
        for extreme in [i64::MIN, i64::MAX] {
            format(UnixTime(extreme));
        }
    }

    #[test]
    fn mutated_dates_do_no_harm() {
        let mut entropy = SeededEntropy::new(5);
        for _ in 0..100_000 {
            let random = entropy.next_u64();
            let mut text = match random % 3 {
                0 => *b"Sun, 06 Nov 1994 08:49:37 GMT ",
                1 => *b"Sunday, 06-Nov-94 08:49:37 GMT",
                _ => *b"Sun Nov  6 08:49:37 1994      ",
            };
            text[(random >> 8) as usize % 30] = (random >> 16) as u8;
            let length = (random >> 24) as usize % 31;
            parse(&text[..length], Some(UnixTime(random as i64)));
        }
    }
}
