//! Percent-encoding (RFC 3986 section 2.1) and form fields (`application/x-www-form-urlencoded`,
//! WHATWG URL Standard section 5).
//!
//! Decoding is strict: a `%` without two hexadecimal digits after it is an error.

use super::{
    number::{hex_digit, hex_value},
    search::position,
    writer::ResumableWriter,
};

/// Why a text could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// A `%` without two hexadecimal digits.
    BadEscape,
    /// Not UTF-8 once decoded.
    NotUtf8,
    /// Longer than the buffer.
    TooLong,
}

/// Decodes `text` into `buffer` and returns the part filled.
///
/// # Errors
/// [`DecodeError::BadEscape`], [`DecodeError::TooLong`].
pub fn decode<'b>(text: &[u8], buffer: &'b mut [u8]) -> Result<&'b mut [u8], DecodeError> {
    collect(Decoder { rest: text, plus_is_blank: false }, buffer)
}

/// Decodes `bytes` where they stand and returns the shorter front that holds the result.
///
/// # Errors
/// [`DecodeError::BadEscape`]; the bytes are of no use then.
pub fn decode_in_place(bytes: &mut [u8]) -> Result<&mut [u8], DecodeError> {
    let (mut from, mut to) = (0, 0);
    while let Some(&byte) = bytes.get(from) {
        let (value, width) = match byte {
            b'%' => (escape(bytes.get(from + 1..)), 3),
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

/// The value of the two digits that `after_percent` begins with.
fn escape(after_percent: Option<&[u8]>) -> Option<u8> {
    match after_percent? {
        [high, low, ..] => Some(hex_value(*high)? << 4 | hex_value(*low)?),
        _ => None,
    }
}

/// Decodes a byte at a time, so that comparing needs no buffer.
struct Decoder<'t> {
    rest: &'t [u8],
    plus_is_blank: bool,
}

impl Iterator for Decoder<'_> {
    type Item = Result<u8, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        match byte {
            b'%' => {
                let value = escape(Some(rest)).ok_or(DecodeError::BadEscape);
                self.rest = rest.get(2..).unwrap_or_default();
                Some(value)
            }
            b'+' if self.plus_is_blank => Some(Ok(b' ')),
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

/// The fields of a query or of a form's body: `name=value&name=value`. Empty ones are left out; one
/// without `=` has an empty value.
#[derive(Debug, Clone, Default)]
pub struct Fields<'q> {
    rest: &'q [u8],
}

impl<'q> Fields<'q> {
    /// The fields in `query`, which is what stands after the `?` of a target.
    pub fn new(query: &'q [u8]) -> Self {
        Self { rest: query }
    }

    /// The value of the first field called `name`.
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

/// Takes what stands before the first `separator`, or all, and the separator too.
fn take_until<'t>(rest: &mut &'t [u8], separator: u8) -> &'t [u8] {
    let mut halves = rest.splitn(2, |&byte| byte == separator);
    let before = halves.next().unwrap_or_default();
    *rest = halves.next().unwrap_or_default();
    before
}

/// A name or a value as it stands in a query: percent-encoded, `+` for a blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormText<'q>(
    /// The text, still encoded.
    pub &'q [u8],
);

impl FormText<'_> {
    /// Whether this is `text` once decoded.
    pub fn is(&self, text: &str) -> bool {
        self.decoder().eq(text.bytes().map(Ok))
    }

    /// Decodes into `buffer`.
    ///
    /// # Errors
    /// All of [`DecodeError`].
    pub fn decode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, DecodeError> {
        let decoded = collect(self.decoder(), buffer)?;
        core::str::from_utf8(decoded).map_err(|_| DecodeError::NotUtf8)
    }

    fn decoder(&self) -> Decoder<'_> {
        Decoder { rest: self.0, plus_is_blank: true }
    }
}

/// Adds a path with all encoded that may not stand in a path's segments (RFC 3986 section 3.3);
/// `/` stays.
pub fn encode_path(path: &str, out: &mut ResumableWriter<'_>) {
    for byte in path.bytes() {
        // Of the characters allowed, `'` and `&` are encoded all the same: they mean something where
        // a link is likely to stand.
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
    fn both_decoders_agree_on_anything() {
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
        let shown = out.shown();
        let encoded = &mut slice[..shown];
        assert_eq!(encoded, b"%C3%A4%20b/100%25%20%27x%27%20%22%3C%26%3E%3F%23%5B%5D%7F.txt");
        assert_eq!(decode_in_place(encoded), Ok(path.as_bytes().to_vec().as_mut_slice()));
    }

    fn fields(query: &str) -> Vec<(String, String)> {
        let text = |field: FormText<'_>| field.decode(&mut [0; 32]).unwrap().into();
        Fields::new(query.as_bytes()).map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn walks_the_fields_of_a_query() {
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
