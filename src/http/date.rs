//! HTTP-date (RFC 9110 section 5.6.7): written as IMF-fixdate, read in all three formats.
//!
//! | format | example |
//! |---|---|
//! | IMF-fixdate | `Sun, 06 Nov 1994 08:49:37 GMT` |
//! | RFC 850, obsolete | `Sunday, 06-Nov-94 08:49:37 GMT` |
//! | asctime, obsolete | `Sun Nov  6 08:49:37 1994` |
//!
//! ```
//! use bareserve::{clock::UnixTime, http::date};
//!
//! let time = UnixTime(784_111_777_000_000);
//! assert_eq!(&date::format(time), b"Sun, 06 Nov 1994 08:49:37 GMT");
//! assert_eq!(date::parse(b"Sun Nov  6 08:49:37 1994", None), Some(time));
//! ```

use crate::{
    clock::UnixTime,
    wire::{calendar::Civil, date_text},
};

/// Length of an IMF-fixdate in bytes.
pub const LENGTH: usize = 29;

const IMF_FIXDATE: &[u8] = b"%a, %d %b %Y %H:%M:%S GMT";
const RFC850: &[u8] = b"%A, %d-%b-%y %H:%M:%S GMT";
const ASCTIME: &[u8] = b"%a %b %e %H:%M:%S %Y";

/// Formats `time` as an IMF-fixdate in ASCII, the year modulo 10,000.
pub fn format(time: UnixTime) -> [u8; LENGTH] {
    let mut text = heapless::Vec::<u8, LENGTH>::new();
    let _ = date_text::write(IMF_FIXDATE, &Civil::from_unix(time, 0), 0, &mut text);
    text.into_array().unwrap_or([b'?'; LENGTH])
}

/// Parses an HTTP-date; `None` if `text` is not one.
///
/// `now` resolves the two-digit years of RFC 850: a date that appears to be more than 50 years in the
/// future is in the past. Without `now`, 70 to 99 are 19xx and the rest are 20xx. The weekday is not
/// compared with the date.
pub fn parse(text: &[u8], now: Option<UnixTime>) -> Option<UnixTime> {
    for pattern in [IMF_FIXDATE, ASCTIME, RFC850] {
        if let Some((mut date, [])) = date_text::read(pattern, text) {
            if pattern == RFC850 {
                add_century(&mut date, now);
            }
            return date.to_unix(0);
        }
    }
    None
}

/// Adds the century to a two-digit year.
fn add_century(date: &mut Civil, now: Option<UnixTime>) {
    let Some(now) = now else {
        date.year += if date.year < 70 { 2000 } else { 1900 };
        return;
    };
    let mut fifty_years_on = Civil::from_unix(now, 0);
    fifty_years_on.year += 50;
    // The latest year with these two digits that is at most 50 years ahead; a century earlier if the
    // date would still be more than 50 years after `now`.
    date.year = fifty_years_on.year - (fifty_years_on.year - date.year).rem_euclid(100);
    let key = |c: &Civil| (c.year, c.month, c.day, c.hour, c.minute, c.second);
    if key(date) > key(&fifty_years_on) {
        date.year -= 100;
    }
}

/// The value of the Date field, formatted once a second.
pub(super) struct DateField {
    second: Option<i64>,
    value: [u8; LENGTH],
}

impl DateField {
    pub const fn new() -> Self {
        Self { second: None, value: [0; LENGTH] }
    }

    /// The value at `time`; `None` while the clock is unset: no Date is sent then (RFC 9110 section
    /// 6.6.1).
    pub fn at(&mut self, time: Option<UnixTime>) -> Option<&[u8; LENGTH]> {
        let time = time?;
        if self.second != Some(time.seconds()) {
            self.second = Some(time.seconds());
            self.value = format(time);
        }
        Some(&self.value)
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
    fn refuses_other_texts() {
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
    fn formatted_dates_parse_to_the_same_time() {
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
    fn mutated_dates_do_not_panic() {
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
