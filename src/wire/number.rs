//! Numbers as ASCII text. `core::fmt` costs several times the instructions, and these functions run
//! with every request.

/// Writes `value` in decimal to the end of `digits` and returns the part written: 1 to 20 digits.
pub fn decimal(value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut value = value;
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        // A 64-bit division is a long subroutine on a 32-bit machine and rarely needed.
        let last = match u32::try_from(value) {
            Ok(small) => {
                value = u64::from(small / 10);
                small % 10
            }
            Err(_) => {
                let last = value % 10;
                value /= 10;
                last as u32
            }
        };
        *digit = b'0' + last as u8;
        start -= 1;
        if value == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

/// `value` as 16 lower-case hexadecimal digits.
pub fn hex(value: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    // By bytes: a 64-bit shift is a subroutine on a 32-bit machine.
    let (pairs, _) = digits.as_chunks_mut();
    for ([high, low], byte) in pairs.iter_mut().zip(value.to_be_bytes()) {
        *high = hex_digit(byte >> 4);
        *low = hex_digit(byte & 0xf);
    }
    digits
}

/// The lower-case digit of a value from 0 to 15.
pub fn hex_digit(value: u8) -> u8 {
    b"0123456789abcdef".get(usize::from(value)).copied().unwrap_or(b'?')
}

/// The value of a hexadecimal digit, in either case.
pub fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Parses a number of one or more decimal digits and nothing else (`1*DIGIT`). A number that does not
/// fit saturates to `u64::MAX`, which is beyond every limit.
pub fn parse_decimal(text: &[u8]) -> Option<u64> {
    parse(text, 10)
}

/// Parses a hexadecimal number, digits in either case; otherwise as [`parse_decimal`].
pub fn parse_hex(text: &[u8]) -> Option<u64> {
    parse(text, 16)
}

fn parse(text: &[u8], radix: u32) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, &digit| {
        let digit = char::from(digit).to_digit(radix)?;
        // A saturated number stays saturated.
        let more = value.checked_mul(u64::from(radix)).and_then(|v| v.checked_add(digit.into()));
        Some(more.unwrap_or(u64::MAX))
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use std::format;

    #[test]
    fn agrees_with_core_fmt() {
        let mut entropy = SeededEntropy::new(2);
        let random = (0..10_000).map(|n| entropy.next_u64() >> (n % 64));
        let edges = [0, 9, 10, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX];
        for value in edges.into_iter().chain(random) {
            let (mut digits, expected) = ([0; 20], format!("{value}"));
            assert_eq!(decimal(value, &mut digits), expected.as_bytes());
            assert_eq!(parse_decimal(expected.as_bytes()), Some(value));
            assert_eq!(hex(value), format!("{value:016x}").as_bytes());
            assert_eq!(parse_hex(format!("{value:X}").as_bytes()), Some(value));
        }
    }

    #[test]
    fn refuses_all_but_digits() {
        for text in ["", "+1", "-1", " 1", "1 ", "0x1", "1a", "\u{663}"] {
            assert_eq!(parse_decimal(text.as_bytes()), None, "{text:?}");
        }
        for text in ["18446744073709551616", "99999999999999999999999999"] {
            assert_eq!(parse_decimal(text.as_bytes()), Some(u64::MAX));
        }
        assert_eq!(parse_decimal(b"99999999999999999999999x"), None);
        assert_eq!(parse_hex(b"10000000000000000"), Some(u64::MAX));
        assert_eq!(parse_hex(b"g"), None);
    }
}
