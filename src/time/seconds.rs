//! Time, RFC 868: over TCP on connect and over UDP in answer to any datagram.
//!
//! | bytes | content |
//! |---|---|
//! | 4 | seconds since 1900-01-01 00:00 UTC, big-endian, modulo 2³² |
//!
//! The 32 bits overflow on 2036-02-07 at 06:28:16 UTC, for which the RFC specifies nothing. The
//! server continues with the low 32 bits, as SNTP does. [`decode`] assigns numbers with the highest
//! bit clear to the era that begins in 2036 (RFC 4330 section 3): it is correct from 1968-01-20 to
//! 2104-02-26.

use super::format::{TimeFormat, TimeText};
use crate::clock::UnixTime;

/// The port, TCP and UDP.
pub const PORT: u16 = 37;

/// Seconds from 1900-01-01 to 1970-01-01.
const EPOCH_OFFSET: i64 = 2_208_988_800;

/// Serves RFC 868.
#[derive(Debug, Clone, Copy)]
pub struct Seconds;

impl TimeFormat for Seconds {
    fn name(&self) -> &'static str {
        "seconds"
    }

    /// The offset is not used: RFC 868 counts in UTC.
    fn write(&self, time: UnixTime, _utc_offset_seconds: i32, text: &mut TimeText) -> Option<()> {
        text.extend_from_slice(&encode(time)).ok()
    }
}

/// The 4 bytes for `time`, rounded down to seconds.
pub fn encode(time: UnixTime) -> [u8; 4] {
    (time.seconds().wrapping_add(EPOCH_OFFSET) as u32).to_be_bytes()
}

/// The time that 4 bytes denote, between 1968 and 2104.
pub fn decode(bytes: [u8; 4]) -> UnixTime {
    let seconds = u32::from_be_bytes(bytes);
    let era = if seconds < 1 << 31 { 1 << 32 } else { 0 };
    UnixTime((i64::from(seconds) + era - EPOCH_OFFSET) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use crate::time::format::text;

    /// The examples of RFC 868.
    #[test]
    fn examples_of_the_rfc() {
        for (seconds_since_1900, unix) in [
            (2_208_988_800_u32, 0),
            (2_398_291_200, 189_302_400), // 1976-01-01
            (2_524_521_600, 315_532_800), // 1980-01-01
            (2_629_584_000, 420_595_200), // 1983-05-01
        ] {
            let time = UnixTime(unix * 1_000_000 + 999_999);
            assert_eq!(text(Seconds, time, 7200).unwrap(), seconds_since_1900.to_be_bytes());
            let whole = UnixTime(unix * 1_000_000);
            assert_eq!(decode(seconds_since_1900.to_be_bytes()), whole);
        }
    }

    #[test]
    fn the_second_era_begins_in_2036() {
        let last = UnixTime(2_085_978_495_000_000);
        assert_eq!(encode(last), [0xff; 4]);
        assert_eq!(decode([0xff; 4]), last);
        let first = UnixTime(2_085_978_496_000_000);
        assert_eq!(encode(first), [0; 4]);
        assert_eq!(decode([0; 4]), first);
    }

    #[test]
    fn any_four_bytes_survive_decode_and_encode() {
        let mut entropy = SeededEntropy::new(5);
        for _ in 0..20_000 {
            let bytes = (entropy.next_u64() as u32).to_be_bytes();
            assert_eq!(encode(decode(bytes)), bytes);
        }
        encode(UnixTime(i64::MAX));
        encode(UnixTime(i64::MIN));
    }
}
