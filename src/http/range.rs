//! Range (RFC 9110 section 14.2): `bytes=0-499, 1000-, -200`.
//!
//! ```
//! use bareserve::http::range::{ByteRange, Ranges, Requested, requested};
//!
//! let mut ranges = Ranges::new();
//! assert_eq!(requested(b"bytes=0-1, -3", 10, &mut ranges), Requested::Parts);
//! assert_eq!(ranges, [ByteRange { first: 0, last: 1 }, ByteRange { first: 7, last: 9 }]);
//! ```

use super::{bytes::is_same_name, parameters};
use crate::wire::{number::parse_decimal, search::split_bytes_once};

/// The most ranges in a request.
pub const MAX_RANGES: usize = 8;

/// The bytes of a file from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte; never before the first.
    pub last: u64,
}

impl ByteRange {
    /// The number of bytes: at least one.
    pub fn length(&self) -> u64 {
        // The length is at most a file's size, so this does not saturate.
        (self.last - self.first).saturating_add(1)
    }
}

/// The response that a Range field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// 200 with the whole file, as without the field.
    Whole,
    /// 206 with the ranges; with more than one as `multipart/byteranges`.
    Parts,
    /// 416: the file has none of the bytes (RFC 9110 section 15.5.17).
    Unsatisfiable,
}

/// One range or more, in the order of the request.
pub type Ranges = heapless::Vec<ByteRange, MAX_RANGES>;

/// Evaluates `value`, that of a Range field, for a file of `size` bytes, and adds the ranges to
/// `ranges`, which is empty.
///
/// The field is ignored, as section 14.2 allows, if its unit is not bytes, if its syntax is invalid,
/// and if it looks like an attack: more than [`MAX_RANGES`] ranges, or ranges that are longer than the
/// file in total.
pub fn requested(value: &[u8], size: u64, ranges: &mut Ranges) -> Requested {
    parse(value, size, ranges).unwrap_or(Requested::Whole)
}

/// `None` for the whole file.
fn parse(value: &[u8], size: u64, ranges: &mut Ranges) -> Option<Requested> {
    let (unit, set) = split_bytes_once(value, b'=')?;
    // Range units are compared without regard to case (section 14.1).
    if !is_same_name(unit, b"bytes") {
        return None;
    }
    let mut total = 0_u64;
    let mut count = 0;
    for spec in parameters::list(set) {
        count += 1;
        if count > MAX_RANGES {
            return None;
        }
        let (first, last) = positions(spec, size)?;
        if let Some(end) = size.checked_sub(1).filter(|end| first <= *end) {
            let range = ByteRange { first, last: last.min(end) };
            total = total.saturating_add(range.length());
            ranges.push(range).ok()?;
        }
    }
    match ranges.is_empty() {
        _ if count == 0 || total > size => None,
        true => Some(Requested::Unsatisfiable),
        false => Some(Requested::Parts),
    }
}

/// The first and the last position of `first-last`, `first-` or `-length` (section 14.1.2), which may
/// be after the end of the file. `None` if the field is to be ignored.
fn positions(spec: &[u8], size: u64) -> Option<(u64, u64)> {
    let (first, last) = split_bytes_once(spec, b'-')?;
    if first.is_empty() {
        let length = parse_decimal(last)?;
        // An empty file satisfies it, but Content-Range cannot express an empty range.
        let is_inexpressible = size == 0 && length > 0;
        return (!is_inexpressible).then_some((size.saturating_sub(length), u64::MAX));
    }
    let first = parse_decimal(first)?;
    let last = if last.is_empty() { u64::MAX } else { parse_decimal(last)? };
    // Section 14.1.1: a last position before the first is invalid.
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};

    /// The response, and the ranges if they are part of it.
    fn evaluate(value: &[u8], size: u64) -> (Requested, Ranges) {
        let mut ranges = Ranges::new();
        match requested(value, size, &mut ranges) {
            Requested::Parts => (Requested::Parts, ranges),
            other => (other, Ranges::new()),
        }
    }

    fn parts(ranges: &[(u64, u64)]) -> (Requested, Ranges) {
        let ranges = ranges.iter().map(|&(first, last)| ByteRange { first, last });
        (Requested::Parts, ranges.collect())
    }

    const WHOLE: (Requested, Ranges) = (Requested::Whole, Ranges::new());
    const UNSATISFIABLE: (Requested, Ranges) = (Requested::Unsatisfiable, Ranges::new());

    #[test]
    fn ranges_of_ten_thousand_bytes() {
        for (value, expected) in [
            // Examples of RFC 9110 section 14.1.2.
            ("bytes=0-499", parts(&[(0, 499)])),
            ("bytes=500-999", parts(&[(500, 999)])),
            ("bytes=-500", parts(&[(9500, 9999)])),
            ("bytes=9500-", parts(&[(9500, 9999)])),
            ("bytes=0-0,-1", parts(&[(0, 0), (9999, 9999)])),
            ("bytes= 0-999, 4500-5499, -1000", parts(&[(0, 999), (4500, 5499), (9000, 9999)])),
            ("bytes=500-600,601-999", parts(&[(500, 600), (601, 999)])),
            ("bytes=500-700,601-999", parts(&[(500, 700), (601, 999)])),
            // The end is clipped, the order kept.
            ("bytes=9999-20000", parts(&[(9999, 9999)])),
            ("bytes=0-99999999999999999999999999", parts(&[(0, 9999)])),
            ("bytes=-20000", parts(&[(0, 9999)])),
            ("bytes=5-6,1-2", parts(&[(5, 6), (1, 2)])),
            ("BYTES=0-0", parts(&[(0, 0)])),
            ("bytes=,0-0 ,,", parts(&[(0, 0)])),
            ("bytes=0-0,10000-", parts(&[(0, 0)])),
            // No byte of the file.
            ("bytes=10000-", UNSATISFIABLE),
            ("bytes=10000-10001, 20000-", UNSATISFIABLE),
            ("bytes=99999999999999999999999999-", UNSATISFIABLE),
            ("bytes=-0", UNSATISFIABLE),
            // Another unit, invalid syntax, too many bytes or ranges.
            ("items=0-1", WHOLE),
            ("bytes", WHOLE),
            ("bytes=", WHOLE),
            ("bytes=,", WHOLE),
            ("bytes=-", WHOLE),
            ("bytes=5", WHOLE),
            ("bytes=2-1", WHOLE),
            ("bytes=0-0,2-1", WHOLE),
            ("bytes=a-b", WHOLE),
            ("bytes=0-1-2", WHOLE),
            ("bytes=+1-2", WHOLE),
            ("bytes=0 - 1", WHOLE),
            ("bytes=0-1;", WHOLE),
            ("bytes =0-1", WHOLE),
            ("bytes=0-,0-", WHOLE),
            ("bytes=0-9999,0-0", WHOLE),
            ("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8", WHOLE),
        ] {
            assert_eq!(evaluate(value.as_bytes(), 10_000), expected, "{value}");
        }
    }

    #[test]
    fn an_empty_file_has_no_first_byte() {
        assert_eq!(evaluate(b"bytes=0-", 0), UNSATISFIABLE);
        assert_eq!(evaluate(b"bytes=0-0", 0), UNSATISFIABLE);
        assert_eq!(evaluate(b"bytes=-0", 0), UNSATISFIABLE);
        assert_eq!(evaluate(b"bytes=-1", 0), WHOLE);
    }

    #[test]
    fn mutated_ranges_stay_inside() {
        let mut entropy = SeededEntropy::new(8);
        for _ in 0..200_000 {
            let mut value = *b"bytes=0-9, 20-30,-18446744073709551615,";
            for _ in 0..4 {
                let random = entropy.next_u64();
                value[random as usize % 39] = b"0123456789-,,= x"[(random >> 60) as usize];
            }
            let size = entropy.next_u64() >> (entropy.next_u64() % 64);
            if let (Requested::Parts, ranges) = evaluate(&value, size) {
                assert!(!ranges.is_empty());
                let total: u128 = ranges.iter().map(|range| u128::from(range.length())).sum();
                assert!(total <= u128::from(size));
                for range in ranges {
                    assert!(range.first <= range.last && range.last < size);
                }
            }
        }
    }
}
