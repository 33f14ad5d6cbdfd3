//! Writing JSON piece by piece, into slices as short as one byte.

use crate::wire::text::hex_digit;

/// A stretch of JSON text.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'p> {
    /// Written as it is: braces, quotes, numbers, and names and texts known to need no escapes.
    Verbatim(&'p str),
    /// The inside of a string. Escaped as Python's `json.dumps` does it, in pure ASCII:
    /// `\" \\ \n \r \t \b \f`, and `\uXXXX` in lower-case digits for other controls and for all
    /// beyond `~`, in surrogate pairs beyond U+FFFF.
    Escaped(&'p str),
}

/// How much of a sequence of pieces has been written. Belongs to one sequence, which must be the
/// same in every call: its text is made anew each time, and what is out already left away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    /// Bytes that are out.
    written: usize,
    is_done: bool,
}

impl Cursor {
    /// At the beginning.
    pub const fn new() -> Self {
        Self { written: 0, is_done: false }
    }

    /// Writes on to the front of `output` and returns how many bytes.
    pub fn write(&mut self, pieces: &[Piece<'_>], output: &mut [u8]) -> usize {
        let size = output.len();
        let mut window = Window { skip: self.written, room: output.iter_mut() };
        self.is_done = pieces.iter().all(|piece| window.piece(*piece).is_some());
        let given = size - window.room.len();
        self.written += given;
        given
    }

    /// Whether all pieces have been written.
    pub fn is_done(&self) -> bool {
        self.is_done
    }
}

/// Leaves away what has been written before, and stops when it is full.
struct Window<'o> {
    skip: usize,
    room: core::slice::IterMut<'o, u8>,
}

impl Window<'_> {
    fn push(&mut self, byte: u8) -> Option<()> {
        match self.skip {
            0 => *self.room.next()? = byte,
            _ => self.skip -= 1,
        }
        Some(())
    }

    fn piece(&mut self, piece: Piece<'_>) -> Option<()> {
        match piece {
            Piece::Verbatim(text) => text.bytes().try_for_each(|byte| self.push(byte)),
            Piece::Escaped(text) => text.chars().try_for_each(|character| self.escape(character)),
        }
    }

    fn escape(&mut self, character: char) -> Option<()> {
        let short = match character {
            '"' | '\\' => character as u8,
            '\n' => b'n',
            '\r' => b'r',
            '\t' => b't',
            '\x08' => b'b',
            '\x0c' => b'f',
            ' '..='~' => return self.push(character as u8),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    self.push(b'\\')?;
                    self.push(b'u')?;
                    for shift in [12, 8, 4, 0] {
                        self.push(hex_digit((*unit >> shift) as u8 & 15))?;
                    }
                }
                return Some(());
            }
        };
        self.push(b'\\')?;
        self.push(short)
    }
}
