//! Range (RFC 9110 section 14.2): `bytes=0-499, 1000-, -200`.
//!
//! ```
//! use bareserve::http::range::{ByteRange, Requested, requested};
//!
//! let Requested::Parts(ranges) = requested(b"bytes=0-1, -3", 10) else { panic!() };
//! assert_eq!(ranges, [ByteRange { first: 0, last: 1 }, ByteRange { first: 7, last: 9 }]);
//! assert_eq!(requested(b"bytes=10-", 10), Requested::Unsatisfiable);
//! ```

use super::{bytes::is_same_name, parameters};
use crate::wire::number::parse_decimal;

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
#[derive(Debug, Clone, PartialEq, Eq)]
// One byte tells the variants apart; the 64-bit payload would make it eight, which are slow to compare.
#[repr(u8)]
pub enum Requested {
    /// 200 with the whole file, as without the field.
    Whole,
    /// 206 with these ranges; with more than one as `multipart/byteranges`.
    Parts(Ranges),
    /// 416: the file has none of the bytes (RFC 9110 section 15.5.17).
    Unsatisfiable,
}

/// One range or more, in the order of the request.
pub type Ranges = heapless::Vec<ByteRange, MAX_RANGES>;

/// Evaluates `value`, that of a Range field, for a file of `size` bytes.
///
/// The field is ignored, as section 14.2 allows, if its unit is not bytes, if its syntax is invalid,
/// and if it looks like an attack: more than [`MAX_RANGES`] ranges, or ranges that are longer than the
/// file in total.
pub fn requested(value: &[u8], size: u64) -> Requested {
    parse(value, size).unwrap_or(Requested::Whole)
}

/// `None` for the whole file.
fn parse(value: &[u8], size: u64) -> Option<Requested> {
    let (unit, set) = value.split_at_checked(value.iter().position(|&byte| byte == b'=')?)?;
    // Range units are compared without regard to case (section 14.1).
    if !is_same_name(unit, b"bytes") {
        return None;
    }
    let mut ranges = Ranges::new();
    let mut specs = parameters::list(set.get(1..)?).peekable();
    specs.peek()?;
    for (index, spec) in specs.enumerate() {
        if index == MAX_RANGES {
            return None;
        }
        if let Some(range) = resolve(spec, size)? {
            ranges.push(range).ok()?;
        }
    }
    if ranges.is_empty() {
        return Some(Requested::Unsatisfiable);
    }
    let total = ranges.iter().fold(0u64, |sum, range| sum.saturating_add(range.length()));
    (total <= size).then_some(Requested::Parts(ranges))
}

/// Evaluates `first-last`, `first-` or `-length` (section 14.1.2) for a file of `size` bytes.
/// `Some(None)` if the file has none of the bytes; `None` if the field is to be ignored.
fn resolve(spec: &[u8], size: u64) -> Option<Option<ByteRange>> {
    let (first, last) = spec.split_at_checked(spec.iter().position(|&byte| byte == b'-')?)?;
    match (first, last.get(1..)?) {
        (b"", length) => match (parse_decimal(length)?, size.checked_sub(1)) {
            (0, _) => Some(None),
            // An empty file satisfies it, but Content-Range cannot express an empty range.
            (_, None) => None,
            (length, Some(last)) => {
                Some(Some(ByteRange { first: size.saturating_sub(length), last }))
            }
        },
        (first, b"") => Some(clip(parse_decimal(first)?, u64::MAX, size)),
        (first, last) => {
            let (first, last) = (parse_decimal(first)?, parse_decimal(last)?);
            // Section 14.1.1: a last position before the first is invalid.
            if last < first { None } else { Some(clip(first, last, size)) }
        }
    }
}

fn clip(first: u64, last: u64, size: u64) -> Option<ByteRange> {
    let end = size.checked_sub(1)?;
    (first <= end).then_some(ByteRange { first, last: last.min(end) })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use Requested::{Unsatisfiable, Whole};

    fn parts(ranges: &[(u64, u64)]) -> Requested {
        let ranges = ranges.iter().map(|&(first, last)| ByteRange { first, last });
        Requested::Parts(ranges.collect())
    }

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
            ("bytes=10000-", Unsatisfiable),
            ("bytes=10000-10001, 20000-", Unsatisfiable),
            ("bytes=99999999999999999999999999-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            // Another unit, invalid syntax, too many bytes or ranges.
            ("items=0-1", Whole),
            ("bytes", Whole),
            ("bytes=", Whole),
            ("bytes=,", Whole),
            ("bytes=-", Whole),
            ("bytes=5", Whole),
            ("bytes=2-1", Whole),
            ("bytes=0-0,2-1", Whole),
            ("bytes=a-b", Whole),
            ("bytes=0-1-2", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=0 - 1", Whole),
            ("bytes=0-1;", Whole),
            ("bytes =0-1", Whole),
            ("bytes=0-,0-", Whole),
            ("bytes=0-9999,0-0", Whole),
            ("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8", Whole),
        ] {
            assert_eq!(requested(value.as_bytes(), 10_000), expected, "{value}");
        }
    }

    #[test]
    fn an_empty_file_has_no_first_byte() {
        assert_eq!(requested(b"bytes=0-", 0), Unsatisfiable);
        assert_eq!(requested(b"bytes=0-0", 0), Unsatisfiable);
        assert_eq!(requested(b"bytes=-0", 0), Unsatisfiable);
        assert_eq!(requested(b"bytes=-1", 0), Whole);
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
            if let Requested::Parts(ranges) = requested(&value, size) {
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
