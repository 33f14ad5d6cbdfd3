//! Timestamps of the course's time server: local time as `2023-04-19 17:04:30.293444`, 26 bytes of
//! ASCII without a line end, over TCP on connect.
//!
//! This is the form of Python's `str(datetime.now())`, except that Python omits a fraction of 0.

use super::format::{TimeFormat, TimeText};
use crate::{
    clock::UnixTime,
    wire::{calendar::Civil, date_text},
};

/// The TCP port. Not a registered service.
pub const PORT: u16 = 9999;

/// The length of a timestamp in bytes.
pub const LENGTH: usize = 26;

/// Serves timestamps. A clock outside the years 1 to 9999 counts as unset.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp;

impl TimeFormat for Timestamp {
    fn name(&self) -> &'static str {
        "time"
    }

    fn write(&self, time: UnixTime, utc_offset_seconds: i32, text: &mut TimeText) -> Option<()> {
        let civil = Civil::from_unix(time, utc_offset_seconds);
        if !(1..=9999).contains(&civil.year) {
            return None;
        }
        date_text::write(b"%Y-%m-%d %H:%M:%S.%f", &civil, time.subsec_micros(), text)
    }
}

/// Parses a timestamp in UTC, with a fraction of 6 digits or none. ASCII whitespace around it is
/// ignored; anything else yields `None`.
pub fn parse(text: &[u8]) -> Option<UnixTime> {
    let (civil, fraction) = date_text::read(b"%Y-%m-%d %H:%M:%S", text.trim_ascii())?;
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if digits.len() == 6 => date_text::number(digits)?,
        _ => return None,
    };
    Some(UnixTime(civil.to_unix(0)?.0 + i64::from(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use crate::time::format::text;

    #[test]
    fn is_the_text_of_python_with_six_decimals() {
        let time = UnixTime(1_681_923_870_293_444);
        let local = |offset| text(Timestamp, time, offset).unwrap();
        assert_eq!(local(0), b"2023-04-19 17:04:30.293444");
        assert_eq!(local(-5 * 3600), b"2023-04-19 12:04:30.293444");
        assert_eq!(local(5 * 3600 + 45 * 60), b"2023-04-19 22:49:30.293444");
        assert_eq!(text(Timestamp, UnixTime(0), 0).unwrap(), b"1970-01-01 00:00:00.000000");
        assert_eq!(text(Timestamp, UnixTime(-1), 0).unwrap(), b"1969-12-31 23:59:59.999999");
    }

    #[test]
    fn years_outside_1_to_9999_are_not_written() {
        assert_eq!(text(Timestamp, UnixTime(i64::MAX), 0), None);
        assert_eq!(text(Timestamp, UnixTime(i64::MIN), 0), None);
        assert!(text(Timestamp, UnixTime(253_402_300_799_999_999), 0).is_some());
        assert_eq!(text(Timestamp, UnixTime(253_402_300_799_999_999), 1), None);
    }

    #[test]
    fn any_time_survives_write_and_parse() {
        let mut entropy = SeededEntropy::new(3);
        for _ in 0..20_000 {
            let time = UnixTime((entropy.next_u64() % 250_000_000_000_000_000) as i64);
            let text = text(Timestamp, time, 0).unwrap();
            assert_eq!(text.len(), LENGTH);
            assert_eq!(parse(&text), Some(time));
        }
    }

    #[test]
    fn parses_timestamps_and_rejects_anything_else() {
        assert_eq!(parse(b"1970-01-01 00:00:01"), Some(UnixTime(1_000_000)));
        assert_eq!(parse(b" 1970-01-01 00:00:01\r\n"), Some(UnixTime(1_000_000)));
        for wrong in [
            "",
            "1970-01-01",
            "1970-13-01 00:00:00",
            "1970-01-01 00:00:00.",
            "1970-01-01 00:00:00.12345",
            "1970-01-01 00:00:00.1234567",
            "1970-01-01 00:00:00,123456",
            "1970-01-01T00:00:00",
            "-970-01-01 00:00:00",
            "Tuesday, January 1, 1970 00:00:00-UTC",
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn mutated_timestamps_never_panic() {
        let mut entropy = SeededEntropy::new(4);
        for _ in 0..50_000 {
            let mut text = *b"2023-04-19 17:04:30.293444";
            for _ in 0..=entropy.next_u64() % 3 {
                let at = entropy.next_u64() as usize % text.len();
                text[at] = entropy.next_u64() as u8;
            }
            let length = entropy.next_u64() as usize % (text.len() + 1);
            let _ = parse(&text[..length]);
        }
    }
}
