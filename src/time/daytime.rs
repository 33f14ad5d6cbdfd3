//! Daytime, RFC 867: local time as text, over TCP on connect and over UDP in answer to any datagram.
//!
//! The RFC does not prescribe the text, only recommends one line of printable ASCII. This is the
//! first of the two forms it suggests, followed by CR LF; the offset of a zone other than UTC is
//! appended. 52 bytes at most:
//!
//! ```text
//! Sunday, November 22, 2026 11:36:04-UTC
//! Sunday, November 22, 2026 17:21:04-UTC+05:45
//! ```

use super::format::{TimeFormat, TimeText};
use crate::{
    clock::UnixTime,
    wire::{calendar::Civil, date_text, number::decimal},
};

/// The port, TCP and UDP.
pub const PORT: u16 = 13;

/// Serves RFC 867. A clock outside the years 1 to 9999 counts as unset.
#[derive(Debug, Clone, Copy)]
pub struct Daytime;

impl TimeFormat for Daytime {
    fn name(&self) -> &'static str {
        "daytime"
    }

    fn write(&self, time: UnixTime, utc_offset_seconds: i32, text: &mut TimeText) -> Option<()> {
        let mut civil = Civil::from_unix(time, utc_offset_seconds);
        if !(1..=9999).contains(&civil.year) {
            return None;
        }
        date_text::write(b"%A, %B ", &civil, 0, text)?;
        date_text::append(decimal(civil.day.into(), &mut [0; 20]), text)?;
        date_text::write(b", %Y %H:%M:%S-UTC", &civil, 0, text)?;
        if utc_offset_seconds != 0 {
            let minutes = utc_offset_seconds.unsigned_abs() / 60;
            (civil.hour, civil.minute) = ((minutes / 60) as u8, (minutes % 60) as u8);
            let pattern = if utc_offset_seconds < 0 { b"-%H:%M" } else { b"+%H:%M" };
            date_text::write(pattern, &civil, 0, text)?;
        }
        date_text::append(b"\r\n", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::format::text;

    #[test]
    fn is_one_line_of_text() {
        let time = UnixTime(1_681_923_870_293_444);
        let text = |offset| text(Daytime, time, offset).unwrap();
        assert_eq!(text(0), b"Wednesday, April 19, 2023 17:04:30-UTC\r\n");
        assert_eq!(text(20_700), b"Wednesday, April 19, 2023 22:49:30-UTC+05:45\r\n");
        assert_eq!(text(-86_400), b"Tuesday, April 18, 2023 17:04:30-UTC-24:00\r\n");
    }

    #[test]
    fn the_longest_line_fits() {
        // 9999-09-29 has the longest names: a Wednesday in September.
        let time =
            Civil { year: 9999, month: 9, day: 29, hour: 12, minute: 0, second: 0, weekday: 0 }
                .to_unix(-50_000)
                .unwrap();
        let text = text(Daytime, time, -50_000).unwrap();
        assert_eq!(text, b"Wednesday, September 29, 9999 12:00:00-UTC-13:53\r\n");
    }
}
