//! Dates as text, by patterns with the conversions of C's `strftime` and `strptime`:
//!
//! | conversion | stands for |
//! |---|---|
//! | `%Y` | the year, four digits |
//! | `%y` | the year of the century, two digits; only read |
//! | `%m` `%d` `%H` `%M` `%S` | month, day, hour, minute, second: two digits each |
//! | `%e` | the day in two places, of which the first may be a space; only read |
//! | `%f` | microseconds, six digits; only written |
//! | `%a` `%A` | the weekday: three letters, or all |
//! | `%b` `%B` | the month: three letters, or all |
//!
//! Any other byte stands for itself.
//!
//! ```
//! use bareserve::wire::date_text;
//!
//! let (civil, rest) = date_text::read(b"%d %b %Y", b"09 Apr 2023!").unwrap();
//! assert_eq!((civil.year, civil.month, civil.day, rest), (2023, 4, 9, &b"!"[..]));
//! let mut text = heapless::Vec::<u8, 16>::new();
//! date_text::write(b"%Y-%m-%d", &civil, 0, &mut text).unwrap();
//! assert_eq!(text, b"2023-04-09");
//! ```

use heapless::vec::VecView;

use super::calendar::{Civil, MONTHS, WEEKDAYS};

/// Appends a date in the format `pattern` to `output`, the year modulo 10,000. `None` if it does not
/// fit, or if the pattern has a conversion that is only read.
pub fn write(pattern: &[u8], civil: &Civil, micros: u32, output: &mut VecView<u8>) -> Option<()> {
    let mut pattern = pattern.iter();
    while let Some(&byte) = pattern.next() {
        if byte != b'%' {
            append(&[byte], output)?;
            continue;
        }
        let conversion = *pattern.next()?;
        if let Some(names) = names_of(conversion) {
            let index =
                if is_month(conversion) { civil.month.wrapping_sub(1) } else { civil.weekday };
            let name = spelled(conversion, names.get(usize::from(index))?);
            append(name, output)?;
            continue;
        }
        let (value, mut unit) = match conversion {
            b'Y' => (civil.year.rem_euclid(10_000) as u32, 1_000),
            b'f' => (micros, 100_000),
            b'm' => (civil.month.into(), 10),
            b'd' => (civil.day.into(), 10),
            b'H' => (civil.hour.into(), 10),
            b'M' => (civil.minute.into(), 10),
            b'S' => (civil.second.into(), 10),
            _ => return None,
        };
        while unit > 0 {
            append(&[b'0' + (value / unit % 10) as u8], output)?;
            unit /= 10;
        }
    }
    Some(())
}

/// Appends bytes to `output`; `None` if they do not fit.
#[inline(never)]
pub fn append(bytes: &[u8], output: &mut VecView<u8>) -> Option<()> {
    output.extend_from_slice(bytes).ok()
}

/// Reads a date in the format `pattern` from the front of `text` and returns it with the rest of the
/// text. Parts that the pattern lacks are those of the first second of year 0; a weekday is read, but
/// neither checked nor stored. `None` if the text does not match.
pub fn read<'t>(pattern: &[u8], text: &'t [u8]) -> Option<(Civil, &'t [u8])> {
    let mut civil = Civil { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, weekday: 0 };
    let (mut pattern, mut rest) = (pattern.iter(), text);
    while let Some(&byte) = pattern.next() {
        if byte != b'%' {
            let (&first, tail) = rest.split_first()?;
            if first != byte {
                return None;
            }
            rest = tail;
            continue;
        }
        let conversion = *pattern.next()?;
        if let Some(names) = names_of(conversion) {
            let is_next = |name: &&str| rest.starts_with(spelled(conversion, name));
            let index = names.iter().position(is_next)?;
            rest = rest.get(spelled(conversion, names.get(index)?).len()..)?;
            if is_month(conversion) {
                civil.month = index as u8 + 1;
            }
            continue;
        }
        let width = match (conversion, rest) {
            (b'Y', _) => 4,
            (b'e', [b' ', tail @ ..]) => {
                rest = tail;
                1
            }
            _ => 2,
        };
        let (digits, tail) = rest.split_at_checked(width)?;
        rest = tail;
        let value = number(digits)?;
        match conversion {
            b'Y' | b'y' => civil.year = value as i32,
            b'm' => civil.month = value as u8,
            b'd' | b'e' => civil.day = value as u8,
            b'H' => civil.hour = value as u8,
            b'M' => civil.minute = value as u8,
            b'S' => civil.second = value as u8,
            _ => return None,
        }
    }
    Some((civil, rest))
}

/// The value of up to nine digits; `None` if there is another character.
pub fn number(digits: &[u8]) -> Option<u32> {
    let mut value = 0;
    for digit in digits {
        value = value * 10 + char::from(*digit).to_digit(10)?;
    }
    Some(value)
}

fn names_of(conversion: u8) -> Option<&'static [&'static str]> {
    match conversion {
        b'a' | b'A' => Some(&WEEKDAYS),
        _ if is_month(conversion) => Some(&MONTHS),
        _ => None,
    }
}

fn is_month(conversion: u8) -> bool {
    matches!(conversion, b'b' | b'B')
}

fn spelled(conversion: u8, name: &str) -> &[u8] {
    let name = name.as_bytes();
    if conversion.is_ascii_uppercase() { name } else { name.get(..3).unwrap_or(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;

    /// 2023-04-09, a Sunday.
    const TIME: UnixTime = UnixTime(1_681_059_870_293_444);

    #[test]
    fn writes_and_reads_each_conversion() {
        let civil = Civil::from_unix(TIME, 0);
        let pattern = b"%Y-%m-%d %H:%M:%S %a %A %b %B";
        let mut text = heapless::Vec::<u8, 64>::new();
        write(pattern, &civil, 0, &mut text).unwrap();
        assert_eq!(text, b"2023-04-09 17:04:30 Sun Sunday Apr April");
        assert_eq!(read(pattern, &text), Some((civil, &b""[..])));

        text.clear();
        write(b"%f", &civil, 42, &mut text).unwrap();
        assert_eq!(text, b"000042");
        for (pattern, text, year, day) in [
            (&b"%y"[..], &b"94"[..], 94, 1),
            (b"%e", b" 6", 0, 6),
            (b"%e", b"16", 0, 16),
            (b"%d", b"06", 0, 6),
        ] {
            let (civil, rest) = read(pattern, text).unwrap();
            assert_eq!((civil.year, civil.day, rest), (year, day, &b""[..]));
        }
    }

    #[test]
    fn returns_the_rest_of_the_text() {
        let (civil, rest) = read(b"%H:%M", b"12:34Z").unwrap();
        assert_eq!((civil.hour, civil.minute, rest), (12, 34, &b"Z"[..]));
    }

    #[test]
    fn refuses_texts_that_do_not_match() {
        for (pattern, text) in [
            (&b"%Y"[..], &b"199"[..]),
            (b"%Y", b"+199"),
            (b"%d", b"1"),
            (b"%d", b" 1"),
            (b"%e", b"  "),
            (b"%b", b"jan"),
            (b"%A", b"Sun"),
            (b"%H:%M", b"12.34"),
            (b"%q", b"12"),
            (b"%", b""),
        ] {
            assert_eq!(read(pattern, text), None);
        }
        let civil = Civil::from_unix(TIME, 0);
        assert_eq!(write(b"%Y", &civil, 0, &mut heapless::Vec::<u8, 3>::new()), None);
    }
}
