//! The parts that field values are made of: lists (RFC 9110 section 5.6.1), parameters (5.6.6),
//! tokens (5.6.2) and quoted strings (5.6.4).

pub(super) use super::bytes::trim;
use super::bytes::{is_same_name, is_token};
use crate::wire::search::split_bytes_once;

/// The elements of a comma-separated list, without the whitespace around them. Empty ones are left
/// out, as RFC 9110 section 5.6.1.2 wants; a comma in a quoted string separates nothing.
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    Pieces { rest: value, separator: b',' }.map(trim).filter(|element| !element.is_empty())
}

/// Splits `value` into the part before the first `;` and the parameters after it.
pub fn split(value: &[u8]) -> (&[u8], Parameters<'_>) {
    let mut pieces = Pieces { rest: value, separator: b';' };
    let first = pieces.next().unwrap_or_default();
    (trim(first), Parameters(pieces))
}

/// The parameters of a field value: `;name=value` again and again (RFC 9110 section 5.6.6).
#[derive(Debug, Clone)]
pub struct Parameters<'v>(Pieces<'v>);

/// A parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'v> {
    /// A token.
    Token(&'v [u8]),
    /// The text between the quotes, with its backslashes still in it.
    Quoted(&'v [u8]),
}

impl<'v> Value<'v> {
    /// The value as it is written, without quotes.
    pub fn raw(self) -> &'v [u8] {
        match self {
            Self::Token(text) | Self::Quoted(text) => text,
        }
    }
}

/// A parameter that breaks the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl<'v> Parameters<'v> {
    /// The value of the first one called `name`, whatever its case. Malformed ones are passed over.
    pub fn value(self, name: &[u8]) -> Option<&'v [u8]> {
        for parameter in self {
            if let Ok((found, value)) = parameter
                && is_same_name(found, name)
            {
                return Some(value.raw());
            }
        }
        None
    }
}

impl<'v> Iterator for Parameters<'v> {
    /// Name, whose case does not matter, and value.
    type Item = Result<(&'v [u8], Value<'v>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.0.by_ref().map(trim).find(|piece| !piece.is_empty())?;
        Some(parameter(piece).ok_or(Malformed))
    }
}

fn parameter(piece: &[u8]) -> Option<(&[u8], Value<'_>)> {
    let (name, value) = split_bytes_once(piece, b'=')?;
    let value = match value {
        [b'"', text @ .., b'"'] if is_quoted_content(text) => Value::Quoted(text),
        text if is_token(text) => Value::Token(text),
        _ => return None,
    };
    is_token(name).then_some((name, value))
}

/// Whether `text` is allowed between quotes: no bare quote, no dangling backslash, no controls.
fn is_quoted_content(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let stands_for = if byte == b'\\' { bytes.next() } else { Some(&byte) };
        match stands_for {
            Some(b'"') if byte == b'\\' => {}
            None | Some(b'"' | 0..=8 | 10..=31 | 127) => return false,
            Some(_) => {}
        }
    }
    true
}

/// Splits at a separator that is not inside a quoted string.
#[derive(Debug, Clone)]
struct Pieces<'v> {
    rest: &'v [u8],
    separator: u8,
}

impl<'v> Iterator for Pieces<'v> {
    type Item = &'v [u8];

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let end = self.rest.iter().position(|&byte| {
            let ends = byte == self.separator && !quoted;
            quoted ^= byte == b'"' && !escaped;
            escaped = quoted && byte == b'\\' && !escaped;
            ends
        });
        let piece = self.rest.get(..end.unwrap_or(self.rest.len())).unwrap_or_default();
        self.rest = end.and_then(|end| self.rest.get(end + 1..)).unwrap_or_default();
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    #[test]
    fn lists_leave_out_empty_elements() {
        let elements = |value| list(value).collect::<Vec<_>>();
        assert_eq!(elements(b""), [b""; 0]);
        assert_eq!(elements(b" , ,\t,"), [b""; 0]);
        assert_eq!(elements(b"a, b ,,c d,"), [&b"a"[..], b"b", b"c d"]);
        assert_eq!(elements(b"\"a,b\", c"), [&b"\"a,b\""[..], b"c"]);
        assert_eq!(elements(b"\"a\\\",b\", c"), [&b"\"a\\\",b\""[..], b"c"]);
        assert_eq!(elements(b"\"open, b"), [&b"\"open, b"[..]]);
    }

    #[test]
    fn parameters_follow_the_grammar() {
        let (media_type, parameters) = split(b"text/html ; charset=utf-8;x=\"a;\\\"b\" ;; Y=\"\"");
        assert_eq!(media_type, b"text/html");
        let parameters: Vec<_> = parameters.collect();
        assert_eq!(
            parameters,
            [
                Ok((&b"charset"[..], Value::Token(b"utf-8"))),
                Ok((b"x", Value::Quoted(b"a;\\\"b"))),
                Ok((b"Y", Value::Quoted(b""))),
            ]
        );
    }

    #[test]
    fn malformed_parameters_are_reported() {
        for value in [
            &b";a"[..],
            b";a=",
            b";=b",
            b";a =b",
            b";a= b",
            b";a=\"",
            b";a=\"b",
            b";a=\"b\\\"",
            b";a=\"b\"c",
            b";a=\"b\"c\"",
            b";a=\"\x01\"",
            b";a=b c",
            b";a=(b)",
        ] {
            let (_, mut parameters) = split(value);
            assert_eq!(parameters.next(), Some(Err(Malformed)), "{value:?}");
        }
    }
}
