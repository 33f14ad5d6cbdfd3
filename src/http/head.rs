//! A request's head, read in whatever pieces it comes (RFC 9112 sections 2 and 3).
//!
//! Only what somebody asked for is kept, in the front of the connection's buffer: the target, its
//! path decoded where that differs, and the fields of [`Use`]. A line that is whole in the input is
//! read where it stands; of one that is not, the part at hand waits behind what is kept.

use core::ops::Range;

use super::{
    bytes::{find, is_token, is_token_char, move_to_front},
    fields::{FieldLine, KeptFields, Use, skip_value},
    framing::Framing,
    host::is_valid_authority,
    method::{Method, Version},
    path::{is_normal, normalise},
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
    target_len: usize,
    /// Of the target.
    path_len: usize,
    /// The decoded path, when it is not the target's own.
    decoded: Option<Range<usize>>,
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
            target_len: 0,
            path_len: 0,
            decoded: None,
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
        text(buffer, 0..self.target_len)
    }

    /// The path as it came.
    pub fn raw_path<'b>(&self, buffer: &'b [u8]) -> &'b str {
        text(buffer, 0..self.path_len)
    }

    /// The decoded path, without the slash in front.
    pub fn path<'b>(&self, buffer: &'b [u8]) -> &'b str {
        text(buffer, self.decoded.clone().unwrap_or(1.min(self.path_len)..self.path_len))
    }

    /// Whatever follows the `?`, still encoded.
    pub fn query<'b>(&self, buffer: &'b [u8]) -> Option<&'b str> {
        (self.path_len < self.target_len).then(|| text(buffer, self.path_len + 1..self.target_len))
    }

    /// Whether a field of that name may have been kept: a quick no for most that nobody sent.
    pub fn may_have(&self, name: &str) -> bool {
        self.name_lengths >> (name.len() & 31) & 1 == 1
    }

    /// Whether one of the fields of RFC 9110 section 13.1 may have been kept, but for If-Range.
    pub fn may_have_conditions(&self) -> bool {
        ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"]
            .iter()
            .any(|name| self.may_have(name))
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
        let mut taken = 0;
        while !self.is_complete() {
            let rest = input.get(taken..).unwrap_or_default();
            // Never more than the limit at a time: what is beyond must not make a difference.
            let rest = rest.get(..MAX_BYTES + 1 - self.bytes).unwrap_or(rest);
            if rest.is_empty() {
                break;
            }
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
            taken += step;
            self.bytes += step;
            if self.bytes > MAX_BYTES {
                return Err(Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
            }
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
        let room = buffer.len().saturating_sub(self.end);
        let lf = find(b'\n', input);
        let piece = input.get(..lf.map_or(input.len(), |lf| lf + 1)).unwrap_or(input);
        if self.partial == 0 && self.stage == Stage::Fields && lf.is_some() && piece.len() <= room {
            self.read_field(buffer, Line::Elsewhere(piece), wants)?;
            return Ok(piece.len());
        }
        let copied = piece.len().min(room - self.partial);
        let start = self.end + self.partial;
        if let (Some(place), Some(piece)) =
            (buffer.get_mut(start..start + copied), piece.get(..copied))
        {
            place.copy_from_slice(piece);
        }
        self.partial += copied;
        if copied < piece.len() {
            self.give_up_line(buffer, wants)?;
        } else if lf.is_some() {
            let len = core::mem::take(&mut self.partial);
            match self.stage {
                Stage::RequestLine => self.read_request_line(buffer, len)?,
                _ => self.read_field(buffer, Line::InBuffer(len), wants)?,
            }
        }
        Ok(copied)
    }

    /// A line does not fit into the buffer: that is an error unless it is a field that nobody needs.
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

    fn read_request_line(&mut self, buffer: &mut [u8], len: usize) -> Result<(), Status> {
        let line = buffer.get(..len).and_then(|line| line.strip_suffix(b"\r\n"));
        let parsed = RequestLine::parse(line.ok_or(Status::BAD_REQUEST)?)?;
        self.method = parsed.method;
        self.form = parsed.form;
        self.version = parsed.version;
        self.target_len = parsed.target.len();
        move_to_front(buffer, parsed.target, 0);
        let (target, rest) =
            buffer.split_at_mut_checked(self.target_len).ok_or(Status::URI_TOO_LONG)?;
        self.path_len = find(b'?', target).unwrap_or(self.target_len);
        self.end = self.target_len;
        let path = target.get(..self.path_len).unwrap_or_default();
        if self.form == Form::Resource && !is_normal(path) {
            let decoded_len = normalise(path, rest)?;
            self.decoded = Some(self.end..self.end + decoded_len);
            self.end += decoded_len;
        }
        self.fields_start = self.end;
        self.stage = Stage::Fields;
        Ok(())
    }

    fn read_field(
        &mut self,
        buffer: &mut [u8],
        line: Line<'_>,
        wants: Wants<'_>,
    ) -> Result<(), Status> {
        let bytes = match line {
            Line::Elsewhere(line) => line,
            Line::InBuffer(len) => buffer.get(self.end..self.end + len).unwrap_or_default(),
        };
        // A bare LF ends no line (RFC 9112 section 2.2 would allow it; who sends it is up to
        // something).
        let text = bytes.strip_suffix(b"\r\n").ok_or(Status::BAD_REQUEST)?;
        if text.is_empty() {
            self.stage = Stage::Complete;
            return Ok(());
        }
        self.count_line()?;
        let field = FieldLine::parse(text)?;
        let what = Use::of(field.name);
        self.act_on(what, field.value)?;
        if what != Use::KeepIfShort && !self.keeps(what, field.name, buffer, wants) {
            return Ok(());
        }
        // The kept form is never longer than the line, and in the buffer it moves towards the front.
        let (name_len, value_len) = (field.name.len(), field.value.len());
        let value_start = text.len() - text.get(name_len + 1..).map_or(0, leading_blanks_cut);
        let place = self.end;
        if let Line::Elsewhere(line) = line
            && let Some(place) = buffer.get_mut(place..place + line.len())
        {
            place.copy_from_slice(line);
        }
        let value = place + value_start;
        move_to_front(buffer, value..value + value_len, place + name_len + 1);
        self.name_lengths |= 1 << (name_len & 31);
        self.end = place + name_len + 1 + value_len + 1;
        if let Some(end) = buffer.get_mut(self.end - 1) {
            *end = b'\n';
        }
        Ok(())
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

/// Where a line stands.
#[derive(Clone, Copy)]
enum Line<'l> {
    Elsewhere(&'l [u8]),
    /// Behind what is kept, so long.
    InBuffer(usize),
}

/// The length of `value` from its first byte that is not blank.
fn leading_blanks_cut(value: &[u8]) -> usize {
    value.len() - value.iter().take_while(|byte| b" \t".contains(byte)).count()
}

fn text(buffer: &[u8], range: Range<usize>) -> &str {
    buffer.get(range).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
}
