//! Local time for people, RFC 867: `Sunday, November 22, 2026 11:36:04-UTC` and a line end, over
//! TCP on connect and over UDP in answer to any datagram.
//!
//! The RFC leaves the text open and asks for one line of printable ASCII. This is the first of the
//! two forms it shows; a zone that is not UTC follows as `-UTC+05:45`.

use core::fmt::Write;

use super::server::{TimeFormat, TimeText};
use crate::{clock::UnixTime, wire::calendar::Civil};

/// The port, TCP and UDP.
pub const PORT: u16 = 13;

const MONTHS: [&str; 12] = [
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

/// Serves RFC 867. A clock that is out of the years 1 to 9999 counts as unset.
#[derive(Debug, Clone, Copy)]
pub struct Daytime;

impl TimeFormat for Daytime {
    fn name(&self) -> &'static str {
        "daytime"
    }

    fn write(&self, time: UnixTime, utc_offset_seconds: i32, text: &mut TimeText) -> Option<()> {
        let civil = Civil::from_unix(time, utc_offset_seconds);
        let Civil { year, day, hour, minute, second, .. } = civil;
        let (weekday, month) =
            (civil.weekday_name(), MONTHS.get(usize::from(civil.month).checked_sub(1)?)?);
        if !(1..=9999).contains(&year) {
            return None;
        }
        write!(text, "{weekday}, {month} {day}, {year} {hour:02}:{minute:02}:{second:02}-UTC")
            .ok()?;
        if utc_offset_seconds != 0 {
            let sign = if utc_offset_seconds < 0 { "-" } else { "+" };
            let minutes = u64::from(utc_offset_seconds.unsigned_abs() / 60);
            write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60).ok()?;
        }
        text.write_str("\r\n").ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::server::text;

    #[test]
    fn is_one_line_that_people_can_read() {
        let time = UnixTime(1_681_923_870_293_444);
        let text = |offset| text(Daytime, time, offset).unwrap();
        assert_eq!(text(0), b"Wednesday, April 19, 2023 17:04:30-UTC\r\n");
        assert_eq!(text(20_700), b"Wednesday, April 19, 2023 22:49:30-UTC+05:45\r\n");
        assert_eq!(text(-86_400), b"Tuesday, April 18, 2023 17:04:30-UTC-24:00\r\n");
    }

    #[test]
    fn the_longest_line_fits() {
        // 9999-09-29 was chosen for its names: a Wednesday in September.
        let time =
            Civil { year: 9999, month: 9, day: 29, hour: 12, minute: 0, second: 0, weekday: 0 }
                .to_unix(-50_000)
                .unwrap();
        let text = text(Daytime, time, -50_000).unwrap();
        assert_eq!(text, b"Wednesday, September 29, 9999 12:00:00-UTC-13:53\r\n");
    }
}
