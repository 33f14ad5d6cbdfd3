//! Percent-encoding (RFC 3986 section 2.1) and form fields (`application/x-www-form-urlencoded`,
//! WHATWG URL Standard section 5).
//!
//! An escape is `%` and two hexadecimal digits in either case. Decoding is strict: a `%` without
//! these digits is an error.
//!
//! ```
//! use bareserve::wire::percent::{Fields, decode};
//!
//! assert_eq!(decode(b"a%20b", &mut [0; 8]), Ok(&mut b"a b".clone()[..]));
//! let name = Fields::new(b"id=7&name=J%C3%BCrgen+M").value("name").unwrap();
//! assert_eq!(name.decode(&mut [0; 16]), Ok("J\u{fc}rgen M"));
//! ```

use super::{
    number::{hex_digit, hex_value},
    search::position,
    writer::ResumableWriter,
};

/// The reason why a text cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A `%` without two hexadecimal digits.
    BadEscape,
    /// The decoded bytes are not UTF-8.
    NotUtf8,
    /// The decoded text is longer than the buffer.
    TooLong,
}

/// Decodes `text` into `buffer` and returns the part that holds the result. A `+` stays a `+`.
///
/// # Errors
/// [`DecodeError::BadEscape`], [`DecodeError::TooLong`].
pub fn decode<'b>(text: &[u8], buffer: &'b mut [u8]) -> Result<&'b mut [u8], DecodeError> {
    collect(Decoder { rest: text, plus_is_space: false }, buffer)
}

/// Decodes `bytes` in place and returns the front that holds the result.
///
/// # Errors
/// [`DecodeError::BadEscape`]; the content of `bytes` is unspecified then.
pub fn decode_in_place(bytes: &mut [u8]) -> Result<&mut [u8], DecodeError> {
    let (mut from, mut to) = (0, 0);
    while let Some(&byte) = bytes.get(from) {
        let (value, width) = match byte {
            b'%' => (decode_escape(bytes.get(from..).unwrap_or_default()), 3),
            _ => (Some(byte), 1),
        };
        let value = value.ok_or(DecodeError::BadEscape)?;
        if let Some(place) = bytes.get_mut(to) {
            *place = value;
        }
        from += width;
        to += 1;
    }
    Ok(bytes.get_mut(..to).unwrap_or_default())
}

/// The byte that the escape at the front of `text` stands for: `%` and two hexadecimal digits
/// (`pct-encoded`). `None` if `text` does not begin with one.
pub fn decode_escape(text: &[u8]) -> Option<u8> {
    match text {
        [b'%', high, low, ..] => Some(hex_value(*high)? << 4 | hex_value(*low)?),
        _ => None,
    }
}

/// Whether `text` begins with an escape; see [`decode_escape`].
pub fn is_pct_escape(text: &[u8]) -> bool {
    decode_escape(text).is_some()
}

/// Decodes one byte at a time, so that a comparison needs no buffer.
struct Decoder<'t> {
    rest: &'t [u8],
    plus_is_space: bool,
}

impl Iterator for Decoder<'_> {
    type Item = Result<u8, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest;
        let (&byte, rest) = text.split_first()?;
        self.rest = rest;
        match byte {
            b'%' => {
                self.rest = rest.get(2..).unwrap_or_default();
                Some(decode_escape(text).ok_or(DecodeError::BadEscape))
            }
            b'+' if self.plus_is_space => Some(Ok(b' ')),
            _ => Some(Ok(byte)),
        }
    }
}

fn collect<'b>(decoder: Decoder<'_>, buffer: &'b mut [u8]) -> Result<&'b mut [u8], DecodeError> {
    let mut length = 0;
    for byte in decoder {
        *buffer.get_mut(length).ok_or(DecodeError::TooLong)? = byte?;
        length += 1;
    }
    Ok(buffer.get_mut(..length).unwrap_or_default())
}

/// An iterator over the fields of a query or of a form's body: `name=value&name=value`. Empty fields
/// are left out; a field without `=` has an empty value.
#[derive(Debug, Clone, Default)]
pub struct Fields<'q> {
    rest: &'q [u8],
}

impl<'q> Fields<'q> {
    /// The fields of `query`, the part of a target after the `?`.
    pub fn new(query: &'q [u8]) -> Self {
        Self { rest: query }
    }

    /// The value of the first field whose decoded name is `name`.
    pub fn value(&self, name: &str) -> Option<FormText<'q>> {
        self.clone().find(|(found, _)| found.is(name)).map(|(_, value)| value)
    }
}

impl<'q> Iterator for Fields<'q> {
    /// Name and value.
    type Item = (FormText<'q>, FormText<'q>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let field = take_until(&mut self.rest, b'&');
            if !field.is_empty() {
                let mut value = field;
                let name = take_until(&mut value, b'=');
                return Some((FormText(name), FormText(value)));
            }
        }
        None
    }
}

/// Removes the front of `rest` up to and including the first `separator`, and returns it without
/// the separator; all of `rest` when there is none.
fn take_until<'t>(rest: &mut &'t [u8], separator: u8) -> &'t [u8] {
    let mut halves = rest.splitn(2, |&byte| byte == separator);
    let before = halves.next().unwrap_or_default();
    *rest = halves.next().unwrap_or_default();
    before
}

/// A name or a value in its encoded form: percent-encoded, with `+` for a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormText<'q>(
    /// The text, still encoded.
    pub &'q [u8],
);

impl FormText<'_> {
    /// Whether the decoded text equals `text`.
    pub fn is(&self, text: &str) -> bool {
        self.decoder().eq(text.bytes().map(Ok))
    }

    /// Decodes into `buffer` and returns the text.
    ///
    /// # Errors
    /// Any [`DecodeError`].
    pub fn decode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, DecodeError> {
        let decoded = collect(self.decoder(), buffer)?;
        core::str::from_utf8(decoded).map_err(|_| DecodeError::NotUtf8)
    }

    fn decoder(&self) -> Decoder<'_> {
        Decoder { rest: self.0, plus_is_space: true }
    }
}

/// Writes a path and encodes each byte that a segment must not contain (RFC 3986 section 3.3). `/`
/// stays as it is.
pub fn encode_path(path: &str, out: &mut ResumableWriter<'_>) {
    for byte in path.bytes() {
        // `'` and `&` are allowed but encoded too: a link is likely to stand in HTML, where they have
        // a meaning.
        if byte.is_ascii_alphanumeric() || position(byte, b"-._~!$()*+,;=:@/").is_some() {
            out.bytes(&[byte]);
        } else {
            let digit = |value: u8| hex_digit(value).to_ascii_uppercase();
            out.bytes(&[b'%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use std::{string::String, vec::Vec};

    const DECODED: [(&str, Result<&[u8], DecodeError>); 12] = [
        ("", Ok(b"")),
        ("plain", Ok(b"plain")),
        ("a%20b", Ok(b"a b")),
        ("%2e%2E/%2f", Ok(b"..//")),
        ("a+b", Ok(b"a+b")),
        ("%00%fF", Ok(b"\0\xff")),
        ("%2525", Ok(b"%25")),
        ("%", Err(DecodeError::BadEscape)),
        ("a%2", Err(DecodeError::BadEscape)),
        ("%zz", Err(DecodeError::BadEscape)),
        ("%+1", Err(DecodeError::BadEscape)),
        ("%%20", Err(DecodeError::BadEscape)),
    ];

    #[test]
    fn decodes_strictly() {
        for (text, expected) in DECODED {
            let mut buffer = [0; 16];
            assert_eq!(decode(text.as_bytes(), &mut buffer).map(|b| &*b), expected, "{text}");
            let mut bytes: Vec<u8> = text.into();
            assert_eq!(decode_in_place(&mut bytes).map(|b| &*b), expected, "{text}");
        }
        assert_eq!(decode(b"ab%20", &mut [0; 2]), Err(DecodeError::TooLong));
    }

    #[test]
    fn an_escape_is_a_percent_sign_and_two_digits() {
        for (text, expected) in [
            ("%41", Some(b'A')),
            ("%fFx", Some(0xff)),
            ("", None),
            ("41", None),
            ("%4", None),
            ("%4g", None),
            ("%%41", None),
        ] {
            assert_eq!(decode_escape(text.as_bytes()), expected, "{text}");
            assert_eq!(is_pct_escape(text.as_bytes()), expected.is_some(), "{text}");
        }
    }

    #[test]
    fn both_decoders_agree_on_random_text() {
        let mut entropy = SeededEntropy::new(3);
        for _ in 0..50_000 {
            let mut text = [0; 12];
            entropy.fill(&mut text);
            let text = text.map(|byte| b"%%%%09afAFg+/x\x80\0"[usize::from(byte) % 16]);
            let (mut buffer, mut bytes) = ([0; 12], text);
            assert_eq!(decode(&text, &mut buffer), decode_in_place(&mut bytes));
        }
    }

    #[test]
    fn encoded_paths_decode_to_themselves() {
        let path = "ä b/100% 'x' \"<&>?#[]\u{7f}.txt";
        let mut slice = [0; 80];
        let mut out = ResumableWriter::new(&mut slice, 0);
        encode_path(path, &mut out);
        let shown = out.written();
        let encoded = &mut slice[..shown];
        assert_eq!(encoded, b"%C3%A4%20b/100%25%20%27x%27%20%22%3C%26%3E%3F%23%5B%5D%7F.txt");
        assert_eq!(decode_in_place(encoded), Ok(path.as_bytes().to_vec().as_mut_slice()));
    }

    fn fields(query: &str) -> Vec<(String, String)> {
        let text = |field: FormText<'_>| field.decode(&mut [0; 32]).unwrap().into();
        Fields::new(query.as_bytes()).map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn iterates_over_the_fields_of_a_query() {
        let pair = |name: &str, value: &str| (name.into(), value.into());
        assert_eq!(fields(""), []);
        assert_eq!(fields("&&"), []);
        assert_eq!(fields("a=1&b=2"), [pair("a", "1"), pair("b", "2")]);
        assert_eq!(fields("a&=x&b="), [pair("a", ""), pair("", "x"), pair("b", "")]);
        assert_eq!(fields("a+b=1%2B1=2&"), [pair("a b", "1+1=2")]);
        assert_eq!(fields("a=%C3%A4%26"), [pair("a", "ä&")]);
    }

    #[test]
    fn finds_a_field_by_its_decoded_name() {
        let query = Fields::new(b"%zz=0&na%6de=v+1&name=second");
        assert_eq!(query.value("name"), Some(FormText(b"v+1")));
        assert_eq!(query.value("nam"), None);
        assert_eq!(query.value("zz"), None);
        let mut buffer = [0; 8];
        assert_eq!(FormText(b"%").decode(&mut buffer), Err(DecodeError::BadEscape));
        assert_eq!(FormText(b"%ff").decode(&mut buffer), Err(DecodeError::NotUtf8));
        assert_eq!(FormText(b"123456789").decode(&mut buffer), Err(DecodeError::TooLong));
    }
}
