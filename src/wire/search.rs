//! Searching and cutting text word by word. The core library's search is for long texts: with it,
//! `contains` and `split` take 600 bytes of firmware.

/// Where `wanted` first stands in `bytes`.
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

/// What stands before the first `separator`, which is ASCII, and what stands after it, if it is
/// there.
#[inline(never)]
pub const fn cut(text: &str, separator: u8) -> (&str, Option<&str>) {
    let Some(at) = position(separator, text.as_bytes()) else { return (text, None) };
    match (text.split_at_checked(at), text.split_at_checked(at + 1)) {
        (Some((before, _)), Some((_, after))) => (before, Some(after)),
        _ => (text, None),
    }
}

/// Pairs of `name=value` with `separator` between them; blanks around a pair are left away.
pub fn pairs(text: &str, separator: u8) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let (pair, after) = cut(rest?, separator);
        rest = after;
        Some(cut(pair.trim_ascii(), b'='))
    })
}

/// The bytes in a word.
pub(crate) const WORD: usize = size_of::<usize>();
/// A word whose bytes are all 1.
pub(crate) const ONES: usize = usize::MAX / 255;

/// The bytes of `word` that are below `limit`, which is 128 at most: their high bits, of which the
/// lowest is right and the others may not be.
pub(crate) const fn bytes_below(limit: u8, word: usize) -> usize {
    // Subtracted from each byte, it borrows into the high bit of those that are below.
    word.wrapping_sub(ONES * limit as usize) & !word & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_agrees_with_a_plain_search() {
        // A byte that is one more is the first that a careless subtraction takes for the wanted.
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
    fn texts_are_cut_at_the_first_separator() {
        assert_eq!(cut("a?b?c", b'?'), ("a", Some("b?c")));
        assert_eq!(cut("\u{e4}?", b'?'), ("\u{e4}", Some("")));
        assert_eq!(cut("", b'?'), ("", None));
        assert!(pairs("a=1; b;=c=", b';').eq([("a", Some("1")), ("b", None), ("", Some("c="))]));
    }
}
