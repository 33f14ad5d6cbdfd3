//! Reading one JSON object of any size as it arrives, without recursion and without a buffer.
//!
//! The scanner accepts exactly the grammar of RFC 8259, with strings in well-formed UTF-8 and without
//! lone surrogates (section 8.2 leaves them to the reader). It reports the members of the outermost
//! object; nested arrays and objects are checked and skipped.
//!
//! ```
//! use bareserve::wire::json::{Event, Scanner};
//!
//! let (mut scanner, mut input) = (Scanner::new(), &br#"{"id": 7, "tags": ["a"]}"#[..]);
//! let mut count = 0;
//! while let Some(event) = scanner.next(&mut input)? {
//!     count += usize::from(event == Event::NameEnd);
//! }
//! assert!(scanner.is_at_end());
//! assert_eq!(count, 2);
//! # Ok::<(), bareserve::wire::json::ScanError>(())
//! ```

use core::fmt;

use super::{number::Number, utf8::Utf8};
use crate::wire::line::describe;

/// The deepest nesting of arrays and objects, including the outermost object.
pub const MAX_DEPTH: u32 = 32;

/// An event in the outermost object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'i> {
    /// Some bytes of the next member's name in UTF-8. The last character may be incomplete.
    Name(Bytes<'i>),
    /// The name is complete; its value follows.
    NameEnd,
    /// Some bytes of a string in UTF-8. The last character may be incomplete.
    Text(Bytes<'i>),
    /// The string is complete.
    TextEnd,
    /// Some characters of a number.
    Number(&'i [u8]),
    /// The number is complete.
    NumberEnd,
    /// The value is `true`, `false`, `null`, an array or an object; it is skipped.
    Other,
    /// The object is complete. Only white space may follow.
    End,
}

/// A part of a string, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes<'i> {
    /// Bytes of the input.
    Plain(&'i [u8]),
    /// The character of an escape.
    Escape(char),
}

impl<'i> Bytes<'i> {
    /// The bytes in UTF-8. `buffer` holds those of an escape.
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

/// The reason why a text is not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanError {
    /// A byte that is not valid in its place.
    Unexpected(u8),
    /// A control character in a string without an escape.
    Control,
    /// A string is not UTF-8.
    Utf8,
    /// An unknown escape, or half of a surrogate pair.
    Escape,
    /// Nesting deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl ScanError {
    /// The description of the error.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unexpected(_) => "not JSON: unexpected byte",
            Self::Control => "not JSON: control character in a string",
            Self::Utf8 => "not JSON: string is not UTF-8",
            Self::Escape => "not JSON: bad escape",
            Self::TooDeep => "JSON nested too deep",
        }
    }

    /// The byte that caused it.
    pub const fn byte(self) -> Option<u8> {
        if let Self::Unexpected(byte) = self { Some(byte) } else { None }
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.text(), self.byte(), f)
    }
}

impl core::error::Error for ScanError {}

/// A reader of one object. 32 bytes on a 32-bit machine.
#[derive(Debug, Clone)]
pub struct Scanner {
    state: State,
    depth: u32,
    /// One bit for each level, the innermost one lowest: set for an object, clear for an array.
    objects: u32,
    // The following fields belong to some states only. As fields of these variants they would be
    // copied at each step, which takes twice the flash.
    /// The string is a name.
    is_name: bool,
    /// The position in a character.
    utf8: Utf8,
    /// The value of the digits of `\uXXXX`, or of both halves of a surrogate pair.
    escape: u32,
    /// The number of these digits.
    digits: u8,
    number: Number,
    /// The rest of a literal.
    literal: &'static [u8],
    error: ScanError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// In a string.
    Plain,
    Backslash,
    Hex,
    /// After the first half of a surrogate pair.
    SecondBackslash,
    SecondU,
    Number,
    Literal,
    End,
    Failed,
}

impl Scanner {
    /// A reader before the object.
    pub const fn new() -> Self {
        Self {
            state: State::Start,
            depth: 0,
            objects: 0,
            is_name: false,
            utf8: Utf8::WHOLE,
            escape: 0,
            digits: 0,
            number: Number::Start,
            literal: b"",
            error: ScanError::Unexpected(0),
        }
    }

    /// Whether only white space has been read.
    pub fn is_at_start(&self) -> bool {
        self.state == State::Start
    }

    /// Whether the object is complete.
    pub fn is_at_end(&self) -> bool {
        self.state == State::End
    }

    /// Removes bytes from the front of `input` up to the next event and returns that; `None` when
    /// `input` is empty.
    ///
    /// # Errors
    /// [`ScanError`]; all later calls return the same error.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Event<'i>>, ScanError> {
        while !input.is_empty() {
            // Only the members of the outermost object are reported.
            let is_reported = self.depth == 1;
            match self.step(input) {
                Ok(Some(event)) if is_reported => return Ok(Some(event)),
                Ok(_) => {}
                Err(error) => {
                    (self.state, self.error) = (State::Failed, error);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Removes bytes or changes the state.
    // Inlined into the loop, it would hold the whole state in registers and take half as much flash
    // again.
    #[inline(never)]
    fn step<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Event<'i>>, ScanError> {
        let Some((&byte, rest)) = input.split_first() else { return Ok(None) };
        match self.state {
            State::Plain => return self.plain(input),
            State::Number => return self.number(input),
            State::FirstValue | State::Value if matches!(byte, b'-' | b'0'..=b'9') => {
                (self.state, self.number) = (State::Number, Number::Start);
                return Ok(None);
            }
            State::Failed => return Err(self.error),
            _ => *input = rest,
        }
        match (self.state, byte) {
            (State::Backslash | State::Hex | State::SecondBackslash | State::SecondU, _) => {
                return self.escape(byte);
            }
            (State::Literal, _) => {
                let rest = self.literal.strip_prefix(&[byte]);
                self.literal = rest.ok_or(ScanError::Unexpected(byte))?;
                if self.literal.is_empty() {
                    self.state = State::Separator;
                }
            }
            (_, b' ' | b'\t' | b'\n' | b'\r') => {}
            (State::Start, b'{') => return self.descend(byte),
            (State::FirstName | State::NextName, b'"') => self.begin_string(true),
            (State::FirstName, b'}')
            | (State::FirstValue, b']')
            | (State::Separator, b'}' | b']') => {
                return self.ascend(byte);
            }
            (State::Colon, b':') => self.state = State::Value,
            (State::FirstValue | State::Value, b'"') => self.begin_string(false),
            (State::FirstValue | State::Value, b'{' | b'[') => return self.descend(byte),
            (State::FirstValue | State::Value, _) => {
                self.literal = match byte {
                    b't' => b"rue",
                    b'f' => b"alse",
                    b'n' => b"ull",
                    _ => return Err(ScanError::Unexpected(byte)),
                };
                self.state = State::Literal;
                return Ok(Some(Event::Other));
            }
            (State::Separator, b',') => {
                self.state = if self.is_in_object() { State::NextName } else { State::Value };
            }
            _ => return Err(ScanError::Unexpected(byte)),
        }
        Ok(None)
    }

    fn is_in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn descend(&mut self, byte: u8) -> Result<Option<Event<'static>>, ScanError> {
        if self.depth == MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u32::from(byte == b'{');
        self.state = if byte == b'{' { State::FirstName } else { State::FirstValue };
        Ok(Some(Event::Other))
    }

    fn ascend(&mut self, byte: u8) -> Result<Option<Event<'static>>, ScanError> {
        if self.is_in_object() != (byte == b'}') {
            return Err(ScanError::Unexpected(byte));
        }
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.state = if self.depth == 0 { State::End } else { State::Separator };
        Ok(Some(Event::End))
    }

    fn begin_string(&mut self, is_name: bool) {
        (self.state, self.is_name, self.utf8) = (State::Plain, is_name, Utf8::WHOLE);
    }

    fn part<'i>(&self, part: Bytes<'i>) -> Event<'i> {
        if self.is_name { Event::Name(part) } else { Event::Text(part) }
    }

    /// The part of a string up to the next escape, to its end, or to the end of `input`.
    fn plain<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Event<'i>>, ScanError> {
        let mut utf8 = self.utf8;
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
                    // The valid part is reported first, so that the events do not depend on where
                    // the input is cut.
                    None if length > 0 => break,
                    None => return Err(ScanError::Utf8),
                },
            }
            length += 1;
        }
        self.utf8 = utf8;
        let (part, rest) = input.split_at_checked(length).unwrap_or_default();
        *input = rest;
        if !part.is_empty() {
            return Ok(Some(self.part(Bytes::Plain(part))));
        }
        let Some((&byte, rest)) = rest.split_first() else { return Ok(None) };
        *input = rest;
        match byte {
            b'"' if self.is_name => {
                self.state = State::Colon;
                Ok(Some(Event::NameEnd))
            }
            b'"' => {
                self.state = State::Separator;
                Ok(Some(Event::TextEnd))
            }
            b'\\' => {
                self.state = State::Backslash;
                Ok(None)
            }
            _ => Err(ScanError::Control),
        }
    }

    fn escape(&mut self, byte: u8) -> Result<Option<Event<'static>>, ScanError> {
        let character = match (self.state, byte) {
            (State::Backslash, b'u') => {
                (self.state, self.escape, self.digits) = (State::Hex, 0, 0);
                return Ok(None);
            }
            (State::Backslash, _) => short_escape(byte),
            (State::SecondBackslash, b'\\') => {
                self.state = State::SecondU;
                return Ok(None);
            }
            (State::SecondU, b'u') => {
                self.state = State::Hex;
                return Ok(None);
            }
            (State::Hex, _) => {
                let digit = char::from(byte).to_digit(16).ok_or(ScanError::Escape)?;
                self.escape = self.escape << 4 | digit;
                self.digits += 1;
                match (self.digits, self.escape) {
                    (4, 0xd800..=0xdbff) => {
                        self.state = State::SecondBackslash;
                        return Ok(None);
                    }
                    (4, unit) => char::from_u32(unit),
                    (8, pair) => surrogate_pair(pair),
                    _ => return Ok(None),
                }
            }
            _ => None,
        };
        self.state = State::Plain;
        Ok(Some(self.part(Bytes::Escape(character.ok_or(ScanError::Escape)?))))
    }

    fn number<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Event<'i>>, ScanError> {
        let mut length = 0;
        while let Some(next) = input.get(length).and_then(|&byte| self.number.push(byte)) {
            self.number = next;
            length += 1;
        }
        let (part, rest) = input.split_at_checked(length).unwrap_or_default();
        *input = rest;
        match rest.first() {
            _ if !part.is_empty() => Ok(Some(Event::Number(part))),
            Some(&byte) if !self.number.is_complete() => Err(ScanError::Unexpected(byte)),
            _ => {
                self.state = State::Separator;
                Ok(Some(Event::NumberEnd))
            }
        }
    }
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

fn short_escape(byte: u8) -> Option<char> {
    let stands_for = b"\"\\/\x08\x0c\n\r\t";
    let at = b"\"\\/bfnrt".iter().position(|letter| *letter == byte)?;
    stands_for.get(at).map(|byte| char::from(*byte))
}

/// The character whose UTF-16 is `pair`, the first unit in the high half (RFC 2781 section 2.2).
fn surrogate_pair(pair: u32) -> Option<char> {
    let is_second_half = matches!(pair & 0xffff, 0xdc00..=0xdfff);
    let code = 0x1_0000 + ((pair >> 6 & 0xf_fc00) | (pair & 0x3ff));
    char::from_u32(code).filter(|_| is_second_half)
}
