//! Streams an object in: requests, files, and answers to uploads, members in any order.

use core::fmt;

use crate::protocol::token::Token;
use crate::wire::{
    base64::{Decoder, InvalidBase64},
    json::{Bytes, Event, ScanError, Scanner},
    template::describe,
};

/// The longest name, in bytes of UTF-8: what common file systems allow.
pub const MAX_NAME: usize = 255;

/// Where content is decoded: lives on the stack of whoever reads an object.
pub type Chunk = [u8; 768];

/// Bytes of input taken at once: no more than a [`Chunk`] has room for when they are content, the
/// 3 characters included that may be left over from before.
const WINDOW: usize = size_of::<Chunk>() / 3 * 4 - 3;

/// The members that mean something here.
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

/// What has come of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// All of the input is taken.
    NeedInput,
    /// So many bytes of the file's content were decoded.
    Data(usize),
    /// [`ObjectReader::text`] is complete.
    Text(Field),
    /// The object is complete.
    Complete,
}

/// Why a text is not an object that makes sense here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectError {
    /// It is not a JSON object.
    Json(ScanError),
    /// `filedata` is not base64.
    Base64,
    /// A known member is not of the type it should be.
    WrongType,
    /// A name is longer than [`MAX_NAME`].
    NameTooLong,
    /// A member comes twice, or two come that exclude each other.
    Ambiguous,
}

impl ObjectError {
    /// The error in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Json(error) => error.text(),
            Self::Base64 => "filedata is not base64",
            Self::WrongType => "a member has the wrong type",
            Self::NameTooLong => "name too long",
            Self::Ambiguous => "members contradict each other",
        }
    }

    /// The byte that it is about.
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

/// One object on its way in. Unknown members are skipped; content is decoded and passed on.
#[derive(Debug, Clone, Default)]
pub struct ObjectReader {
    scanner: Scanner,
    /// The front of the present member's name, longer than those that are known.
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
    /// Before the object.
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

    /// Takes bytes off the front of `input` until something is known. Content is decoded into
    /// `data`.
    ///
    /// # Errors
    /// [`ObjectError`]; the object can then only be given up.
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

    /// Whether nothing but blanks has come yet.
    pub fn is_at_start(&self) -> bool {
        self.scanner.is_at_start()
    }

    /// The text of the one member that has text, and which it is. Whole after [`Step::Text`].
    pub fn text(&self) -> Option<(Field, &str)> {
        // An overlong error message may be cut inside a character.
        let text = match str::from_utf8(&self.text) {
            Ok(text) => text,
            Err(error) => {
                let whole = self.text.get(..error.valid_up_to()).unwrap_or_default();
                str::from_utf8(whole).unwrap_or_default()
            }
        };
        self.text_field.map(|field| (field, text))
    }

    /// Whether content has come, if only empty.
    pub fn has_data(&self) -> bool {
        self.has_data
    }

    /// The text in `token`: empty until it is complete, cut behind the length of a token.
    pub fn token(&self) -> &[u8] {
        if self.field == Some(Field::Token) { &[] } else { &self.token }
    }

    /// The number in `size`.
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
            // What belongs to no field, and the end of a number.
            _ => {}
        }
        Ok(None)
    }

    fn take_label(&mut self, part: Bytes<'_>) {
        for byte in part.as_slice(&mut [0; 4]) {
            // What does not fit makes no difference.
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
