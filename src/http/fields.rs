//! Field lines (RFC 9112 section 5): reading one, and the few that are kept.

use super::{
    bytes::{TOKEN, find, is_field_content, trim},
    status::Status,
};

/// A field line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldLine<'l> {
    pub name: &'l [u8],
    /// Without the blanks around it.
    pub value: &'l [u8],
}

impl<'l> FieldLine<'l> {
    /// Reads a line, its line end taken off.
    ///
    /// No blank before the colon (section 5.1), no folded line (section 5.2: it would begin with a
    /// blank), no control character and no bare CR in the value (RFC 9110 section 5.5).
    pub fn parse(line: &'l [u8]) -> Result<Self, Status> {
        match line.split_at_checked(TOKEN.span(line)) {
            Some((name @ [_, ..], [b':', value @ ..])) if is_field_content(value) => {
                Ok(Self { name, value: trim(value) })
            }
            _ => Err(Status::BAD_REQUEST),
        }
    }
}

/// What is done with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The server itself acts on it.
    Host,
    ContentLength,
    TransferEncoding,
    Connection,
    Expect,
    /// Kept for whoever answers.
    Keep,
    /// Kept if there is room, ignored otherwise.
    KeepIfShort,
    /// Nobody asked for it.
    Skip,
}

impl Use {
    /// What the field called `name` is for, unless an application wants it.
    pub fn of(name: &[u8]) -> Self {
        /// By length, so that most names are compared with one other at most.
        const USES: &[(&str, Use)] = &[
            ("Host", Use::Host),
            ("Range", Use::Keep),
            ("Expect", Use::Expect),
            ("Cookie", Use::KeepIfShort),
            ("Origin", Use::Keep),
            ("If-Match", Use::Keep),
            ("If-Range", Use::Keep),
            ("Connection", Use::Connection),
            ("Content-Type", Use::Keep),
            ("If-None-Match", Use::Keep),
            ("Authorization", Use::Keep),
            ("Content-Range", Use::Keep),
            ("Content-Length", Use::ContentLength),
            ("Sec-Fetch-Site", Use::Keep),
            ("Accept-Encoding", Use::Keep),
            ("Content-Encoding", Use::Keep),
            ("If-Modified-Since", Use::Keep),
            ("Transfer-Encoding", Use::TransferEncoding),
            ("If-Unmodified-Since", Use::Keep),
        ];
        USES.iter()
            .find(|(known, _)| {
                // Spelt as usual, most of the time.
                known.as_bytes() == name || name.eq_ignore_ascii_case(known.as_bytes())
            })
            .map_or(Self::Skip, |&(_, what)| what)
    }

    /// Whether a line of it must fit into memory.
    pub fn is_needed(self) -> bool {
        !matches!(self, Self::KeepIfShort | Self::Skip)
    }
}

/// The lines of the fields of a request that were kept, line ends and all.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptFields<'b>(pub &'b [u8]);

impl<'b> Iterator for KeptFields<'b> {
    type Item = FieldLine<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let end = find(b'\n', self.0)?;
        let line = self.0.get(..end)?.strip_suffix(b"\r")?;
        self.0 = self.0.get(end + 1..)?;
        let colon = find(b':', line)?;
        Some(FieldLine { name: line.get(..colon)?, value: trim(line.get(colon + 1..)?) })
    }
}

/// Passes over the value of a field that nobody asked for, in pieces.
///
/// Returns how many bytes of `piece` belong to it, and whether the line has ended with them.
/// `after_cr` carries over whether the last byte was the CR of the line's end.
pub(super) fn skip_value(after_cr: &mut bool, piece: &[u8]) -> Result<(usize, bool), Status> {
    let lf = find(b'\n', piece);
    let text = piece.get(..lf.unwrap_or(piece.len())).unwrap_or_default();
    if *after_cr && !text.is_empty() {
        return Err(Status::BAD_REQUEST);
    }
    let value = text.strip_suffix(b"\r");
    *after_cr |= value.is_some();
    if !is_field_content(value.unwrap_or(text)) {
        return Err(Status::BAD_REQUEST);
    }
    match lf {
        Some(_) if !*after_cr => Err(Status::BAD_REQUEST),
        Some(lf) => Ok((lf + 1, true)),
        None => Ok((piece.len(), false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, name, value) in [
            ("Host: a", "Host", "a"),
            ("hoSt:\texample.com \t", "hoSt", "example.com"),
            ("empty:", "empty", ""),
            ("a: b: c", "a", "b: c"),
            ("a:  b\tc\u{e9} ", "a", "b\tc\u{e9}"),
        ] {
            let expected = FieldLine { name: name.as_bytes(), value: value.as_bytes() };
            assert_eq!(FieldLine::parse(line.as_bytes()), Ok(expected), "{line:?}");
        }
        for line in [
            "",
            "a",
            ": b",
            "a : b",
            " a: b",
            "\ta: b",
            "a\t: b",
            "a[]: b",
            "a: b\0",
            "a: \x07",
            "a: b\rc",
            "a: b\r",
            "\u{e9}: a",
            "a: \x7f",
        ] {
            assert_eq!(FieldLine::parse(line.as_bytes()), Err(Status::BAD_REQUEST), "{line:?}");
        }
    }

    #[test]
    fn kept_lines_are_read_again() {
        let mut fields = KeptFields(b"Host: a:80\r\nRange:\r\nCookie:\t a=b; c \r\n");
        let mut next = || fields.next().map(|field| (field.name, field.value));
        assert_eq!(next(), Some((&b"Host"[..], &b"a:80"[..])));
        assert_eq!(next(), Some((&b"Range"[..], &b""[..])));
        assert_eq!(next(), Some((&b"Cookie"[..], &b"a=b; c"[..])));
        assert_eq!(next(), None);
    }

    #[test]
    fn values_are_skipped_in_pieces_of_any_size() {
        for (input, expected) in [
            (" value\r\nNext", Ok((8, true))),
            ("\r\n", Ok((2, true))),
            ("no end", Ok((6, false))),
            ("bare\n", Err(Status::BAD_REQUEST)),
            ("bare\rcr\r\n", Err(Status::BAD_REQUEST)),
            ("two\r\r\n", Err(Status::BAD_REQUEST)),
            ("nul\0\r\n", Err(Status::BAD_REQUEST)),
        ] {
            for size in 1..=input.len() {
                let mut after_cr = false;
                let mut skipped = Ok((0, false));
                for piece in input.as_bytes().chunks(size) {
                    let Ok((sum, false)) = skipped else { break };
                    skipped = skip_value(&mut after_cr, piece).map(|(len, end)| (sum + len, end));
                }
                assert_eq!(skipped, expected, "{input:?} by {size}");
            }
        }
    }
}
