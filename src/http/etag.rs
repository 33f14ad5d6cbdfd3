//! Entity tags (RFC 9110 section 8.8.3) and the lists of them in If-Match and If-None-Match (section
//! 13.1).
//!
//! ```
//! use bareserve::{http::etag::{Comparison, EntityTag, matches}, store::Encoding};
//!
//! let tag = EntityTag::new(0x1a2b, Encoding::Identity);
//! assert_eq!(tag.as_bytes(), b"\"0000000000001a2b\"");
//! assert!(matches(b"\"x\", W/\"0000000000001a2b\"", Some(&tag), Comparison::Weak));
//! ```

use crate::{store::Encoding, wire::number::hex};

/// The strong entity tag of a file: its version in 16 hexadecimal digits, followed by `-gz` for the
/// gzip variant, in quotes. Variants in different encodings must have different tags (RFC 9110 section
/// 8.8.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag {
    text: [u8; EntityTag::LONGEST],
    length: usize,
}

impl EntityTag {
    /// Length of the longest tag in bytes, including the quotes.
    pub const LONGEST: usize = 21;

    /// The tag for a [`Metadata::version`](crate::store::Metadata::version).
    #[inline(never)]
    pub fn new(version: u64, encoding: Encoding) -> Self {
        let (mut text, length) = match encoding {
            Encoding::Identity => (*b"\"0123456789abcdef\"   ", 18),
            Encoding::Gzip => (*b"\"0123456789abcdef-gz\"", 21),
        };
        let [_, digits @ .., _, _, _, _] = &mut text;
        *digits = hex(version);
        Self { text, length }
    }

    /// The value of the ETag field.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

/// A comparison of tags (RFC 9110 section 8.8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Weak tags never match: for If-Match (section 13.1.1) and If-Range (section 13.1.5).
    Strong,
    /// `W/` is ignored: for If-None-Match (section 13.1.2).
    Weak,
}

/// Whether `value` is `*` or a list with `tag` in it. `None` for `tag` means that the resource does not
/// exist: nothing matches then, not even `*`.
///
/// The list is read up to the first invalid element. A field in several lines matches if one of its
/// lines does (RFC 9110 section 5.3).
pub fn matches(value: &[u8], tag: Option<&EntityTag>, comparison: Comparison) -> bool {
    let Some(tag) = tag else { return false };
    if crate::http::parameters::trim(value) == b"*" {
        return true;
    }
    Tags { rest: value }.any(|found| {
        found.opaque == tag.as_bytes() && (comparison == Comparison::Weak || !found.is_weak)
    })
}

/// Whether `value`, that of an If-Range field, is an entity tag; otherwise it is a date (RFC 9110
/// section 13.1.5).
pub fn is_entity_tag(value: &[u8]) -> bool {
    matches!(value, [b'"', ..] | [b'W', b'/', ..])
}

struct Found<'v> {
    is_weak: bool,
    /// Including its quotes.
    opaque: &'v [u8],
}

/// An iterator over a list of entity tags. Unlike quoted strings, they have no backslash escapes.
struct Tags<'v> {
    rest: &'v [u8],
}

impl<'v> Iterator for Tags<'v> {
    type Item = Found<'v>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [b' ' | b'\t' | b',', rest @ ..] = self.rest {
            self.rest = rest;
        }
        // `W/` is case-sensitive.
        let is_weak = self.rest.starts_with(b"W/");
        let text = self.rest.strip_prefix(b"W/").unwrap_or(self.rest);
        let end = 1 + text.strip_prefix(b"\"")?.iter().position(|&byte| byte == b'"')?;
        let (opaque, rest) = text.split_at_checked(end + 1)?;
        let is_tag_byte = |byte: &u8| matches!(byte, 0x21..=0x7e | 0x80..);
        if !opaque.iter().all(is_tag_byte) {
            return None;
        }
        // A comma or the end must follow.
        let rest = crate::http::parameters::trim(rest);
        if !matches!(rest, [] | [b',', ..]) {
            return None;
        }
        self.rest = rest;
        Some(Found { is_weak, opaque })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use Comparison::{Strong, Weak};

    #[test]
    fn tags_differ_by_version_and_encoding() {
        let plain = EntityTag::new(0x1a2b, Encoding::Identity);
        let gzipped = EntityTag::new(0x1a2b, Encoding::Gzip);
        assert_eq!(plain.as_bytes(), b"\"0000000000001a2b\"");
        assert_eq!(gzipped.as_bytes(), b"\"0000000000001a2b-gz\"");
        assert_eq!(gzipped.as_bytes().len(), EntityTag::LONGEST);
        assert_ne!(plain, EntityTag::new(0x1a2c, Encoding::Identity));
    }

    #[test]
    fn lists_match_as_rfc_9110_section_8_8_3_2_says() {
        let tag = EntityTag::new(0xabc, Encoding::Identity);
        for (value, strong, weak) in [
            ("\"0000000000000abc\"", true, true),
            (" \"0000000000000abc\" ", true, true),
            ("W/\"0000000000000abc\"", false, true),
            ("\"x\", \"0000000000000abc\"", true, true),
            ("\"x\",W/\"y\" , \"0000000000000abc\",\"z\"", true, true),
            (",,\"0000000000000abc\",,", true, true),
            ("\"a,b\",\"\",\"0000000000000abc\"", true, true),
            ("\"\\\", \"0000000000000abc\"", true, true),
            ("*", true, true),
            ("\"*\"", false, false),
            ("", false, false),
            ("0000000000000abc", false, false),
            ("\"0000000000000ABC\"", false, false),
            ("\"0000000000000abc-gz\"", false, false),
            ("\"0000000000000abc", false, false),
            ("w/\"0000000000000abc\"", false, false),
            ("W/ \"0000000000000abc\"", false, false),
            ("\"x\" \"0000000000000abc\"", false, false),
            ("\"x\"y, \"0000000000000abc\"", false, false),
            ("\"x y\", \"0000000000000abc\"", false, false),
            ("*, \"0000000000000abc\"", false, false),
        ] {
            assert_eq!(matches(value.as_bytes(), Some(&tag), Strong), strong, "{value}");
            assert_eq!(matches(value.as_bytes(), Some(&tag), Weak), weak, "{value}");
            assert!(!matches(value.as_bytes(), None, Weak), "{value}");
        }
    }

    #[test]
    fn distinguishes_tags_from_dates() {
        assert!(is_entity_tag(b"\"x\""));
        assert!(is_entity_tag(b"W/\"x\""));
        assert!(!is_entity_tag(b"Wed, 16 Nov 1994 08:49:37 GMT"));
        assert!(!is_entity_tag(b""));
    }

    #[test]
    fn mutated_lists_do_not_panic() {
        let mut entropy = SeededEntropy::new(7);
        let tag = EntityTag::new(1, Encoding::Gzip);
        for _ in 0..100_000 {
            let mut value = *b"\"a\", W/\"0000000000000001-gz\", \"c\"";
            for _ in 0..3 {
                let random = entropy.next_u64();
                value[random as usize % 33] = (random >> 32) as u8;
            }
            matches(&value, Some(&tag), Weak);
        }
    }
}
