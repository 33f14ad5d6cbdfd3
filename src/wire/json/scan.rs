//! Reading one JSON object of any size as it arrives, without recursion and without a buffer.
//!
//! The scanner is strict: RFC 8259 to the letter, strings in well-formed UTF-8, no lone surrogates
//! (section 8.2 leaves them to the reader). It tells the members of the outermost object; what is
//! nested in them is checked and skipped.

use core::fmt::{self, Write};

use super::{number::Number, utf8::Utf8};
use crate::wire::text::hex_digit;

/// How deep arrays and objects may be nested, the outermost object included.
pub const MAX_DEPTH: u32 = 32;

/// What the scanner has come upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'i> {
    /// Some bytes of the next member's name, in UTF-8; the end may cut a character.
    Name(Bytes<'i>),
    /// The name is complete; its value follows.
    NameEnd,
    /// Some bytes of a string, in UTF-8; the end may cut a character.
    Text(Bytes<'i>),
    /// The string is complete.
    TextEnd,
    /// Some characters of a number.
    Number(&'i [u8]),
    /// The number is complete.
    NumberEnd,
    /// The value is `true`, `false`, `null`, an array or an object, and is skipped.
    Other,
    /// The object is complete. Only blanks may follow.
    End,
}

/// A part of a string without its escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes<'i> {
    /// As it stands in the input.
    Plain(&'i [u8]),
    /// What an escape stands for.
    Escape(char),
}

impl<'i> Bytes<'i> {
    /// The bytes themselves. `buffer` holds those of an escape.
    pub fn as_slice<'b>(&'b self, buffer: &'b mut [u8; 4]) -> &'b [u8]
    where
        'i: 'b,
    {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Escape(character) => character.encode_utf8(buffer).as_bytes(),
        }
    }
}

/// Why a text is not the JSON object it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanError {
    /// A byte that cannot stand there.
    Unexpected(u8),
    /// A control character inside a string, not escaped.
    Control,
    /// A string is not UTF-8.
    Utf8,
    /// An escape that is none, or half a surrogate pair.
    Escape,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(byte @ b' '..=b'~') => {
                f.write_str("not JSON: unexpected '")?;
                f.write_char(char::from(*byte))?;
                f.write_char('\'')
            }
            Self::Unexpected(byte) => {
                f.write_str("not JSON: unexpected byte 0x")?;
                f.write_char(hex_digit(byte >> 4).into())?;
                f.write_char(hex_digit(byte & 15).into())
            }
            Self::Control => f.write_str("not JSON: control character in a string"),
            Self::Utf8 => f.write_str("not JSON: string is not UTF-8"),
            Self::Escape => f.write_str("not JSON: bad escape"),
            Self::TooDeep => f.write_str("JSON nested too deep"),
        }
    }
}

impl core::error::Error for ScanError {}

/// The state of reading one object. 32 bytes.
#[derive(Debug, Clone)]
pub struct Scanner {
    state: State,
    depth: u32,
    /// One bit a level, the innermost lowest: set for an object.
    objects: u32,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Start,
    /// After `{`.
    FirstName,
    /// After a comma in an object.
    NextName,
    Colon,
    /// After `[`.
    FirstValue,
    /// After a colon, or a comma in an array.
    Value,
    /// After a value.
    Separator,
    Text {
        is_name: bool,
        inside: Inside,
    },
    Number(Number),
    Literal(&'static [u8]),
    End,
    Failed(ScanError),
}

/// Where in a string.
#[derive(Debug, Clone, Copy)]
enum Inside {
    Plain(Utf8),
    Backslash,
    /// In `\uXXXX`; `high` is the first half of a surrogate pair that this should complete.
    Hex {
        digits: u8,
        unit: u16,
        high: Option<u16>,
    },
    /// After the first half of a surrogate pair.
    SecondBackslash(u16),
    SecondU(u16),
}

impl Scanner {
    /// Before the object.
    pub const fn new() -> Self {
        Self { state: State::Start, depth: 0, objects: 0 }
    }

    /// Whether nothing but blanks has come yet.
    pub fn is_at_start(&self) -> bool {
        matches!(self.state, State::Start)
    }

    /// Whether the object is complete.
    pub fn is_at_end(&self) -> bool {
        matches!(self.state, State::End)
    }

    /// Takes bytes off the front of `input` up to the next event and returns that, or `None` when
    /// the input is used up.
    ///
    /// # Errors
    /// [`ScanError`]; it is the answer to all later calls too.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Event<'i>>, ScanError> {
        while !input.is_empty() {
            match self.step(input) {
                Ok(None) => {}
                Ok(event) => return Ok(event),
                Err(error) => {
                    self.state = State::Failed(error);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Takes bytes or changes the state.
    fn step<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Event<'i>>, ScanError> {
        let Some((&byte, rest)) = input.split_first() else { return Ok(None) };
        match self.state {
            State::Text { is_name, inside: Inside::Plain(utf8) } => {
                return self.plain(is_name, utf8, input);
            }
            State::Number(number) => return self.number(number, input),
            State::FirstValue | State::Value if matches!(byte, b'-' | b'0'..=b'9') => {
                self.state = State::Number(Number::Start);
                return Ok(None);
            }
            State::Failed(error) => return Err(error),
            _ => *input = rest,
        }
        match (self.state, byte) {
            (State::Text { is_name, inside }, _) => self.escape(is_name, inside, byte),
            (State::Literal([expected, rest @ ..]), _) if *expected == byte => {
                self.turn(if rest.is_empty() { State::Separator } else { State::Literal(rest) })
            }
            (State::Literal(_), _) => Err(ScanError::Unexpected(byte)),
            (_, b' ' | b'\t' | b'\n' | b'\r') => Ok(None),
            (State::Start, b'{') => self.descend(true),
            (State::FirstName | State::NextName, b'"') => self.turn(State::string(true)),
            (State::FirstName, b'}') | (State::FirstValue, b']') => self.ascend(byte),
            (State::Colon, b':') => self.turn(State::Value),
            (State::FirstValue | State::Value, _) => self.value(byte),
            (State::Separator, b',') if self.is_in_object() => self.turn(State::NextName),
            (State::Separator, b',') => self.turn(State::Value),
            (State::Separator, b'}' | b']') => self.ascend(byte),
            _ => Err(ScanError::Unexpected(byte)),
        }
    }

    fn turn(&mut self, state: State) -> Result<Option<Event<'static>>, ScanError> {
        self.state = state;
        Ok(None)
    }

    /// Only the outermost object's members are told.
    fn told<'i>(&self, event: Event<'i>) -> Result<Option<Event<'i>>, ScanError> {
        Ok((self.depth == 1).then_some(event))
    }

    /// The first byte of a value that is not a number.
    fn value(&mut self, byte: u8) -> Result<Option<Event<'static>>, ScanError> {
        self.state = match byte {
            b'"' => return self.turn(State::string(false)),
            b'{' | b'[' => return self.descend(byte == b'{'),
            b't' => State::Literal(b"rue"),
            b'f' => State::Literal(b"alse"),
            b'n' => State::Literal(b"ull"),
            _ => return Err(ScanError::Unexpected(byte)),
        };
        self.told(Event::Other)
    }

    fn is_in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn descend(&mut self, into_object: bool) -> Result<Option<Event<'static>>, ScanError> {
        if self.depth == MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
        let event = self.told(Event::Other);
        self.depth += 1;
        self.objects = self.objects << 1 | u32::from(into_object);
        self.state = if into_object { State::FirstName } else { State::FirstValue };
        event
    }

    fn ascend(&mut self, byte: u8) -> Result<Option<Event<'static>>, ScanError> {
        if self.is_in_object() != (byte == b'}') {
            return Err(ScanError::Unexpected(byte));
        }
        let event = self.told(Event::End);
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.state = if self.depth == 0 { State::End } else { State::Separator };
        event
    }

    /// The part of a string up to the next escape, to its end, or to the end of `input`.
    fn plain<'i>(
        &mut self,
        is_name: bool,
        mut utf8: Utf8,
        input: &mut &'i [u8],
    ) -> Result<Option<Event<'i>>, ScanError> {
        let mut length = 0;
        loop {
            let rest = input.get(length..).unwrap_or_default();
            if utf8.is_whole() {
                let is_plain =
                    |&byte: &u8| matches!(byte, b' '..=0x7f if byte != b'"' && byte != b'\\');
                length += rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
            }
            match input.get(length) {
                None => break,
                Some(0..b' ' | b'"' | b'\\') if utf8.is_whole() => break,
                Some(&byte) => match utf8.push(byte) {
                    Some(next) => utf8 = next,
                    // What is good is told first, wherever the input is cut.
                    None if length > 0 => break,
                    None => return Err(ScanError::Utf8),
                },
            }
            length += 1;
        }
        let (part, rest) = input.split_at_checked(length).unwrap_or_default();
        if !part.is_empty() {
            *input = rest;
            self.state = State::Text { is_name, inside: Inside::Plain(utf8) };
            let part = Bytes::Plain(part);
            return self.told(if is_name { Event::Name(part) } else { Event::Text(part) });
        }
        let Some((&byte, rest)) = rest.split_first() else { return Ok(None) };
        *input = rest;
        match byte {
            b'"' if is_name => {
                self.state = State::Colon;
                self.told(Event::NameEnd)
            }
            b'"' => {
                self.state = State::Separator;
                self.told(Event::TextEnd)
            }
            b'\\' => self.turn(State::Text { is_name, inside: Inside::Backslash }),
            _ => Err(ScanError::Control),
        }
    }

    fn escape(
        &mut self,
        is_name: bool,
        inside: Inside,
        byte: u8,
    ) -> Result<Option<Event<'static>>, ScanError> {
        let inside = match (inside, byte) {
            (Inside::Backslash, b'u') => Inside::Hex { digits: 0, unit: 0, high: None },
            (Inside::Backslash, _) => {
                return self.unescaped(is_name, short_escape(byte).ok_or(ScanError::Escape)?);
            }
            (Inside::SecondBackslash(high), b'\\') => Inside::SecondU(high),
            (Inside::SecondU(high), b'u') => Inside::Hex { digits: 0, unit: 0, high: Some(high) },
            (Inside::Hex { digits, unit, high }, _) => {
                let digit = char::from(byte).to_digit(16).ok_or(ScanError::Escape)?;
                let unit = unit << 4 | digit as u16;
                match (digits, high, unit) {
                    (0..3, ..) => Inside::Hex { digits: digits + 1, unit, high },
                    (_, None, 0xd800..=0xdbff) => Inside::SecondBackslash(unit),
                    (_, None, _) => return self.unescaped(is_name, decode_utf16(&[unit])?),
                    (_, Some(high), _) => {
                        return self.unescaped(is_name, decode_utf16(&[high, unit])?);
                    }
                }
            }
            _ => return Err(ScanError::Escape),
        };
        self.turn(State::Text { is_name, inside })
    }

    fn unescaped(
        &mut self,
        is_name: bool,
        character: char,
    ) -> Result<Option<Event<'static>>, ScanError> {
        self.state = State::string(is_name);
        let part = Bytes::Escape(character);
        self.told(if is_name { Event::Name(part) } else { Event::Text(part) })
    }

    fn number<'i>(
        &mut self,
        mut number: Number,
        input: &mut &'i [u8],
    ) -> Result<Option<Event<'i>>, ScanError> {
        let mut length = 0;
        while let Some(next) = input.get(length).and_then(|&byte| number.push(byte)) {
            number = next;
            length += 1;
        }
        let (part, rest) = input.split_at_checked(length).unwrap_or_default();
        *input = rest;
        match rest.first() {
            _ if !part.is_empty() => {
                self.state = State::Number(number);
                self.told(Event::Number(part))
            }
            Some(&byte) if !number.is_complete() => Err(ScanError::Unexpected(byte)),
            _ => {
                self.state = State::Separator;
                self.told(Event::NumberEnd)
            }
        }
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn string(is_name: bool) -> Self {
        Self::Text { is_name, inside: Inside::Plain(Utf8::WHOLE) }
    }
}

fn short_escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'"' | b'\\' | b'/' => char::from(byte),
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    })
}

/// The one character that `units` are.
fn decode_utf16(units: &[u16]) -> Result<char, ScanError> {
    match char::decode_utf16(units.iter().copied()).next() {
        Some(Ok(character)) => Ok(character),
        _ => Err(ScanError::Escape),
    }
}
