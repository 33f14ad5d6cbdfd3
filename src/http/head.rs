//! The head of a request, which may arrive in pieces of any size (RFC 9112 sections 2 and 3).
//!
//! The front of the connection's buffer holds the part of the head that is kept:
//!
//! ```text
//! | target | path, if it differs from the raw path | field lines | unfinished line |
//!                                           fields_start         end
//! ```
//!
//! Fields are kept by their [`FieldRole`] or when the application wants them. A line is collected
//! behind the kept part and joins it, or is overwritten by the next line.

use core::ops::Range;

use super::{
    bytes::{find, is_same_name, is_token, is_token_char},
    fields::{FieldLine, FieldRole, KeptFields, skip_value},
    framing::Framing,
    host::is_valid_authority,
    method::{Method, Version},
    path::normalise,
    request_line::{RequestLine, TargetForm},
    status::Status,
};

/// The most field lines in a head; more get 431 (RFC 6585 section 5).
const MAX_LINES: u8 = 100;
/// The most bytes in a head, including those that are not kept.
const MAX_BYTES: usize = 64 << 10;
/// The most empty lines before a request (RFC 9112 section 2.2 demands at least one).
const MAX_EMPTY_LINES: u8 = 4;

/// Whether the application wants a field, by the request's path and the field's name.
pub(super) type Wants<'w> = &'w dyn Fn(&str, &str) -> bool;

#[derive(Debug)]
pub(super) struct Head {
    stage: Stage,
    /// Length of the kept part.
    end: usize,
    /// Bytes of the unfinished line behind it.
    partial: usize,
    /// Bytes of the head so far.
    bytes: usize,
    /// Field lines so far.
    lines: u8,
    pub method: Option<Method>,
    pub form: TargetForm,
    pub version: Version,
    target: Range<usize>,
    path_end: usize,
    /// Whether the path is behind the target in the buffer, because it differs from the raw path.
    is_decoded: bool,
    fields_start: usize,
    /// Bit `n` is set if a kept field has a name of `n` bytes, modulo 32.
    name_lengths: u32,
    pub framing: Framing,
    pub has_host: bool,
    pub expectation: Expectation,
    wants_close: bool,
    wants_keep_alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before the request line.
    Before {
        empty_lines: u8,
        after_cr: bool,
    },
    RequestLine,
    Fields,
    /// In the value of a field that is not kept.
    Skipping {
        after_cr: bool,
    },
    Complete,
}

/// The Expect field (RFC 9110 section 10.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    None,
    Continue,
    Unknown,
}

impl Head {
    pub const fn new() -> Self {
        Self {
            stage: Stage::Before { empty_lines: 0, after_cr: false },
            end: 0,
            partial: 0,
            bytes: 0,
            lines: 0,
            method: None,
            form: TargetForm::Origin,
            version: Version::Http11,
            target: 0..0,
            path_end: 0,
            is_decoded: false,
            fields_start: 0,
            name_lengths: 0,
            framing: Framing::NONE,
            has_host: false,
            expectation: Expectation::None,
            wants_close: false,
            wants_keep_alive: false,
        }
    }

    /// Whether the first byte of the request line has been read.
    pub fn has_begun(&self) -> bool {
        !matches!(self.stage, Stage::Before { .. })
    }

    pub fn is_complete(&self) -> bool {
        self.stage == Stage::Complete
    }

    /// Which part of a head that is refused with 400 is at fault. The framing of a complete head
    /// consists of fields.
    pub fn fault(&self) -> &'static str {
        match self.stage {
            Stage::Before { .. } | Stage::RequestLine => "invalid request line",
            Stage::Fields | Stage::Skipping { .. } | Stage::Complete => "invalid field",
        }
    }

    /// Length of the kept part, at the front of the buffer.
    pub fn kept_len(&self) -> usize {
        self.end
    }

    /// Whether the client wants a persistent connection (RFC 9112 section 9.3).
    pub fn is_persistent(&self) -> bool {
        match self.version {
            Version::Http11 => !self.wants_close,
            Version::Http10 => self.wants_keep_alive && !self.wants_close,
        }
    }

    /// The target as it was sent, without scheme and authority.
    pub fn target<'b>(&self, buffer: &'b [u8]) -> &'b str {
        text(buffer, self.target.clone())
    }

    /// What precedes the target: the method, and scheme and authority of a target in absolute-form.
    pub fn before_target<'b>(&self, buffer: &'b [u8]) -> &'b [u8] {
        buffer.get(..self.target.start).unwrap_or_default()
    }

    /// As [`Head::raw_path`], in bytes, which are ASCII.
    pub fn raw_path_bytes<'b>(&self, buffer: &'b [u8]) -> &'b [u8] {
        buffer.get(self.target.start..self.path_end).unwrap_or_default()
    }

    /// The raw path: as it was sent.
    pub fn raw_path<'b>(&self, buffer: &'b [u8]) -> &'b str {
        text(buffer, self.target.start..self.path_end)
    }

    /// The path: decoded, without dot segments and the slash in front.
    pub fn path<'b>(&self, buffer: &'b [u8]) -> &'b str {
        match self.is_decoded {
            true => text(buffer, self.target.end..self.fields_start),
            false => self.raw_path(buffer).get(1..).unwrap_or_default(),
        }
    }

    /// The query, after the `?`, still encoded.
    pub fn query<'b>(&self, buffer: &'b [u8]) -> Option<&'b str> {
        (self.path_end < self.target.end).then(|| text(buffer, self.path_end + 1..self.target.end))
    }

    /// Whether a field called `name` may have been kept: `false` for most fields that were not sent,
    /// without a search.
    pub fn may_have(&self, name: &str) -> bool {
        self.name_lengths >> (name.len() & 31) & 1 == 1
    }

    /// Whether one of the fields of RFC 9110 sections 13.1 and 14.2 may have been kept. If-Range is
    /// left out: it has no effect without Range.
    pub fn may_have_conditions_or_range(&self) -> bool {
        const LENGTHS: u32 = (1 << "If-Match".len())
            | (1 << "If-None-Match".len())
            | (1 << "If-Modified-Since".len())
            | (1 << "If-Unmodified-Since".len())
            | (1 << "Range".len());
        self.name_lengths & LENGTHS != 0
    }

    pub fn fields<'b>(&self, buffer: &'b [u8]) -> KeptFields<'b> {
        KeptFields(buffer.get(self.fields_start..self.end).unwrap_or_default())
    }

    /// Reads the head from `input` and returns the number of bytes taken: all of them, unless the
    /// head is complete before.
    ///
    /// # Errors
    /// 400 for invalid syntax, 414 or 431 for a line that must be kept and does not fit into `buffer`,
    /// 431 beyond [`MAX_LINES`] or [`MAX_BYTES`], 501 or 505 for an unknown method, version or coding.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        input: &[u8],
        wants: Wants<'_>,
    ) -> Result<usize, Status> {
        // So that the result does not depend on the size of the pieces, nothing beyond the limit is
        // read.
        let input = input.get(..MAX_BYTES + 1 - self.bytes).unwrap_or(input);
        let mut rest = input;
        while !rest.is_empty() && !self.is_complete() {
            let step = match self.stage {
                Stage::Before { empty_lines, after_cr } => {
                    self.skip_empty_line(rest, empty_lines, after_cr)?
                }
                Stage::Skipping { mut after_cr } => {
                    let (len, ended) = skip_value(&mut after_cr, rest)?;
                    self.stage = if ended { Stage::Fields } else { Stage::Skipping { after_cr } };
                    len
                }
                Stage::RequestLine | Stage::Fields | Stage::Complete => {
                    self.read_line(buffer, rest, wants)?
                }
            };
            rest = rest.get(step..).unwrap_or_default();
        }
        let taken = input.len() - rest.len();
        self.bytes += taken;
        if self.bytes > MAX_BYTES {
            return Err(Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        Ok(taken)
    }

    /// Reads one byte before the request line: part of an empty line, or the first of a method.
    fn skip_empty_line(
        &mut self,
        input: &[u8],
        empty_lines: u8,
        after_cr: bool,
    ) -> Result<usize, Status> {
        self.stage = match input.first() {
            Some(b'\n') if after_cr && empty_lines < MAX_EMPTY_LINES => {
                Stage::Before { empty_lines: empty_lines + 1, after_cr: false }
            }
            Some(b'\r') if !after_cr => Stage::Before { empty_lines, after_cr: true },
            Some(&byte) if !after_cr && is_token_char(byte) => {
                self.stage = Stage::RequestLine;
                return Ok(0);
            }
            _ => return Err(Status::BAD_REQUEST),
        };
        Ok(1)
    }

    fn read_line(
        &mut self,
        buffer: &mut [u8],
        input: &[u8],
        wants: Wants<'_>,
    ) -> Result<usize, Status> {
        let lf = find(b'\n', input);
        let piece_len = lf.map_or(input.len(), |lf| lf + 1);
        let room = buffer.get_mut(self.end + self.partial..).unwrap_or_default();
        let copied = piece_len.min(room.len());
        if let (Some(place), Some(piece)) = (room.get_mut(..copied), input.get(..copied)) {
            place.copy_from_slice(piece);
        }
        self.partial += copied;
        if copied < piece_len {
            self.skip_line(buffer, wants)?;
        } else if lf.is_some() {
            let line_end = self.end + core::mem::take(&mut self.partial);
            // A bare LF does not end a line. RFC 9112 section 2.2 would allow it, but readers that
            // disagree on it make request smuggling possible.
            let Some([line @ .., b'\r', b'\n']) = buffer.get(self.end..line_end) else {
                return Err(Status::BAD_REQUEST);
            };
            if self.stage == Stage::RequestLine {
                let len = line.len();
                self.read_request_line(buffer, len)?;
            } else if line.is_empty() {
                self.stage = Stage::Complete;
            } else if self.read_field(line, buffer, wants)? {
                self.end = line_end;
            }
        }
        Ok(copied)
    }

    /// Handles a line that does not fit into the buffer: an error, unless it is a field that need not
    /// be kept.
    #[inline(never)]
    fn skip_line(&mut self, buffer: &[u8], wants: Wants<'_>) -> Result<(), Status> {
        let len = core::mem::take(&mut self.partial);
        let line = buffer.get(self.end..self.end + len).unwrap_or_default();
        if self.stage == Stage::RequestLine {
            return Err(match find(b' ', line) {
                Some(_) => Status::URI_TOO_LONG,
                // A method longer than all known ones (RFC 9112 section 3).
                None if is_token(line) => Status::NOT_IMPLEMENTED,
                None => Status::BAD_REQUEST,
            });
        }
        let colon = find(b':', line).ok_or(Status::REQUEST_HEADER_FIELDS_TOO_LARGE)?;
        let name = line.get(..colon).unwrap_or_default();
        if !is_token(name) {
            return Err(Status::BAD_REQUEST);
        }
        let role = FieldRole::of(name);
        if role.is_needed() || self.keeps(role, name, buffer, wants) {
            return Err(Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        self.count_line()?;
        let mut after_cr = false;
        skip_value(&mut after_cr, line.get(colon + 1..).unwrap_or_default())?;
        self.stage = Stage::Skipping { after_cr };
        Ok(())
    }

    #[inline(never)]
    fn read_request_line(&mut self, buffer: &mut [u8], len: usize) -> Result<(), Status> {
        let line = RequestLine::parse(buffer.get(..len).unwrap_or_default())?;
        self.method = line.method;
        self.form = line.form;
        self.version = line.version;
        self.target = line.target;
        self.path_end = line.path_end;
        self.end = self.target.end;
        if !line.is_normal {
            let (target, rest) =
                buffer.split_at_mut_checked(self.end).ok_or(Status::URI_TOO_LONG)?;
            let path = target.get(self.target.start..self.path_end).unwrap_or_default();
            self.end += normalise(path, rest)?;
            self.is_decoded = true;
        }
        self.fields_start = self.end;
        self.stage = Stage::Fields;
        Ok(())
    }

    /// Reads a field line, which is behind the kept part. Returns whether it is to be kept.
    #[inline(never)]
    fn read_field(&mut self, line: &[u8], buffer: &[u8], wants: Wants<'_>) -> Result<bool, Status> {
        self.count_line()?;
        let field = FieldLine::parse(line)?;
        let role = FieldRole::of(field.name);
        self.evaluate(role, field.value)?;
        let kept = role == FieldRole::KeepIfShort || self.keeps(role, field.name, buffer, wants);
        if kept {
            self.name_lengths |= 1 << (field.name.len() & 31);
        }
        Ok(kept)
    }

    fn count_line(&mut self) -> Result<(), Status> {
        self.lines += 1;
        if self.lines > MAX_LINES {
            return Err(Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        Ok(())
    }

    /// Whether the field is kept for the application.
    fn keeps(&self, role: FieldRole, name: &[u8], buffer: &[u8], wants: Wants<'_>) -> bool {
        matches!(role, FieldRole::Host | FieldRole::Keep)
            || wants(self.path(buffer), core::str::from_utf8(name).unwrap_or_default())
    }

    /// Evaluates the fields that concern the server itself.
    fn evaluate(&mut self, role: FieldRole, value: &[u8]) -> Result<(), Status> {
        match role {
            // RFC 9112 section 3.2.
            FieldRole::Host if self.has_host || !is_valid_authority(value) => {
                return Err(Status::BAD_REQUEST);
            }
            FieldRole::Host => self.has_host = true,
            FieldRole::ContentLength => self.framing.content_length(value)?,
            FieldRole::TransferEncoding => self.framing.transfer_encoding(value)?,
            FieldRole::Connection => {
                for option in value.split(|&byte| byte == b',').map(super::bytes::trim) {
                    self.wants_close |= is_same_name(option, b"close");
                    self.wants_keep_alive |= is_same_name(option, b"keep-alive");
                }
            }
            FieldRole::Expect => {
                let known = is_same_name(value, b"100-continue");
                self.expectation = match self.expectation {
                    Expectation::None if known => Expectation::Continue,
                    _ => Expectation::Unknown,
                };
            }
            FieldRole::Keep | FieldRole::KeepIfShort | FieldRole::Skip => {}
        }
        Ok(())
    }
}

fn text(buffer: &[u8], range: Range<usize>) -> &str {
    buffer.get(range).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
}
