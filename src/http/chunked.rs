//! The chunked transfer coding (RFC 9112 section 7.1).
//!
//! ```text
//! 1a; name=value CRLF         size in hexadecimal, extensions
//! 26 bytes of data CRLF
//! 0 CRLF                      the last chunk
//! Trailer: value CRLF         trailer section
//! CRLF
//! ```
//!
//! Extensions and trailers are checked and ignored.

use super::{
    bytes::{is_field_content, is_token_char},
    status::Status,
};
use crate::wire::number::hex_digit;

/// The most bytes of extensions in a chunk, and of trailers (section 7.1.1 demands a limit).
const OVERHEAD_LIMIT: u16 = 1024;

/// Finds the data in a chunked body, which may arrive in pieces of any size.
#[derive(Debug)]
pub(super) struct Decoder {
    expected: Expected,
    /// The chunk's size, while it is read; then the bytes of data that are left.
    left: u64,
    /// Bytes of extensions in this chunk, or of trailers.
    overhead: u16,
}

/// The part of the coding that is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    FirstDigit,
    Size,
    /// White space before a `;`.
    BlankBefore,
    /// White space before a `;` or a `=`.
    BlankAfterName,
    BlankBeforeName,
    ExtensionName,
    BlankBeforeValue,
    ExtensionValue,
    QuotedValue,
    QuotedPair,
    AfterQuotedValue,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerLine,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    Nothing,
}

/// The content of the front of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// This many bytes of framing; more input is needed.
    NeedsMore(usize),
    /// This many bytes of framing, then this many of data, which [`Decoder::consume`] takes.
    Data(usize, usize),
    /// This many bytes of framing, the last of the body.
    End(usize),
}

impl Decoder {
    pub const fn new() -> Self {
        Self { expected: Expected::FirstDigit, left: 0, overhead: 0 }
    }

    /// Skips the framing at the front of `input`.
    ///
    /// # Errors
    /// 400 for invalid framing; the connection must be closed then.
    pub fn step(&mut self, input: &[u8]) -> Result<Step, Status> {
        for (at, &byte) in input.iter().enumerate() {
            match self.expected {
                Expected::Data => {
                    let rest = input.len() - at;
                    let data = usize::try_from(self.left).map_or(rest, |left| left.min(rest));
                    return Ok(Step::Data(at, data));
                }
                Expected::Nothing => return Ok(Step::End(at)),
                _ => self.take(byte)?,
            }
        }
        Ok(match self.expected {
            Expected::Nothing => Step::End(input.len()),
            _ => Step::NeedsMore(input.len()),
        })
    }

    /// Takes `taken` bytes of data.
    pub fn consume(&mut self, taken: usize) {
        self.left = self.left.saturating_sub(taken as u64);
        if self.left == 0 {
            self.expected = Expected::DataCr;
        }
    }

    /// Takes a byte of framing.
    fn take(&mut self, byte: u8) -> Result<(), Status> {
        const BAD: Status = Status::BAD_REQUEST;
        use Expected::{Data, DataCr, DataLf, FirstDigit, Size, SizeLf, TrailerLine};
        if !matches!(self.expected, FirstDigit | Size | SizeLf | DataCr | DataLf) {
            self.overhead += 1;
            if self.overhead > OVERHEAD_LIMIT {
                return Err(BAD);
            }
        }
        let rule = RULES.iter().find(|rule| rule.is_for(self.expected, byte)).ok_or(BAD)?;
        self.expected = match rule.next {
            Size => {
                let digit = (byte as char).to_digit(16).map_or(0, u64::from);
                self.left = self.left.checked_mul(16).ok_or(BAD)? + digit;
                Size
            }
            Data => {
                self.overhead = 0;
                if self.left == 0 { TrailerLine } else { Data }
            }
            next => next,
        };
        Ok(())
    }
}

/// A transition: in some states, some bytes lead to the state `next`.
struct Rule {
    /// The states, one bit for each [`Expected`].
    places: u32,
    bytes: Bytes,
    next: Expected,
}

enum Bytes {
    One(u8),
    HexDigit,
    Blank,
    Token,
    /// All bytes that a field value or a quoted string may contain.
    Content,
}

impl Rule {
    const fn new(places: &[Expected], bytes: Bytes, next: Expected) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < places.len() {
            bits |= 1 << places[at] as u32;
            at += 1;
        }
        Self { places: bits, bytes, next }
    }

    fn is_for(&self, place: Expected, byte: u8) -> bool {
        self.places >> place as u32 & 1 == 1
            && match self.bytes {
                Bytes::One(only) => byte == only,
                Bytes::HexDigit => byte.is_ascii_hexdigit(),
                Bytes::Blank => matches!(byte, b' ' | b'\t'),
                Bytes::Token => is_token_char(byte),
                Bytes::Content => is_field_content(&[byte]),
            }
    }
}

/// The grammar. The first rule that matches applies.
static RULES: [Rule; 24] = {
    use Bytes::{Blank, Content, HexDigit, One, Token};
    use Expected::*;
    [
        Rule::new(&[FirstDigit, Size], HexDigit, Size),
        // White space is valid before a `;` but not before the line end.
        Rule::new(&[Size, ExtensionName, ExtensionValue, AfterQuotedValue], One(b'\r'), SizeLf),
        Rule::new(
            &[Size, ExtensionName, ExtensionValue, AfterQuotedValue, BlankBefore, BlankAfterName],
            One(b';'),
            BlankBeforeName,
        ),
        Rule::new(&[Size, ExtensionValue, AfterQuotedValue, BlankBefore], Blank, BlankBefore),
        Rule::new(&[ExtensionName, BlankAfterName], Blank, BlankAfterName),
        Rule::new(&[BlankBeforeName], Blank, BlankBeforeName),
        Rule::new(&[BlankBeforeName, ExtensionName], Token, ExtensionName),
        Rule::new(&[ExtensionName, BlankAfterName], One(b'='), BlankBeforeValue),
        Rule::new(&[BlankBeforeValue], Blank, BlankBeforeValue),
        Rule::new(&[BlankBeforeValue], One(b'"'), QuotedValue),
        Rule::new(&[BlankBeforeValue, ExtensionValue], Token, ExtensionValue),
        Rule::new(&[QuotedValue], One(b'"'), AfterQuotedValue),
        Rule::new(&[QuotedValue], One(b'\\'), QuotedPair),
        Rule::new(&[QuotedValue, QuotedPair], Content, QuotedValue),
        // After a size of 0, the trailers follow.
        Rule::new(&[SizeLf], One(b'\n'), Data),
        Rule::new(&[DataCr], One(b'\r'), DataLf),
        Rule::new(&[DataLf], One(b'\n'), FirstDigit),
        Rule::new(&[TrailerLine], One(b'\r'), LastLf),
        Rule::new(&[TrailerLine, TrailerName], Token, TrailerName),
        Rule::new(&[TrailerName], One(b':'), TrailerValue),
        Rule::new(&[TrailerValue], One(b'\r'), TrailerLf),
        Rule::new(&[TrailerValue], Content, TrailerValue),
        Rule::new(&[TrailerLf], One(b'\n'), TrailerLine),
        Rule::new(&[LastLf], One(b'\n'), Nothing),
    ]
};

/// Bytes of framing around the data of a chunk that is sent.
pub(super) const CHUNK_OVERHEAD: usize = CHUNK_HEAD + 2;
/// `XXXX` CR LF.
const CHUNK_HEAD: usize = 6;
/// The most data in a chunk: its size has four digits.
const CHUNK_MAX: usize = 0xffff;

/// The last chunk, with an empty trailer section.
pub(super) const LAST_CHUNK: &[u8; 5] = b"0\r\n\r\n";

/// The place for the data of a chunk in `output`; `None` if that is shorter than [`CHUNK_OVERHEAD`].
pub(super) fn chunk_data(output: &mut [u8]) -> Option<&mut [u8]> {
    let room = output.len().checked_sub(CHUNK_OVERHEAD)?.min(CHUNK_MAX);
    output.get_mut(CHUNK_HEAD..CHUNK_HEAD + room)
}

/// Adds the framing to `len` bytes of data in the place that [`chunk_data`] returned, and returns the
/// length of the chunk. The size is written with leading zeros, so that its length does not depend on
/// the data.
pub(super) fn frame_chunk(output: &mut [u8], len: usize) -> usize {
    let digit = |shift: usize| hex_digit((len >> shift) as u8 & 0xf);
    let head = [digit(12), digit(8), digit(4), digit(0), b'\r', b'\n'];
    if let Some(place) = output.get_mut(..CHUNK_HEAD) {
        place.copy_from_slice(&head);
    }
    if let Some(place) = output.get_mut(CHUNK_HEAD + len..len + CHUNK_OVERHEAD) {
        place.copy_from_slice(b"\r\n");
    }
    len + CHUNK_OVERHEAD
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{vec, vec::Vec};

    use super::*;

    /// Decodes pieces of `size` bytes; the data, and how much of the input the body took.
    fn decode(input: &[u8], size: usize) -> Result<Option<(Vec<u8>, usize)>, Status> {
        let mut decoder = Decoder::new();
        let mut data = vec![];
        let mut at = 0;
        for piece in input.chunks(size) {
            let mut piece = piece;
            loop {
                match decoder.step(piece)? {
                    Step::NeedsMore(framing) => {
                        at += framing;
                        break;
                    }
                    Step::Data(framing, len) => {
                        data.extend_from_slice(&piece[framing..framing + len]);
                        decoder.consume(len);
                        at += framing + len;
                        piece = &piece[framing + len..];
                    }
                    Step::End(framing) => return Ok(Some((data, at + framing))),
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn bodies_in_pieces_of_any_size() {
        for (body, expected) in [
            ("0\r\n\r\n", ""),
            ("5\r\nhello\r\n0\r\n\r\n", "hello"),
            ("A\r\n0123456789\r\n0005\r\nhello\r\n000\r\n\r\n", "0123456789hello"),
            ("5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello"),
            ("5 ; a = \"x\\\";\" ;b\r\nhello\r\n0\r\n\r\n", "hello"),
            ("1\r\nx\r\n0\r\nA: b\r\nContent-Length: 4\r\nC:\r\n\r\n", "x"),
        ] {
            let input = std::format!("{body}GET /");
            for size in 1..=input.len() {
                let (data, taken) = decode(input.as_bytes(), size).unwrap().unwrap();
                assert_eq!(data, expected.as_bytes(), "{body:?} by {size}");
                assert_eq!(taken, body.len(), "{body:?} by {size}");
            }
        }
    }

    #[test]
    fn malformed_bodies() {
        for body in [
            "\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n",
            "-5\r\n",
            "0x5\r\nhello\r\n",
            "5_0\r\n",
            "5 \r\nhello\r\n",
            "5;\r\nhello\r\n",
            "5;a=\r\nhello\r\n",
            "5;a\nhello\r\n",
            "5;a\rb\r\nhello\r\n",
            "5;\0\r\nhello\r\n",
            "5 a\r\nhello\r\n",
            "5;a=\"b\r\nhello",
            "5\nhello\r\n",
            "5\rhello\r\n",
            "5\r\nhello0\r\n",
            "5\r\nhello\n0\r\n",
            "5\r\nhello\r0\r\n",
            "5\r\nhelloxx\r\n0\r\n",
            "g\r\n",
            "10000000000000000\r\n",
            "0\r\nA : b\r\n\r\n",
            "0\r\n b\r\n\r\n",
            "0\r\nA: b\n\r\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\n\n",
        ] {
            for size in 1..=body.len() {
                assert_eq!(decode(body.as_bytes(), size), Err(Status::BAD_REQUEST), "{body:?}");
            }
        }
        let long = std::format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(64 << 10));
        assert_eq!(decode(long.as_bytes(), 1000), Err(Status::BAD_REQUEST));
    }

    #[test]
    fn frames_a_chunk() {
        let mut output = [0; 64];
        chunk_data(&mut output).unwrap()[..5].copy_from_slice(b"hello");
        let len = frame_chunk(&mut output, 5);
        assert_eq!(&output[..len], b"0005\r\nhello\r\n");
        let mut whole = output[..len].to_vec();
        whole.extend_from_slice(LAST_CHUNK);
        assert_eq!(decode(&whole, 3), Ok(Some((b"hello".to_vec(), whole.len()))));
    }
}
