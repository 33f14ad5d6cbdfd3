//! Text of any length through slices of any length: it is written anew each time, and the window
//! shows what has not been written before.

use smoltcp::wire::IpAddress;

use super::text::{decimal, hex};

/// A piece of a text.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'t> {
    /// As it is.
    Text(&'t str),
    /// In decimal digits.
    Number(u64),
    /// In 16 hexadecimal digits.
    Hex(u64),
    /// So many thousandths, with their point and three digits behind it: `12.345`.
    Thousandths(u64),
    /// `192.168.69.1`, or as RFC 5952 has it.
    Address(IpAddress),
}

/// What shows of a text in a slice, from the text's byte number `start` on.
///
/// `core::fmt` would do, but brings 4 KB of firmware with it.
#[derive(Debug)]
pub struct Window<'o> {
    slice: &'o mut [u8],
    start: usize,
    /// Bytes of the text so far, shown or not.
    position: usize,
    shown: usize,
}

impl<'o> Window<'o> {
    /// Before the text.
    pub fn new(slice: &'o mut [u8], start: usize) -> Self {
        Self { slice, start, position: 0, shown: 0 }
    }

    /// Bytes in the slice.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// Bytes of the whole text.
    pub fn length(&self) -> usize {
        self.position
    }

    /// Whether the text is shown to its end.
    pub fn is_complete(&self) -> bool {
        self.position <= self.start + self.shown
    }

    /// Adds a text.
    pub fn put(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds what is there of UTF-8.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let before = self.start.saturating_sub(self.position).min(bytes.len());
        self.position += bytes.len();
        let fresh = bytes.get(before..).unwrap_or_default();
        let room = self.slice.get_mut(self.shown..).unwrap_or_default();
        let length = fresh.len().min(room.len());
        if let (Some(room), Some(fresh)) = (room.get_mut(..length), fresh.get(..length)) {
            room.copy_from_slice(fresh);
        }
        self.shown += length;
    }

    /// Adds a number in decimal.
    pub fn number(&mut self, number: u64) {
        self.bytes(decimal(number, &mut [0; 20]));
    }

    /// Adds several pieces.
    pub fn pieces(&mut self, pieces: &[Piece<'_>]) {
        for piece in pieces {
            match *piece {
                Piece::Text(text) => self.put(text),
                Piece::Number(number) => self.number(number),
                Piece::Hex(number) => self.bytes(&hex(number)),
                Piece::Thousandths(number) => self.thousandths(number),
                Piece::Address(address) => self.address(address),
            }
        }
    }

    fn thousandths(&mut self, number: u64) {
        self.number(number / 1000);
        self.put(match number % 1000 {
            0..10 => ".00",
            10..100 => ".0",
            _ => ".",
        });
        self.number(number % 1000);
    }

    fn address(&mut self, address: IpAddress) {
        match address {
            IpAddress::Ipv4(address) => {
                for (place, octet) in address.octets().into_iter().enumerate() {
                    self.put(if place == 0 { "" } else { "." });
                    self.number(octet.into());
                }
            }
            #[cfg(feature = "ipv6")]
            IpAddress::Ipv6(address) => {
                let _ = core::fmt::write(self, format_args!("{address}"));
            }
        }
    }
}

#[cfg(feature = "ipv6")]
impl core::fmt::Write for Window<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text);
        Ok(())
    }
}

/// A short text, for [`Display`](core::fmt::Display): 96 bytes at most.
pub(crate) fn display(
    write: impl FnOnce(&mut Window<'_>),
    f: &mut core::fmt::Formatter<'_>,
) -> core::fmt::Result {
    f.write_str(Line::of(write).as_str())
}

/// A short text: 96 bytes at most.
pub(crate) struct Line {
    bytes: [u8; 96],
    length: usize,
}

impl Line {
    /// What `write` writes.
    pub fn of(write: impl FnOnce(&mut Window<'_>)) -> Self {
        let mut bytes = [0; 96];
        let mut window = Window::new(&mut bytes, 0);
        write(&mut window);
        let length = window.shown();
        Self { bytes, length }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// Pieces of a text, to be displayed.
#[derive(Debug, Clone, Copy)]
pub struct Pieces<'t>(pub &'t [Piece<'t>]);

impl core::fmt::Display for Pieces<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for piece in self.0 {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Number(number) => write!(f, "{number}")?,
                Piece::Hex(number) => write!(f, "{number:016x}")?,
                Piece::Thousandths(number) => {
                    write!(f, "{}.{:03}", number / 1000, number % 1000)?;
                }
                Piece::Address(address) => write!(f, "{address}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::{format, string::String, vec, vec::Vec};

    const PIECES: [Piece<'_>; 12] = [
        Piece::Text("a text, "),
        Piece::Number(u64::MAX),
        Piece::Text(""),
        Piece::Hex(0x0123_4567_89ab_cdef),
        Piece::Text(" "),
        Piece::Address(IpAddress::v4(192, 168, 69, 1)),
        Piece::Text(" "),
        Piece::Thousandths(7),
        Piece::Thousandths(2_034),
        Piece::Thousandths(10_120),
        Piece::Text(" "),
        Piece::Thousandths(u64::MAX),
    ];

    #[test]
    fn shows_the_same_through_slices_of_every_length() {
        let expected = format!("{}", Pieces(&PIECES));
        assert_eq!(
            expected,
            "a text, 184467440737095516150123456789abcdef 192.168.69.1 \
             0.0072.03410.120 18446744073709551.615"
        );
        for room in 1..=expected.len() + 1 {
            let mut shown = Vec::new();
            loop {
                let mut slice = vec![0; room];
                let mut window = Window::new(&mut slice, shown.len());
                window.pieces(&PIECES);
                assert_eq!(window.length(), expected.len());
                let (length, is_complete) = (window.shown(), window.is_complete());
                shown.extend_from_slice(&slice[..length]);
                if is_complete {
                    break;
                }
                assert_eq!(length, room);
            }
            assert_eq!(String::from_utf8(shown).unwrap(), expected);
        }
    }

    #[test]
    fn shows_nothing_where_there_is_no_room() {
        let mut window = Window::new(&mut [], 0);
        assert!(window.is_complete());
        window.put("x");
        assert_eq!((window.shown(), window.length(), window.is_complete()), (0, 1, false));
    }

    #[cfg(feature = "ipv6")]
    #[test]
    fn shows_ipv6_addresses() {
        let mut slice = [0; 40];
        let mut window = Window::new(&mut slice, 0);
        window.pieces(&[Piece::Address(IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 1))]);
        let shown = window.shown();
        assert_eq!(&slice[..shown], b"fe80::1");
    }
}
