//! A request's head, read in whatever pieces it comes (RFC 9112 sections 2 and 3).
//!
//! Only what somebody asked for is kept, in the front of the connection's buffer: the target, its
//! path decoded where that differs, and the fields of [`Use`]. Each line is read behind what is kept,
//! where its first part waits for the rest if it comes in pieces.

use core::ops::Range;

use super::{
    bytes::{find, is_token, is_token_char},
    fields::{FieldLine, KeptFields, Use, skip_value},
    framing::Framing,
    host::is_valid_authority,
    method::{Method, Version},
    path::normalise,
    request_line::{Form, RequestLine},
    status::Status,
};

/// Field lines in a head (RFC 6585 section 5).
const MAX_LINES: u8 = 100;
/// Bytes in a head, skipped fields and all.
const MAX_BYTES: usize = 64 << 10;
/// Empty lines before a request (RFC 9112 section 2.2 asks for one at least).
const MAX_EMPTY_LINES: u8 = 4;

/// Whether an application wants the field of this name in a request for this path.
pub(super) type Wants<'w> = &'w dyn Fn(&str, &str) -> bool;

#[derive(Debug)]
pub(super) struct Head {
    stage: Stage,
    /// Bytes kept.
    end: usize,
    /// Bytes of an unfinished line behind them.
    partial: usize,
    bytes: usize,
    lines: u8,
    pub method: Option<Method>,
    pub form: Form,
    pub version: Version,
    target: Range<usize>,
    path_end: usize,
    /// Whether the decoded path stands behind the target, because it is not the target's own,
    /// or because of empty segments.
    is_decoded: bool,
    fields_start: usize,
    /// A bit for each length that the name of a kept field has.
    name_lengths: u32,
    pub framing: Framing,
    pub has_host: bool,
    pub expectation: Expectation,
    wants_close: bool,
    wants_keep_alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before the request: nothing, or empty lines.
    Before {
        empty_lines: u8,
        after_cr: bool,
    },
    RequestLine,
    Fields,
    /// In the value of a field that nobody asked for.
    Skipping {
        after_cr: bool,
    },
    Complete,
}

/// What the Expect field says (RFC 9110 section 10.1.1).
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
            form: Form::Resource,
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

    /// Whether a byte of the request itself has come.
    pub fn has_begun(&self) -> bool {
        !matches!(self.stage, Stage::Before { .. })
    }

    pub fn is_complete(&self) -> bool {
        self.stage == Stage::Complete
    }

    /// Bytes of the buffer that hold what is kept.
    pub fn kept_len(&self) -> usize {
        self.end
    }

    /// Whether the client wants the connection to stay (RFC 9112 section 9.3).
    pub fn is_persistent(&self) -> bool {
        match self.version {
            Version::Http11 => !self.wants_close,
            Version::Http10 => self.wants_keep_alive && !self.wants_close,
        }
    }

    /// The target as it came, from its path on.
    pub fn target<'b>(&self, buffer: &'b [u8]) -> &'b str {
        text(buffer, self.target.clone())
    }

    /// The path as it came, in ASCII.
    pub fn raw_path_bytes<'b>(&self, buffer: &'b [u8]) -> &'b [u8] {
        buffer.get(self.target.start..self.path_end).unwrap_or_default()
    }

    /// The path as it came.
    pub fn raw_path<'b>(&self, buffer: &'b [u8]) -> &'b str {
        text(buffer, self.target.start..self.path_end)
    }

    /// The decoded path, without the slash in front.
    pub fn path<'b>(&self, buffer: &'b [u8]) -> &'b str {
        match self.is_decoded {
            true => text(buffer, self.target.end..self.fields_start),
            false => self.raw_path(buffer).get(1..).unwrap_or_default(),
        }
    }

    /// Whether the path came as plain as can be: without escapes, dots that begin a segment, and empty
    /// segments but for the last. A quick yes for most.
    pub fn has_plain_path(&self) -> bool {
        !self.is_decoded
    }

    /// Whatever follows the `?`, still encoded.
    pub fn query<'b>(&self, buffer: &'b [u8]) -> Option<&'b str> {
        (self.path_end < self.target.end).then(|| text(buffer, self.path_end + 1..self.target.end))
    }

    /// Whether a field of that name may have been kept: a quick no for most that nobody sent.
    pub fn may_have(&self, name: &str) -> bool {
        self.name_lengths >> (name.len() & 31) & 1 == 1
    }

    /// Whether one of the fields of RFC 9110 sections 13.1 and 14.2 may have been kept, but for
    /// If-Range, which does nothing alone.
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

    /// Takes bytes of the head from `input` and returns how many: all of them, unless the head ends
    /// before. Keeps no more than `buffer` holds.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        input: &[u8],
        wants: Wants<'_>,
    ) -> Result<usize, Status> {
        // What is beyond the limit must not make a difference.
        let input = input.get(..MAX_BYTES + 1 - self.bytes).unwrap_or(input);
        let mut rest = input;
        while !rest.is_empty() && !self.is_complete() {
            let step = match self.stage {
                Stage::Before { empty_lines, after_cr } => {
                    self.pass_empty_line(rest, empty_lines, after_cr)?
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

    /// Looks at one byte before a request: part of an empty line, or the first of a method.
    fn pass_empty_line(
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
            self.give_up_line(buffer, wants)?;
        } else if lf.is_some() {
            let line_end = self.end + core::mem::take(&mut self.partial);
            // A bare LF ends no line (RFC 9112 section 2.2 would allow it; who sends it is up to
            // something).
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

    /// A line does not fit into the buffer: that is an error unless it is a field that nobody needs.
    #[inline(never)]
    fn give_up_line(&mut self, buffer: &[u8], wants: Wants<'_>) -> Result<(), Status> {
        let len = core::mem::take(&mut self.partial);
        let line = buffer.get(self.end..self.end + len).unwrap_or_default();
        if self.stage == Stage::RequestLine {
            return Err(match find(b' ', line) {
                Some(_) => Status::URI_TOO_LONG,
                // A method longer than any that is known (RFC 9112 section 3).
                None if is_token(line) => Status::NOT_IMPLEMENTED,
                None => Status::BAD_REQUEST,
            });
        }
        let colon = find(b':', line).ok_or(Status::REQUEST_HEADER_FIELDS_TOO_LARGE)?;
        let name = line.get(..colon).unwrap_or_default();
        if !is_token(name) {
            return Err(Status::BAD_REQUEST);
        }
        let what = Use::of(name);
        if what.is_needed() || self.keeps(what, name, buffer, wants) {
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

    /// Returns whether the line, which stands behind what is kept, is to be kept too.
    #[inline(never)]
    fn read_field(&mut self, line: &[u8], buffer: &[u8], wants: Wants<'_>) -> Result<bool, Status> {
        self.count_line()?;
        let field = FieldLine::parse(line)?;
        let what = Use::of(field.name);
        self.act_on(what, field.value)?;
        let kept = what == Use::KeepIfShort || self.keeps(what, field.name, buffer, wants);
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

    /// Whether the field is kept for the one who answers.
    fn keeps(&self, what: Use, name: &[u8], buffer: &[u8], wants: Wants<'_>) -> bool {
        matches!(what, Use::Host | Use::Keep)
            || wants(self.path(buffer), core::str::from_utf8(name).unwrap_or_default())
    }

    /// The fields that the server itself heeds.
    fn act_on(&mut self, what: Use, value: &[u8]) -> Result<(), Status> {
        match what {
            // RFC 9112 section 3.2.
            Use::Host if self.has_host || !is_valid_authority(value) => {
                return Err(Status::BAD_REQUEST);
            }
            Use::Host => self.has_host = true,
            Use::ContentLength => self.framing.content_length(value)?,
            Use::TransferEncoding => self.framing.transfer_encoding(value)?,
            Use::Connection => {
                for option in value.split(|&byte| byte == b',').map(super::bytes::trim) {
                    self.wants_close |= option.eq_ignore_ascii_case(b"close");
                    self.wants_keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            Use::Expect => {
                let known = value.eq_ignore_ascii_case(b"100-continue");
                self.expectation = match self.expectation {
                    Expectation::None if known => Expectation::Continue,
                    _ => Expectation::Unknown,
                };
            }
            Use::Keep | Use::KeepIfShort | Use::Skip => {}
        }
        Ok(())
    }
}

fn text(buffer: &[u8], range: Range<usize>) -> &str {
    buffer.get(range).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
}
