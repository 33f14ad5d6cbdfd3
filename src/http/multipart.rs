//! multipart/form-data (RFC 7578, RFC 2046 section 5.1), read from pieces of any size.
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
//! The delimiter is the line break before it, `--` and the boundary; a part's data ends before that
//! line break. The delimiter's only CR is its first byte. So when a match of the delimiter fails, no
//! other match has begun inside it, and the bytes matched so far, which are data, are a front of the
//! delimiter and need not be stored.

use super::{
    bytes::{BOUNDARY, is_same_name},
    parameters,
};
use crate::wire::percent::DecodeError;

/// The longest boundary in bytes (RFC 2046 section 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// A reader of a multipart/form-data body, which may arrive in pieces of any size.
///
/// ```
/// use bareserve::http::multipart::{Event, Multipart};
///
/// let mut multipart = Multipart::new(b"multipart/form-data; boundary=B").unwrap();
/// let mut input: &[u8] = b"--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n\
///     hello\r\n--B--\r\n";
/// let (mut head, mut data) = ([0; 128], Vec::new());
/// loop {
///     let step = multipart.next(input, &mut head).unwrap();
///     let consumed = step.consumed;
///     match step.event {
///         Event::Part(part) => assert!(part.name().is("note")),
///         Event::Data(piece) => data.extend_from_slice(piece),
///         Event::PartEnd | Event::End => {}
///         Event::NeedInput => break,
///     }
///     input = &input[consumed..];
/// }
/// assert_eq!(data, b"hello");
/// assert!(multipart.is_complete());
/// ```
#[derive(Debug, Clone)]
pub struct Multipart {
    /// CR LF `--` and the boundary.
    delimiter: [u8; 4 + LONGEST_BOUNDARY],
    delimiter_length: usize,
    /// Bytes of the delimiter at the end of the input so far.
    matched: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Before the first delimiter: ignored (RFC 2046 section 5.1.1).
    Preamble,
    /// In the data of a part.
    Data,
    /// After a delimiter.
    Delimited,
    /// After a delimiter and one `-`.
    Dash,
    /// In white space after a delimiter: "transport padding".
    Padding,
    /// After a delimiter and CR.
    LineEnd,
    /// In the fields of a part.
    Head(Head),
    /// After the closing delimiter: ignored.
    Epilogue,
}

/// The content of the head buffer: the Content-Disposition line, if it has been read, then the present
/// line.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    disposition_length: usize,
    /// May exceed the length that fits into the buffer.
    line_length: usize,
    has_cr: bool,
}

/// The result of [`Multipart::next`].
#[derive(Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Bytes of input that were read.
    pub consumed: usize,
    /// The event that ends with them.
    pub event: Event<'a>,
}

/// An event in a multipart body.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// All input was read; more is needed.
    NeedInput,
    /// A part begins.
    Part(PartHead<'a>),
    /// Some of the part's data; never empty.
    Data(&'a [u8]),
    /// The part is complete.
    PartEnd,
    /// There are no more parts. What follows is ignored.
    End,
}

/// The Content-Disposition of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartHead<'a> {
    /// The field's value, which is valid.
    disposition: &'a [u8],
}

/// The reason why a body is not multipart/form-data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultipartError {
    /// The Content-Type is another, or its boundary is missing or invalid.
    ContentType,
    /// The line of a delimiter or a field is invalid, or a part has no name.
    Malformed,
    /// A Content-Disposition line does not fit into the buffer.
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
        // No line break precedes a delimiter at the very start of the body.
        let matched = 2;
        let delimiter_length = 4 + boundary.len();
        Ok(Self { delimiter, delimiter_length, matched, state: State::Preamble })
    }

    /// Reads `input` up to the next event. To be called with the rest of the input until it returns
    /// [`Event::NeedInput`].
    ///
    /// `head` stores a part's Content-Disposition line between calls and must hold all of it. It has to
    /// be the same buffer in each call, unchanged between the first byte of a part's head and
    /// [`Event::Part`]. Other fields are skipped and may be of any length.
    ///
    /// # Errors
    /// [`MultipartError::Malformed`], [`MultipartError::HeadTooLong`]; the reader must not be used any
    /// further then.
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

    /// Whether the closing delimiter has been read. A body that ends before it is incomplete.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Epilogue)
    }

    /// Reads at least one byte of `input`, which is not empty, or releases data that was held back.
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

    /// Searches for the delimiter.
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
        // All bytes before the next delimiter, or a part of it at the end of the input, are data.
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
                    // A second Content-Disposition is invalid.
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

/// Whether one of the slices begins with the other.
fn agree(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}

/// An [`Event`] without borrowed data.
enum Found {
    Nothing,
    /// The bytes consumed are data.
    Data,
    /// This many bytes of the delimiter, which were held back, are data.
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

    /// The name of the file, if the part is a file. Empty if no file was chosen in the form.
    ///
    /// The client chooses it freely: it must be checked before it becomes part of a path.
    pub fn filename(&self) -> Option<FieldText<'a>> {
        self.parameter(b"filename")
    }

    fn parameter(&self, name: &[u8]) -> Option<FieldText<'a>> {
        let (_, parameters) = parameters::split(self.disposition);
        parameters.value(name).map(FieldText)
    }
}

/// A name in its encoded form. `\"` and `\\` are escapes (RFC 2045 section 5.1, via RFC 2183); any other
/// backslash is itself, as browsers send it; `%22` is a quote (WHATWG HTML, "multipart/form-data
/// encoding algorithm").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldText<'a>(&'a [u8]);

impl FieldText<'_> {
    /// Whether the decoded name equals `text`.
    pub fn is(&self, text: &str) -> bool {
        self.decoder().eq(text.bytes())
    }

    /// Whether the name is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes into `buffer` and returns the name.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`]; [`DecodeError::NotUtf8`], as RFC 7578 section 5.1.2 demands UTF-8.
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

/// The boundary in the value of a Content-Type field, if that is multipart/form-data.
fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let (media_type, parameters) = parameters::split(content_type);
    if !is_same_name(media_type, b"multipart/form-data") {
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
    line.get(..DISPOSITION.len()).is_some_and(|name| is_same_name(name, DISPOSITION))
}

/// The value of a Content-Disposition line, if it is valid by RFC 7578 section 4.2: `form-data` with a
/// `name`.
fn disposition(line: &[u8]) -> Option<&[u8]> {
    let (_, value) = line.split_at_checked(DISPOSITION.len())?;
    let (kind, parameters) = parameters::split(value);
    let mut has_name = false;
    for parameter in parameters {
        let (name, _) = parameter.ok()?;
        has_name |= is_same_name(name, b"name");
    }
    (is_same_name(kind, b"form-data") && has_name).then_some(value)
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
