//! The bodies of the device's PUT requests.

use crate::{
    clock::UnixTime,
    wire::{
        calendar::Civil,
        date_text,
        json::{Bytes, Event, Scanner},
        number::parse_decimal,
    },
};

/// `PUT /_device/ping`: `{"loss": 20}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossRequest {
    /// The share of pings to drop, 0 to 100 %.
    pub loss: u8,
}

impl LossRequest {
    /// Parses a body; `None` unless it is a number from 0 to 100 in this form.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let loss = u8::try_from(only_number(body, "loss")?).ok()?;
        (loss <= 100).then_some(Self { loss })
    }
}

/// The value of the only member of the object `text`, when that is called `name` and a whole number.
fn only_number(text: &[u8], name: &str) -> Option<u64> {
    let mut scanner = Scanner::new();
    let (mut rest, mut name) = (text, name.as_bytes());
    let mut number: Option<u64> = None;
    while let Some(event) = scanner.next(&mut rest).ok()? {
        match event {
            Event::Name(Bytes::Plain(part)) => name = name.strip_prefix(part)?,
            Event::NameEnd if name.is_empty() && number.is_none() => {}
            // The text is complete, so these are all characters of the number.
            Event::Number(digits) => number = Some(parse_decimal(digits)?),
            Event::NumberEnd | Event::End => {}
            _ => return None,
        }
    }
    number.filter(|_| scanner.is_at_end())
}

/// 10000-01-01, the first day that RFC 3339 cannot write.
const YEAR_10000: UnixTime = UnixTime(253_402_300_800_000_000);

/// Reads the body of `PUT /_device/clock`: seconds since 1970 (`1700000000`), the same as JSON
/// (`{"unix": 1700000000}`), or RFC 3339 (`2023-11-14T22:13:20.5+00:00`). Returns `None` for
/// anything else and for dates outside the years 1970 to 9999.
pub fn parse_date(body: &[u8]) -> Option<UnixTime> {
    let text = body.trim_ascii();
    let seconds = match text {
        [b'{', ..] => Some(only_number(text, "unix")?),
        _ => parse_decimal(text),
    };
    let date = match seconds {
        Some(seconds) => UnixTime(i64::try_from(seconds).ok()?.checked_mul(1_000_000)?),
        None => parse_rfc3339(text)?,
    };
    (UnixTime(0)..YEAR_10000).contains(&date).then_some(date)
}

/// RFC 3339 section 5.6: `2023-11-14T22:13:20.123456Z`.
fn parse_rfc3339(text: &[u8]) -> Option<UnixTime> {
    let pattern = match text.get(10)? {
        b' ' => b"%Y-%m-%d %H:%M:%S",
        b't' => b"%Y-%m-%dt%H:%M:%S",
        _ => b"%Y-%m-%dT%H:%M:%S",
    };
    let (civil, rest) = date_text::read(pattern, text)?;
    let (micros, rest) = fraction(rest)?;
    let UnixTime(whole) = civil.to_unix(offset(rest)?)?;
    Some(UnixTime(whole + i64::from(micros)))
}

/// Microseconds, `.123456789` or nothing, and what follows them.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let (mut micros, mut unit, mut rest) = (0, 100_000, digits);
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        micros += u32::from(digit - b'0') * unit;
        unit /= 10;
        rest = tail;
    }
    (rest.len() < digits.len()).then_some((micros, rest))
}

/// The seconds of `Z` or `+01:00`.
fn offset(text: &[u8]) -> Option<i32> {
    let (sign, text) = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', text @ ..] => (1, text),
        [b'-', text @ ..] => (-1, text),
        _ => return None,
    };
    let (Civil { hour, minute, .. }, b"") = date_text::read(b"%H:%M", text)? else { return None };
    (hour < 24 && minute < 60).then_some(sign * (i32::from(hour) * 3600 + i32::from(minute) * 60))
}
