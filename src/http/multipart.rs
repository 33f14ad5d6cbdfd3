//! multipart/form-data (RFC 7578, RFC 2046 section 5.1), read as it streams by.
//!
//! ```text
//! --boundary CRLF
//! Content-Disposition: form-data; name="file"; filename="a.txt" CRLF
//! other fields CRLF
//! CRLF
//! data CRLF
//! --boundary-- CRLF
//! ```
//!
//! A part's data ends before the line break that belongs to the next delimiter. Only the delimiter
//! has a CR at its start and nowhere else, so where a match breaks off, none can have begun inside
//! of it, and what was matched is known without having been kept.

use super::{bytes::BOUNDARY, parameters};
use crate::wire::percent::DecodeError;

/// The longest boundary that RFC 2046 section 5.1.1 allows.
const LONGEST_BOUNDARY: usize = 70;

/// A reader of one multipart/form-data body, which may come in pieces of any size.
#[derive(Debug, Clone)]
pub struct Multipart {
    /// CR LF `--` and the boundary.
    delimiter: [u8; 4 + LONGEST_BOUNDARY],
    delimiter_length: usize,
    /// How much of the delimiter the input has ended in so far.
    matched: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Before the first delimiter: to be ignored (RFC 2046 section 5.1.1).
    Preamble,
    /// In the data of a part.
    Data,
    /// Just after a delimiter.
    Delimited,
    /// After a delimiter and one `-`.
    Dash,
    /// In blanks after a delimiter: "transport padding".
    Padding,
    /// After a delimiter and CR.
    LineEnd,
    /// In the fields of a part.
    Head(Head),
    /// After the last delimiter: to be ignored.
    Epilogue,
}

/// What the head buffer holds: the Content-Disposition line once it has come, then the present line.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    disposition_length: usize,
    /// Goes on counting when the line is longer than what can be kept of it.
    line_length: usize,
    has_cr: bool,
}

/// What [`Multipart::next`] found at the front of its input.
#[derive(Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Bytes of input that are done with.
    pub consumed: usize,
    /// What they said.
    pub event: Event<'a>,
}

/// Something found in a multipart body.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// All input is done with; more is needed.
    NeedInput,
    /// A part begins.
    Part(PartHead<'a>),
    /// Some of the part's data; never empty.
    Data(&'a [u8]),
    /// The part is complete.
    PartEnd,
    /// The last part was the last one. What follows is ignored.
    End,
}

/// What the Content-Disposition of a part says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartHead<'a> {
    /// The field's value, checked.
    disposition: &'a [u8],
}

/// Why a body is not multipart/form-data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultipartError {
    /// The Content-Type is another, or its boundary is missing or not allowed.
    ContentType,
    /// Something other than padding after a boundary, a malformed field, a part without a name.
    Malformed,
    /// A Content-Disposition field longer than the buffer.
    HeadTooLong,
}

impl Multipart {
    /// A reader for a body whose Content-Type field has the value `content_type`.
    ///
    /// # Errors
    /// [`MultipartError::ContentType`].
    pub fn new(content_type: &[u8]) -> Result<Self, MultipartError> {
        let boundary = boundary(content_type).ok_or(MultipartError::ContentType)?;
        let mut delimiter = [0; 4 + LONGEST_BOUNDARY];
        for (place, &byte) in delimiter.iter_mut().zip(b"\r\n--".iter().chain(boundary)) {
            *place = byte;
        }
        // The first delimiter may stand at the very start, where no line break is before it.
        let matched = 2;
        let delimiter_length = 4 + boundary.len();
        Ok(Self { delimiter, delimiter_length, matched, state: State::Preamble })
    }

    /// Reads on at the front of `input` as far as one event, and says how far that was. Call it with
    /// the rest of the input until it needs more.
    ///
    /// `head` keeps a part's fields between calls: lend the same buffer each time, and leave it
    /// alone between the first byte of a part's head and its [`Event::Part`]. It must hold a
    /// Content-Disposition line, and a CR; other fields are skipped, whatever their length.
    ///
    /// # Errors
    /// [`MultipartError::Malformed`], [`MultipartError::HeadTooLong`]; the reader is of no use then.
    pub fn next<'a>(
        &'a mut self,
        input: &'a [u8],
        head: &'a mut [u8],
    ) -> Result<Step<'a>, MultipartError> {
        let mut consumed = 0;
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(Step { consumed, event: Event::NeedInput });
            }
            let (more, found) = self.step(rest, head)?;
            consumed += more;
            let event = match found {
                Found::Nothing => continue,
                Found::Data => Event::Data(rest.get(..more).unwrap_or_default()),
                Found::HeldData(length) => {
                    Event::Data(self.delimiter.get(..length).unwrap_or_default())
                }
                Found::PartEnd => Event::PartEnd,
                Found::End => Event::End,
                Found::Part { disposition_length } => {
                    let line = head.get(..disposition_length).unwrap_or_default();
                    let disposition = disposition(line).ok_or(MultipartError::Malformed)?;
                    Event::Part(PartHead { disposition })
                }
            };
            return Ok(Step { consumed, event });
        }
    }

    /// Whether the last delimiter has come. A body that ends before it is cut short.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Epilogue)
    }

    /// Reads at least one byte of `input`, which is not empty, or gives back data that was held.
    fn step(&mut self, input: &[u8], head: &mut [u8]) -> Result<(usize, Found), MultipartError> {
        let first = input.first().copied().unwrap_or_default();
        let next = match (self.state, first) {
            (State::Preamble, _) => {
                return Ok(match self.scan(input) {
                    (more, Found::PartEnd | Found::Data | Found::HeldData(_)) => {
                        (more, Found::Nothing)
                    }
                    other => other,
                });
            }
            (State::Data, _) => return Ok(self.scan(input)),
            (State::Head(state), _) => return self.head_byte(state, first, head),
            (State::Epilogue, _) => return Ok((input.len(), Found::Nothing)),
            (State::Delimited, b'-') => State::Dash,
            (State::Dash, b'-') => {
                self.state = State::Epilogue;
                return Ok((1, Found::End));
            }
            (State::Delimited | State::Padding, b' ' | b'\t') => State::Padding,
            (State::Delimited | State::Padding, b'\r') => State::LineEnd,
            (State::LineEnd, b'\n') => State::Head(Head::default()),
            _ => return Err(MultipartError::Malformed),
        };
        self.state = next;
        Ok((1, Found::Nothing))
    }

    /// Looks for the delimiter.
    fn scan(&mut self, input: &[u8]) -> (usize, Found) {
        let delimiter = self.delimiter.get(..self.delimiter_length).unwrap_or_default();
        let wanted = delimiter.get(self.matched..).unwrap_or_default();
        if agree(input, wanted) {
            let more = wanted.len().min(input.len());
            self.matched += more;
            if self.matched < delimiter.len() {
                return (more, Found::Nothing);
            }
            self.matched = 0;
            self.state = State::Delimited;
            return (more, Found::PartEnd);
        }
        if self.matched > 0 {
            let held = self.matched;
            self.matched = 0;
            return (0, Found::HeldData(held));
        }
        // All up to a place where a delimiter, or the start of one, stands is data.
        let is_delimiter = |at: &usize| input.get(*at..).is_some_and(|rest| agree(rest, delimiter));
        let data = (0..input.len()).find(is_delimiter).unwrap_or(input.len());
        (data, Found::Data)
    }

    fn head_byte(
        &mut self,
        mut state: Head,
        byte: u8,
        head: &mut [u8],
    ) -> Result<(usize, Found), MultipartError> {
        match byte {
            b'\n' if state.has_cr => {
                if state.line_length == 0 {
                    self.state = State::Data;
                    let disposition_length = state.disposition_length;
                    return Ok((1, Found::Part { disposition_length }));
                }
                let room = head.get(state.disposition_length..).unwrap_or_default();
                let is_cut = state.line_length > room.len();
                let line = room.get(..state.line_length).unwrap_or(room);
                if is_disposition(line) {
                    // A second one would contradict the first or repeat it.
                    if state.disposition_length > 0 {
                        return Err(MultipartError::Malformed);
                    }
                    if is_cut {
                        return Err(MultipartError::HeadTooLong);
                    }
                    state.disposition_length = state.line_length;
                }
                state.line_length = 0;
                state.has_cr = false;
            }
            b'\r' if !state.has_cr => state.has_cr = true,
            // A bare CR or LF, a folded line, a NUL.
            _ if state.has_cr => return Err(MultipartError::Malformed),
            b'\n' | b'\0' => return Err(MultipartError::Malformed),
            b' ' | b'\t' if state.line_length == 0 => return Err(MultipartError::Malformed),
            _ => {
                let place = state.disposition_length.saturating_add(state.line_length);
                if let Some(place) = head.get_mut(place) {
                    *place = byte;
                }
                state.line_length = state.line_length.saturating_add(1);
            }
        }
        self.state = State::Head(state);
        Ok((1, Found::Nothing))
    }
}

/// Whether one of the two begins with the other.
fn agree(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}

/// As [`Event`], without borrowing.
enum Found {
    Nothing,
    /// The bytes consumed are data.
    Data,
    /// So many bytes at the start of the delimiter were data.
    HeldData(usize),
    PartEnd,
    End,
    Part {
        disposition_length: usize,
    },
}

impl<'a> PartHead<'a> {
    /// The name of the form's field.
    pub fn name(&self) -> FieldText<'a> {
        self.parameter(b"name").unwrap_or(FieldText(b""))
    }

    /// The name of the file, if the part is one. Empty when a browser's user has chosen none.
    ///
    /// It is whatever the client says; take no path from it.
    pub fn filename(&self) -> Option<FieldText<'a>> {
        self.parameter(b"filename")
    }

    fn parameter(&self, name: &[u8]) -> Option<FieldText<'a>> {
        let (_, parameters) = parameters::split(self.disposition);
        parameters.value(name).map(FieldText)
    }
}

/// A name as it stands between quotes: `\"` and `\\` are escapes (RFC 2045 section 5.1, via RFC 2183),
/// any other backslash stands for itself, as browsers write it; and `%22` is a quote, as the WHATWG
/// HTML standard's "multipart/form-data encoding algorithm" writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldText<'a>(&'a [u8]);

impl FieldText<'_> {
    /// Whether this is `text` once decoded.
    pub fn is(&self, text: &str) -> bool {
        self.decoder().eq(text.bytes())
    }

    /// Whether it has no characters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes into `buffer`.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`], [`DecodeError::NotUtf8`] (RFC 7578 section 5.1.2 has UTF-8).
    pub fn decode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, DecodeError> {
        let mut length = 0;
        for byte in self.decoder() {
            *buffer.get_mut(length).ok_or(DecodeError::TooLong)? = byte;
            length += 1;
        }
        let decoded = buffer.get(..length).unwrap_or_default();
        core::str::from_utf8(decoded).map_err(|_| DecodeError::NotUtf8)
    }

    fn decoder(&self) -> impl Iterator<Item = u8> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (byte, after) = match rest {
                [b'\\', byte @ (b'"' | b'\\'), after @ ..] => (*byte, after),
                [b'%', b'2', b'2', after @ ..] => (b'"', after),
                [byte, after @ ..] => (*byte, after),
                [] => return None,
            };
            rest = after;
            Some(byte)
        })
    }
}

/// The boundary in a Content-Type field for multipart/form-data.
fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let (media_type, parameters) = parameters::split(content_type);
    if !media_type.eq_ignore_ascii_case(b"multipart/form-data") {
        return None;
    }
    let boundary = parameters.value(b"boundary")?;
    let is_valid = (1..=LONGEST_BOUNDARY).contains(&boundary.len())
        && BOUNDARY.contains_all(boundary)
        && !boundary.ends_with(b" ");
    is_valid.then_some(boundary)
}

const DISPOSITION: &[u8] = b"content-disposition:";

fn is_disposition(line: &[u8]) -> bool {
    line.get(..DISPOSITION.len()).is_some_and(|name| name.eq_ignore_ascii_case(DISPOSITION))
}

/// The value of a Content-Disposition line, if it is one that RFC 7578 section 4.2 allows:
/// `form-data` with a `name`, and all of it well-formed.
fn disposition(line: &[u8]) -> Option<&[u8]> {
    let (_, value) = line.split_at_checked(DISPOSITION.len())?;
    let (kind, parameters) = parameters::split(value);
    let mut has_name = false;
    for parameter in parameters {
        let (name, _) = parameter.ok()?;
        has_name |= name.eq_ignore_ascii_case(b"name");
    }
    (kind.eq_ignore_ascii_case(b"form-data") && has_name).then_some(value)
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
