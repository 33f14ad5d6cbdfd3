//! Searching and splitting text, a machine word at a time. The core library's search is made for long
//! texts: `contains` and `split` take 600 bytes of flash with it.

/// The position of the first `wanted` in `bytes`.
#[inline(never)]
pub const fn position(wanted: u8, bytes: &[u8]) -> Option<usize> {
    let pattern = ONES * wanted as usize;
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        let found = bytes_below(1, usize::from_le_bytes(*word) ^ pattern);
        if found != 0 {
            return Some(bytes.len() - rest.len() + found.trailing_zeros() as usize / 8);
        }
        rest = after;
    }
    while let [byte, after @ ..] = rest {
        if *byte == wanted {
            return Some(bytes.len() - rest.len());
        }
        rest = after;
    }
    None
}

/// The text before the first `separator`, an ASCII character, and the text after it; all of the text
/// and `None` without a separator.
#[inline(never)]
pub const fn split_once(text: &str, separator: u8) -> (&str, Option<&str>) {
    let Some(at) = position(separator, text.as_bytes()) else { return (text, None) };
    match (text.split_at_checked(at), text.split_at_checked(at + 1)) {
        (Some((before, _)), Some((_, after))) => (before, Some(after)),
        _ => (text, None),
    }
}

/// Whether two names are the same without regard to the case of ASCII letters. One copy for all callers:
/// that of the core library is inlined into each.
#[inline(never)]
pub const fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The bytes before the first `separator` and those after it; `None` without a separator.
#[inline(never)]
pub fn split_bytes_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, after) = bytes.split_at_checked(position(separator, bytes)?)?;
    Some((before, after.get(1..)?))
}

/// Iterates over `name=value` pairs with `separator` between them. White space around a pair is
/// removed; a pair without `=` has no value.
pub fn pairs(text: &str, separator: u8) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let (pair, after) = split_once(rest?, separator);
        rest = after;
        Some(split_once(pair.trim_ascii(), b'='))
    })
}

/// Bytes in a machine word.
pub(crate) const WORD: usize = size_of::<usize>();
/// A word whose bytes are all 1.
pub(crate) const ONES: usize = usize::MAX / 255;

/// Marks the bytes of `word` that are below `limit`, at most 128, by their high bits. The lowest mark
/// is exact; those above it may be false, but none is missing.
pub(crate) const fn bytes_below(limit: u8, word: usize) -> usize {
    // The subtraction borrows into the high bit of each byte below the limit.
    word.wrapping_sub(ONES * limit as usize) & !word & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_agrees_with_a_plain_search() {
        // The byte one above the wanted one is where a borrow would give a false match.
        for other in [b'x', b'\n' + 1] {
            let mut text = [other; 40];
            for at in 0..text.len() {
                text[at] = b'\n';
                for start in 0..text.len() {
                    assert_eq!(
                        position(b'\n', &text[start..]),
                        text[start..].iter().position(|&byte| byte == b'\n')
                    );
                }
                text[at] = b'\n' ^ 0x80;
            }
        }
        assert_eq!(position(b'\n', b""), None);
    }

    #[test]
    fn splits_at_the_first_separator() {
        assert_eq!(split_once("a?b?c", b'?'), ("a", Some("b?c")));
        assert_eq!(split_once("\u{e4}?", b'?'), ("\u{e4}", Some("")));
        assert_eq!(split_once("", b'?'), ("", None));
        assert_eq!(split_bytes_once(b"a?b?c", b'?'), Some((&b"a"[..], &b"b?c"[..])));
        assert_eq!(split_bytes_once(b"?", b'?'), Some((&b""[..], &b""[..])));
        assert_eq!(split_bytes_once(b"a", b'?'), None);
        assert!(pairs("a=1; b;=c=", b';').eq([("a", Some("1")), ("b", None), ("", Some("c="))]));
    }
}
