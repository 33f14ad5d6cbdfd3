//! What may be asked of the device: the bodies of its PUT requests.

use crate::{
    clock::UnixTime,
    wire::{
        calendar::Civil,
        json::{Bytes, Event, Scanner},
        text::{parse_decimal, position},
    },
};

/// `PUT /_device/ping`: `{"loss": 20}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossRequest {
    /// Share of pings to lose, 0 to 100 %.
    pub loss: u8,
}

impl LossRequest {
    /// Reads a body, or returns `None` if it is not a request for 0 to 100 %.
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
            Event::Number(digits) => {
                for digit in digits {
                    let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
                    let tens = number.unwrap_or(0).checked_mul(10)?;
                    number = Some(tens.checked_add(digit.into())?);
                }
            }
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

/// What stands before each number of a date, and how many digits that has.
const DATE: [(&[u8], usize); 6] =
    [(b"", 4), (b"-", 2), (b"-", 2), (b"Tt ", 2), (b":", 2), (b":", 2)];

/// RFC 3339 section 5.6: `2023-11-14T22:13:20.123456Z`.
fn parse_rfc3339(text: &[u8]) -> Option<UnixTime> {
    let mut rest = text;
    let mut numbers = [0; DATE.len()];
    for (place, (separators, digits)) in numbers.iter_mut().zip(DATE) {
        if !separators.is_empty() {
            literal(&mut rest, separators)?;
        }
        *place = number(&mut rest, digits)?;
    }
    let micros = fraction(&mut rest)?;
    let offset = offset(&mut rest)?;
    let [year, numbers @ ..] = numbers;
    let [month, day, hour, minute, second] = numbers.map(|n| n as u8);
    let civil = Civil { year: year.into(), month, day, hour, minute, second, weekday: 0 };
    let UnixTime(whole) = civil.to_unix(offset)?;
    rest.is_empty().then_some(UnixTime(whole + i64::from(micros)))
}

/// Takes exactly `digits` digits, at most 4.
fn number(rest: &mut &[u8], digits: usize) -> Option<u16> {
    let (head, tail) = rest.split_at_checked(digits)?;
    *rest = tail;
    parse_decimal(head).map(|number| number as u16)
}

/// Takes one byte of `allowed`.
fn literal(rest: &mut &[u8], allowed: &[u8]) -> Option<u8> {
    let (&first, tail) = rest.split_first()?;
    *rest = tail;
    position(first, allowed).map(|_| first)
}

/// Takes `.123456789` if it is there; returns microseconds.
fn fraction(rest: &mut &[u8]) -> Option<u32> {
    let Some(digits) = rest.strip_prefix(b".") else { return Some(0) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, tail) = digits.split_at_checked(length)?;
    *rest = tail;
    let padded = digits.iter().copied().chain(core::iter::repeat(b'0')).take(6);
    (length > 0).then(|| padded.fold(0, |value, byte| value * 10 + u32::from(byte - b'0')))
}

/// Takes `Z` or `+01:00`; returns seconds.
fn offset(rest: &mut &[u8]) -> Option<i32> {
    let sign = match literal(rest, b"Zz+-")? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(0),
    };
    let hours = number(rest, 2).filter(|hours| *hours < 24)?;
    literal(rest, b":")?;
    let minutes = number(rest, 2).filter(|minutes| *minutes < 60)?;
    Some(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60))
}
