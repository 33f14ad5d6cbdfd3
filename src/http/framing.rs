//! The length of a request's body (RFC 9112 section 6), from Content-Length and Transfer-Encoding.
//!
//! Readers that disagree on it make request smuggling possible (section 11.2), so all that some reader
//! might take for something else is refused.

use super::{
    bytes::{is_same_name, is_token, trim},
    method::Version,
    status::Status,
};

/// The framing fields of a request, collected field by field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framing {
    content_length: Option<u64>,
    codings: Codings,
}

/// The transfer codings so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codings {
    None,
    /// `chunked` alone.
    Chunked,
    /// A coding that is not implemented, with or without `chunked`.
    Unknown,
    /// `chunked` before another coding: the body's length cannot be determined.
    ChunkedNotLast,
}

/// The length of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// This many bytes; 0 for a request without framing fields.
    Exact(u64),
    /// Given by the chunks.
    Chunked,
}

impl Framing {
    /// No framing fields.
    pub const NONE: Self = Self { content_length: None, codings: Codings::None };

    /// Adds a Content-Length (RFC 9110 section 8.6).
    ///
    /// # Errors
    /// 400 for an invalid or a repeated one, even if both are equal, and for a leading zero, which
    /// some readers take for octal.
    pub fn content_length(&mut self, value: &[u8]) -> Result<(), Status> {
        if self.content_length.is_some() || matches!(value, [b'0', _, ..]) {
            return Err(Status::BAD_REQUEST);
        }
        self.content_length = Some(parse_content_length(value).ok_or(Status::BAD_REQUEST)?);
        Ok(())
    }

    /// Adds a Transfer-Encoding (RFC 9112 section 6.1). Several fields are one list.
    ///
    /// # Errors
    /// 400 for a coding that is not a token.
    pub fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Status> {
        for coding in value.split(|&byte| byte == b',').map(trim) {
            let name = coding.split(|&byte| byte == b';').next().map(trim).unwrap_or_default();
            // RFC 9110 section 5.6.1 would allow an empty element; no usual client sends one.
            if !is_token(name) {
                return Err(Status::BAD_REQUEST);
            }
            self.codings = match self.codings {
                Codings::Chunked | Codings::ChunkedNotLast => Codings::ChunkedNotLast,
                Codings::None if is_same_name(coding, b"chunked") => Codings::Chunked,
                Codings::None | Codings::Unknown => Codings::Unknown,
            };
        }
        Ok(())
    }

    /// Whether the request has a framing field: it has a body, which may be empty.
    pub fn is_announced(&self) -> bool {
        self.content_length.is_some() || self.codings != Codings::None
    }

    /// The length by the rules of RFC 9112 section 6.3.
    ///
    /// # Errors
    /// 400 for contradicting fields, 501 for an unknown coding. The connection must be closed then.
    pub fn length(&self, version: Version) -> Result<Length, Status> {
        match (self.codings, self.content_length) {
            (Codings::None, length) => Ok(Length::Exact(length.unwrap_or(0))),
            // Both fields together are an attempt at request smuggling (section 11.2). HTTP/1.0 has
            // no transfer codings (section 6.1).
            (_, Some(_)) => Err(Status::BAD_REQUEST),
            (_, None) if version == Version::Http10 => Err(Status::BAD_REQUEST),
            (Codings::Chunked, None) => Ok(Length::Chunked),
            (Codings::ChunkedNotLast, None) => Err(Status::BAD_REQUEST),
            (Codings::Unknown, None) => Err(Status::NOT_IMPLEMENTED),
        }
    }
}

/// `1*DIGIT`; `None` beyond 64 bits. [`parse_decimal`](crate::wire::number::parse_decimal) saturates,
/// which would give a body a length other than the sender's.
fn parse_content_length(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields as `name value` (C for Content-Length, T for Transfer-Encoding).
    fn decide(fields: &[(char, &str)], version: Version) -> Result<Length, Status> {
        let mut framing = Framing::NONE;
        for (name, value) in fields {
            match name {
                'C' => framing.content_length(value.as_bytes())?,
                _ => framing.transfer_encoding(value.as_bytes())?,
            }
        }
        framing.length(version)
    }

    #[test]
    fn lengths_of_bodies() {
        let refused = Err(Status::BAD_REQUEST);
        let unknown = Err(Status::NOT_IMPLEMENTED);
        type Row<'a> = (&'a [(char, &'a str)], Result<Length, Status>);
        let rows: [Row<'_>; 27] = [
            (&[], Ok(Length::Exact(0))),
            (&[('C', "0")], Ok(Length::Exact(0))),
            (&[('C', "5")], Ok(Length::Exact(5))),
            (&[('C', "18446744073709551615")], Ok(Length::Exact(u64::MAX))),
            (&[('C', "18446744073709551616")], refused),
            (&[('C', "")], refused),
            (&[('C', "+5")], refused),
            (&[('C', "-1")], refused),
            (&[('C', "5 5")], refused),
            (&[('C', "5,5")], refused),
            (&[('C', "0x5")], refused),
            (&[('C', "005")], refused),
            (&[('C', "5"), ('C', "5")], refused),
            (&[('C', "5"), ('C', "6")], refused),
            (&[('T', "chunked")], Ok(Length::Chunked)),
            (&[('T', "CHUNKED")], Ok(Length::Chunked)),
            (&[('T', "chunked"), ('C', "5")], refused),
            (&[('C', "5"), ('T', "gzip")], refused),
            (&[('T', "chunked, chunked")], refused),
            (&[('T', "chunked"), ('T', "chunked")], refused),
            (&[('T', "chunked, gzip")], refused),
            (&[('T', "gzip, chunked")], unknown),
            (&[('T', "xchunked")], unknown),
            (&[('T', "identity")], unknown),
            (&[('T', "chunked;a=b")], unknown),
            (&[('T', "")], refused),
            (&[('T', ", chunked")], refused),
        ];
        for (fields, expected) in rows {
            assert_eq!(decide(fields, Version::Http11), expected, "{fields:?}");
        }
        assert_eq!(decide(&[('T', "chunked")], Version::Http10), refused);
        assert_eq!(decide(&[('C', "5")], Version::Http10), Ok(Length::Exact(5)));
    }
}
