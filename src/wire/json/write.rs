//! Writing JSON piece by piece, into slices as short as one byte.

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
/// same in every call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    piece: usize,
    /// Bytes of the piece that are done with.
    position: usize,
    /// Bytes of the next character's escape that are done with.
    escaped: usize,
}

impl Cursor {
    /// At the beginning.
    pub const fn new() -> Self {
        Self { piece: 0, position: 0, escaped: 0 }
    }

    /// Writes on to the front of `output` and returns how many bytes.
    pub fn write(&mut self, pieces: &[Piece<'_>], output: &mut [u8]) -> usize {
        let mut given = 0;
        while let Some(piece) = pieces.get(self.piece) {
            let room = output.get_mut(given..).unwrap_or_default();
            let (text, written) = match piece {
                Piece::Verbatim(text) => (text, self.copy(text, room)),
                Piece::Escaped(text) => (text, self.escape(text, room)),
            };
            given += written;
            if self.position < text.len() {
                break;
            }
            *self = Self { piece: self.piece + 1, ..Self::new() };
        }
        given
    }

    /// Whether all of `pieces` has been written.
    pub fn is_done(&self, pieces: &[Piece<'_>]) -> bool {
        self.piece >= pieces.len()
    }

    fn copy(&mut self, text: &str, room: &mut [u8]) -> usize {
        let rest = text.as_bytes().get(self.position..).unwrap_or_default();
        let written = rest.len().min(room.len());
        room.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
        self.position += written;
        written
    }

    fn escape(&mut self, text: &str, room: &mut [u8]) -> usize {
        let mut written = 0;
        let mut room = room.iter_mut();
        for character in text.get(self.position..).unwrap_or_default().chars() {
            while let Some(byte) = escaped_byte(character, self.escaped) {
                let Some(place) = room.next() else { return written };
                *place = byte;
                self.escaped += 1;
                written += 1;
            }
            self.position += character.len_utf8();
            self.escaped = 0;
        }
        written
    }
}

/// The byte at `index` of what stands for `character` in a string, or `None` past its end.
fn escaped_byte(character: char, index: usize) -> Option<u8> {
    let short = match character {
        '"' | '\\' => character as u8,
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\x08' => b'b',
        '\x0c' => b'f',
        ' '..='~' => return (index == 0).then_some(character as u8),
        _ => {
            let mut units = [0; 2];
            let unit = *character.encode_utf16(&mut units).get(index / 6)?;
            let digit = |shift: u32| char::from_digit(u32::from(unit >> shift) & 15, 16);
            return match index % 6 {
                0 => Some(b'\\'),
                1 => Some(b'u'),
                place => digit(20 - 4 * place as u32).map(|digit| digit as u8),
            };
        }
    };
    [b'\\', short].get(index).copied()
}
