//! Sets of ASCII characters and a search, the two things parsing text comes down to.

use core::ops::Range;

pub(super) use crate::wire::text::position as find;

/// A set of ASCII characters: 16 bytes of flash.
pub(super) struct AsciiSet([u32; 4]);

impl AsciiSet {
    /// Letters, digits and `others`.
    pub const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut words = [0; 4];
        let mut byte = 0;
        while byte < 128 {
            if (byte as u8).is_ascii_alphanumeric() {
                words[byte >> 5] |= 1 << (byte & 31);
            }
            byte += 1;
        }
        let mut i = 0;
        while i < others.len() {
            words[(others[i] >> 5) as usize] |= 1 << (others[i] & 31);
            i += 1;
        }
        Self(words)
    }

    pub fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 5)).is_some_and(|word| word >> (byte & 31) & 1 == 1)
    }

    pub fn contains_all(&self, bytes: &[u8]) -> bool {
        bytes.iter().all(|&byte| self.contains(byte))
    }
}

/// `tchar` (RFC 9110 section 5.6.2).
const TOKEN: AsciiSet = AsciiSet::alphanumeric_and(b"!#$%&'*+-.^_`|~");

/// Whether `byte` may be part of a token.
pub(super) fn is_token_char(byte: u8) -> bool {
    TOKEN.contains(byte)
}

/// `token` (RFC 9110 section 5.6.2).
#[inline(never)]
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && TOKEN.contains_all(bytes)
}

/// Whether all of `bytes` may stand in a field value (RFC 9110 section 5.5): visible ASCII, space,
/// tab, and bytes from 0x80 on.
pub(super) fn is_field_content(bytes: &[u8]) -> bool {
    for &byte in bytes {
        if byte.is_ascii_control() && byte != b'\t' {
            return false;
        }
    }
    true
}

/// Whether each `%` has the two digits of an escape behind it (RFC 3986 section 2.1).
pub(super) fn has_whole_escapes(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = find(b'%', rest) {
        rest = rest.get(at + 1..).unwrap_or_default();
        if !matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()) {
            return false;
        }
    }
    true
}

/// Without the optional blanks around it (RFC 9110 section 5.6.3).
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Moves the bytes `from` towards the front, to where `to` is. Nothing happens where the two are not
/// in the buffer, in this order.
pub(super) fn move_to_front(buffer: &mut [u8], from: Range<usize>, to: usize) {
    let Some(gap) = from.start.checked_sub(to) else { return };
    let Some(buffer) = buffer.get_mut(to..from.end) else { return };
    if gap <= buffer.len() {
        buffer.copy_within(gap.., 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_to_the_front_is_what_copy_within_does() {
        let text: [u8; 24] = core::array::from_fn(|at| at as u8);
        for to in 0..=24 {
            for start in to..=24 {
                for end in start..=24 {
                    let (mut moved, mut expected) = (text, text);
                    move_to_front(&mut moved, start..end, to);
                    expected.copy_within(start..end, to);
                    assert_eq!(moved, expected, "{start}..{end} to {to}");
                }
            }
        }
        let mut moved = text;
        move_to_front(&mut moved, 3..25, 0);
        move_to_front(&mut moved, 3..4, 5);
        assert_eq!(moved, text, "out of the buffer, or backwards");
    }

    #[test]
    fn field_content_is_what_the_grammar_allows() {
        for byte in 0..=255_u8 {
            let allowed = byte == b'\t' || (b' '..=b'~').contains(&byte) || byte >= 0x80;
            assert_eq!(is_field_content(&[b'a', byte]), allowed, "{byte}");
        }
    }
}
