//! Reads an object (a request, a file, or the answer to an upload) in pieces of any size.
//!
//! | member | value |
//! |---|---|
//! | `get` | name of the file to send |
//! | `filename`, `filedata` | name of a file, and its content in base64 |
//! | `stored`, `size` | name of a stored file, and its length in bytes |
//! | `error` | why a request failed |
//!
//! Members come in any order; others are skipped. An object has at most one of `get`, `filename`,
//! `stored` and `error`, each up to [`MAX_NAME`] bytes of UTF-8; a longer `error` is cut.

use core::fmt;

use crate::protocol::token::Token;
use crate::wire::{
    base64::{Decoder, InvalidBase64},
    json::{Bytes, Event, ScanError, Scanner},
    line::describe,
};

/// The longest name, in bytes of UTF-8: the limit of common file systems.
pub const MAX_NAME: usize = 255;

/// The buffer for decoded content, on the stack of the caller.
pub type Chunk = [u8; 768];

/// Bytes of input taken at once: no more than a [`Chunk`] can hold decoded, with the up to 3
/// characters that the decoder has kept.
const WINDOW: usize = size_of::<Chunk>() / 3 * 4 - 3;

/// The known members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The name of a file to be sent.
    Get,
    /// The name of the file in this object.
    FileName,
    /// Its content.
    FileData,
    /// The name under which an upload was stored.
    Stored,
    /// The length of what was stored, in bytes.
    Size,
    /// Why a request failed.
    Error,
    /// The token of a client that may store files.
    Token,
}

const FIELDS: [(&str, Field); 7] = [
    ("get", Field::Get),
    ("filename", Field::FileName),
    ("filedata", Field::FileData),
    ("stored", Field::Stored),
    ("size", Field::Size),
    ("error", Field::Error),
    ("token", Field::Token),
];

impl Field {
    fn named(name: &[u8]) -> Option<Self> {
        FIELDS.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, field)| *field)
    }
}

/// The result of reading a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// All of the input was taken; more is needed.
    NeedInput,
    /// The number of bytes of content that were decoded.
    Data(usize),
    /// [`ObjectReader::text`] is complete.
    Text(Field),
    /// The object is complete.
    Complete,
}

/// Why a text is not a valid object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectError {
    /// It is not a JSON object.
    Json(ScanError),
    /// `filedata` is not base64.
    Base64,
    /// A known member has a value of another type.
    WrongType,
    /// A name is longer than [`MAX_NAME`].
    NameTooLong,
    /// A known member occurs twice, or two that exclude each other.
    Ambiguous,
}

impl ObjectError {
    /// The error as text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Json(error) => error.text(),
            Self::Base64 => "filedata is not base64",
            Self::WrongType => "a member has the wrong type",
            Self::NameTooLong => "name too long",
            Self::Ambiguous => "members contradict each other",
        }
    }

    /// The byte at which it was found.
    pub const fn byte(self) -> Option<u8> {
        if let Self::Json(error) = self { error.byte() } else { None }
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.text(), self.byte(), f)
    }
}

impl core::error::Error for ObjectError {}

impl From<ScanError> for ObjectError {
    fn from(error: ScanError) -> Self {
        Self::Json(error)
    }
}

impl From<InvalidBase64> for ObjectError {
    fn from(_: InvalidBase64) -> Self {
        Self::Base64
    }
}

/// Reads one object. Content is decoded and handed to the caller; a name is kept.
#[derive(Debug, Clone, Default)]
pub struct ObjectReader {
    scanner: Scanner,
    /// The first bytes of the present member's name: one more than the longest known.
    label: heapless::Vec<u8, 9>,
    field: Option<Field>,
    text: heapless::Vec<u8, MAX_NAME>,
    text_field: Option<Field>,
    /// One byte longer than a token, so that a longer text differs from it.
    token: heapless::Vec<u8, { Token::LENGTH + 1 }>,
    has_token: bool,
    size: Option<u64>,
    decoder: Decoder,
    has_data: bool,
}

impl ObjectReader {
    /// The beginning of an object.
    pub const fn new() -> Self {
        Self {
            scanner: Scanner::new(),
            label: heapless::Vec::new(),
            field: None,
            text: heapless::Vec::new(),
            text_field: None,
            token: heapless::Vec::new(),
            has_token: false,
            size: None,
            decoder: Decoder::new(),
            has_data: false,
        }
    }

    /// Takes bytes off the front of `input` up to the next [`Step`]. Content is decoded into `data`.
    ///
    /// # Errors
    /// [`ObjectError`]; the object is to be abandoned then.
    pub fn next(&mut self, input: &mut &[u8], data: &mut Chunk) -> Result<Step, ObjectError> {
        while !input.is_empty() {
            let (mut window, _) = input.split_at_checked(WINDOW).unwrap_or((input, &[]));
            let offered = window.len();
            let event = self.scanner.next(&mut window);
            *input = input.get(offered - window.len()..).unwrap_or_default();
            if let Some(event) = event?
                && let Some(step) = self.take(event, data)?
            {
                return Ok(step);
            }
        }
        Ok(Step::NeedInput)
    }

    /// Whether nothing but whitespace was read so far.
    pub fn is_at_start(&self) -> bool {
        self.scanner.is_at_start()
    }

    /// The member that has a text (see [`Field`]), and its text; complete after [`Step::Text`].
    pub fn text(&self) -> Option<(Field, &str)> {
        // A long error message may be cut within a character.
        let text = match str::from_utf8(&self.text) {
            Ok(text) => text,
            Err(error) => {
                let whole = self.text.get(..error.valid_up_to()).unwrap_or_default();
                str::from_utf8(whole).unwrap_or_default()
            }
        };
        self.text_field.map(|field| (field, text))
    }

    /// Whether `filedata` occurred, even if empty.
    pub fn has_data(&self) -> bool {
        self.has_data
    }

    /// The text in `token`: empty until it is complete, cut behind the length of a token.
    pub fn token(&self) -> &[u8] {
        if self.field == Some(Field::Token) { &[] } else { &self.token }
    }

    /// The value of `size`.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    fn take(&mut self, event: Event<'_>, data: &mut [u8]) -> Result<Option<Step>, ObjectError> {
        match (event, self.field) {
            (Event::Name(part), _) => self.take_label(part),
            (Event::NameEnd, _) => self.begin_member()?,
            (Event::Text(part), Some(field)) => return self.take_text(field, part, data),
            (Event::TextEnd, Some(Field::FileData)) => self.decoder.finish()?,
            (Event::Number(digits), Some(Field::Size)) => self.take_digits(digits)?,
            (Event::TextEnd, Some(Field::Size)) | (Event::Number(_) | Event::Other, Some(_)) => {
                return Err(ObjectError::WrongType);
            }
            (Event::TextEnd, Some(Field::Token)) => self.field = None,
            (Event::TextEnd, Some(field)) => return Ok(Some(Step::Text(field))),
            (Event::End, _) => return Ok(Some(Step::Complete)),
            // Values of unknown members, and the end of a number.
            _ => {}
        }
        Ok(None)
    }

    fn take_label(&mut self, part: Bytes<'_>) {
        for byte in part.as_slice(&mut [0; 4]) {
            // A longer name is unknown in any case.
            let _ = self.label.push(*byte);
        }
    }

    fn begin_member(&mut self) -> Result<(), ObjectError> {
        self.field = Field::named(&self.label);
        self.label.clear();
        let is_second = match self.field {
            None => false,
            Some(Field::FileData) => core::mem::replace(&mut self.has_data, true),
            Some(Field::Size) => self.size.replace(0).is_some(),
            Some(Field::Token) => core::mem::replace(&mut self.has_token, true),
            Some(field) => self.text_field.replace(field).is_some(),
        };
        if is_second { Err(ObjectError::Ambiguous) } else { Ok(()) }
    }

    fn take_text(
        &mut self,
        field: Field,
        part: Bytes<'_>,
        data: &mut [u8],
    ) -> Result<Option<Step>, ObjectError> {
        let mut buffer = [0; 4];
        let part = part.as_slice(&mut buffer);
        match field {
            Field::Size => return Err(ObjectError::WrongType),
            Field::Token => {
                let room = self.token.capacity() - self.token.len();
                let _ = self.token.extend_from_slice(part.get(..room).unwrap_or(part));
                return Ok(None);
            }
            Field::FileData => {
                let moved = self.decoder.decode(part, data)?;
                return Ok((moved.given > 0).then_some(Step::Data(moved.given)));
            }
            _ => {}
        }
        let room = self.text.capacity() - self.text.len();
        if part.len() > room && field != Field::Error {
            return Err(ObjectError::NameTooLong);
        }
        let _ = self.text.extend_from_slice(part.get(..room).unwrap_or(part));
        Ok(None)
    }

    fn take_digits(&mut self, digits: &[u8]) -> Result<(), ObjectError> {
        for &digit in digits {
            let digit = char::from(digit).to_digit(10).ok_or(ObjectError::WrongType)?;
            let size = self.size.unwrap_or(0).checked_mul(10);
            let size = size.and_then(|size| size.checked_add(digit.into()));
            self.size = Some(size.ok_or(ObjectError::WrongType)?);
        }
        Ok(())
    }
}
