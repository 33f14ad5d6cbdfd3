//! Sets of ASCII characters, and the small functions that all parsers here share.

use core::ops::Range;

use crate::wire::search::{ONES, WORD, bytes_below};
pub(super) use crate::wire::search::{is_same_name, position as find};

/// A set of ASCII characters: a bit in a table that all sets share.
#[derive(Clone, Copy)]
pub(super) struct AsciiSet(u8);

/// `tchar` (RFC 9110 section 5.6.2).
pub(super) const TOKEN: AsciiSet = AsciiSet(1);
/// Of a host's name: unreserved characters, and sub-delims but the comma of a list (RFC 3986 section
/// 3.2.2). Escapes are checked apart.
pub(super) const REG_NAME: AsciiSet = AsciiSet(2);
/// The characters of an IP literal between its brackets.
pub(super) const IP_LITERAL: AsciiSet = AsciiSet(4);
/// `pchar` (RFC 3986 section 3.3) without escapes, and what browsers leave as it is in a path
/// although the RFC demands an escape. Each of them may be passed to a store: no `\`, no control
/// character.
pub(super) const SEGMENT: AsciiSet = AsciiSet(8);
/// The same for a query (RFC 3986 section 3.4), with the `%` of escapes: they are checked where they
/// are decoded, which in a query may never happen.
pub(super) const QUERY: AsciiSet = AsciiSet(16);
/// `bchars` of the boundary of a multipart body (RFC 2046 section 5.1.1).
pub(super) const BOUNDARY: AsciiSet = AsciiSet(32);

/// For each character, the sets it is in.
static SETS: [u8; 256] = {
    let mut sets = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            sets[byte] = u8::MAX;
        }
        byte += 1;
    }
    let others: [(AsciiSet, &[u8]); 6] = [
        (TOKEN, b"!#$%&'*+-.^_`|~"),
        (REG_NAME, b"-._~!$&'()*+;="),
        (IP_LITERAL, b"-._~!$&'()*+;=:"),
        (SEGMENT, b"-._~!$&'()*+,;=:@|[]"),
        (QUERY, b"-._~!$&'()*+,;=:@%/?|[]{}`^\\"),
        (BOUNDARY, b"'()+_,-./:=? "),
    ];
    let mut set = 0;
    while set < others.len() {
        let (AsciiSet(bit), others) = others[set];
        let mut i = 0;
        while i < others.len() {
            sets[others[i] as usize] |= bit;
            i += 1;
        }
        set += 1;
    }
    sets
};

impl AsciiSet {
    pub fn contains(self, byte: u8) -> bool {
        SETS.get(usize::from(byte)).is_some_and(|sets| sets & self.0 != 0)
    }

    pub fn contains_all(self, bytes: &[u8]) -> bool {
        self.span(bytes) == bytes.len()
    }

    /// How many bytes at the front of `bytes` are in the set.
    #[inline(never)]
    pub fn span(self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.contains(**byte)).count()
    }
}

/// Whether `byte` may be part of a token.
pub(super) fn is_token_char(byte: u8) -> bool {
    TOKEN.contains(byte)
}

/// `token` (RFC 9110 section 5.6.2).
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && TOKEN.contains_all(bytes)
}

/// Whether all of `bytes` are allowed in a field value (RFC 9110 section 5.5): visible ASCII, space,
/// tab, and bytes from 0x80 on.
// Word by word: values are most of a request.
#[inline(never)]
pub(super) fn is_field_content(bytes: &[u8]) -> bool {
    const DELETE: u8 = 0x7f;
    let deletes = ONES * usize::from(DELETE);
    let is_plain = |word: &[u8; WORD]| {
        let word = usize::from_ne_bytes(*word);
        bytes_below(b' ', word) | bytes_below(1, word ^ deletes) == 0
    };
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk()
        && is_plain(word)
    {
        rest = after;
    }
    rest.iter().all(|&byte| byte >= b' ' && byte != DELETE || byte == b'\t')
}

/// Without the optional whitespace around it (RFC 9110 section 5.6.3).
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Moves the bytes `from` towards the front, to `to`. Nothing happens unless `to` comes before them
/// and both are in the buffer.
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
    use crate::store::is_valid_name;

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
    fn every_character_of_a_segment_is_valid_in_a_store() {
        for byte in (0..=255_u8).filter(|&byte| SEGMENT.contains(byte) && byte != b'.') {
            let bytes = [byte];
            assert!(core::str::from_utf8(&bytes).is_ok_and(is_valid_name), "{byte:#x}");
        }
    }

    #[test]
    fn field_content_is_what_the_grammar_allows() {
        for byte in 0..=255_u8 {
            let allowed = byte == b'\t' || (b' '..=b'~').contains(&byte) || byte >= 0x80;
            for length in 1..=20 {
                for at in 0..length {
                    let mut bytes = [0x80; 20];
                    bytes[at] = byte;
                    assert_eq!(is_field_content(&bytes[..length]), allowed, "{byte} at {at}");
                }
            }
        }
    }
}
