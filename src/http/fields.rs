//! Field lines (RFC 9112 section 5): `name: value`, and which of them are kept.

use super::{
    bytes::{TOKEN, find, is_field_content, is_same_name, trim},
    status::Status,
};

/// The parts of a field line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldLine<'l> {
    pub name: &'l [u8],
    /// Without the white space around it.
    pub value: &'l [u8],
}

impl<'l> FieldLine<'l> {
    /// Parses a line without its line end.
    ///
    /// # Errors
    /// 400 for white space before the colon (section 5.1), for a folded line, which begins with white
    /// space (section 5.2), and for a control character or a bare CR in the value (RFC 9110 section
    /// 5.5).
    pub fn parse(line: &'l [u8]) -> Result<Self, Status> {
        match line.split_at_checked(TOKEN.span(line)) {
            Some((name @ [_, ..], [b':', value @ ..])) if is_field_content(value) => {
                Ok(Self { name, value: trim(value) })
            }
            _ => Err(Status::BAD_REQUEST),
        }
    }
}

/// The role of a field in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldRole {
    /// Checked by the server, and kept.
    Host,
    // Evaluated by the server.
    ContentLength,
    TransferEncoding,
    Connection,
    Expect,
    /// Kept for the application.
    Keep,
    /// Kept for the application if it fits into the buffer, else ignored.
    KeepIfShort,
    /// Not kept, unless the application wants it.
    Skip,
}

impl FieldRole {
    /// The role of the field called `name`.
    pub fn of(name: &[u8]) -> Self {
        // Comparing lengths comes first, so that most names are compared with one known name at most.
        const ROLES: &[(&str, FieldRole)] = &[
            ("Host", FieldRole::Host),
            ("Range", FieldRole::Keep),
            ("Expect", FieldRole::Expect),
            ("Cookie", FieldRole::KeepIfShort),
            ("Origin", FieldRole::Keep),
            ("If-Match", FieldRole::Keep),
            ("If-Range", FieldRole::Keep),
            ("Connection", FieldRole::Connection),
            ("Content-Type", FieldRole::Keep),
            ("If-None-Match", FieldRole::Keep),
            ("Authorization", FieldRole::Keep),
            ("Content-Range", FieldRole::Keep),
            ("Content-Length", FieldRole::ContentLength),
            ("Sec-Fetch-Site", FieldRole::Keep),
            ("Accept-Encoding", FieldRole::Keep),
            ("Content-Encoding", FieldRole::Keep),
            ("If-Modified-Since", FieldRole::Keep),
            ("Transfer-Encoding", FieldRole::TransferEncoding),
            ("If-Unmodified-Since", FieldRole::Keep),
        ];
        ROLES
            .iter()
            .find(|(known, _)| {
                // Most names have the usual case.
                known.len() == name.len()
                    && (known.as_bytes() == name || is_same_name(name, known.as_bytes()))
            })
            .map_or(Self::Skip, |&(_, role)| role)
    }

    /// Whether a line that does not fit into the buffer is an error.
    pub fn is_needed(self) -> bool {
        !matches!(self, Self::KeepIfShort | Self::Skip)
    }
}

/// An iterator over the field lines that were kept, each with its CRLF.
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

/// Skips the value of a field that is not kept, which may come in pieces. Returns how many bytes of
/// `piece` belong to the line, and whether it ends with them. `after_cr` is whether the last byte was
/// a CR, which only the LF of the line end may follow.
///
/// # Errors
/// 400 as in [`FieldLine::parse`].
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
    fn field_lines() {
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
    fn iterates_over_kept_lines() {
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
