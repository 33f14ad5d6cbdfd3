//! Text of any length through slices of any length.
//!
//! A text that leaves in pieces is written as a whole for each piece. [`ResumableWriter`] skips the
//! bytes that went with earlier pieces and cuts off those that the slice has no room for, so the
//! number of bytes sent is all that has to be remembered between two pieces.
//!
//! ```
//! use bareserve::wire::{template::Value, writer::ResumableWriter};
//!
//! let (mut text, mut slice) = (Vec::new(), [0; 4]);
//! loop {
//!     let mut writer = ResumableWriter::new(&mut slice, text.len());
//!     writer.put("Content-Length: ");
//!     writer.number(1234);
//!     writer.render(" (%)", &[Value::Text("bytes")]);
//!     let (written, is_complete) = (writer.written(), writer.is_complete());
//!     text.extend_from_slice(&slice[..written]);
//!     if is_complete {
//!         break;
//!     }
//! }
//! assert_eq!(text, b"Content-Length: 1234 (bytes)");
//! ```

use super::number::hex_digit;

/// Numbers from here on are written as the part above it and nine digits, each of which fits 32 bits.
const BILLION: u64 = 1_000_000_000;

/// A writer of a text into a slice, from a given byte of the text on.
///
/// `core::fmt` could write the same texts but takes 4 KB of flash.
#[derive(Debug)]
pub struct ResumableWriter<'o> {
    slice: &'o mut [u8],
    /// Bytes of the text to skip.
    start: usize,
    /// Bytes of the text so far: skipped, written and cut off.
    position: usize,
    written: usize,
}

impl<'o> ResumableWriter<'o> {
    /// A writer of the bytes of a text from number `start` on, as far as `slice` holds them.
    pub fn new(slice: &'o mut [u8], start: usize) -> Self {
        Self { slice, start, position: 0, written: 0 }
    }

    /// Bytes written to the slice.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Bytes of the text so far, including those that were skipped or cut off.
    pub fn length(&self) -> usize {
        self.position
    }

    /// Whether the slice holds the text up to its present end: nothing was cut off.
    pub fn is_complete(&self) -> bool {
        self.position <= self.start + self.written
    }

    /// Adds a text.
    pub fn put(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes, which should be UTF-8 or a part of it.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        let skipped = self.start.saturating_sub(self.position).min(bytes.len());
        self.position += bytes.len();
        let wanted = bytes.get(skipped..).unwrap_or_default();
        let room = self.slice.get_mut(self.written..).unwrap_or_default();
        let length = wanted.len().min(room.len());
        if let (Some(room), Some(wanted)) = (room.get_mut(..length), wanted.get(..length)) {
            room.copy_from_slice(wanted);
        }
        self.written += length;
    }

    /// Adds one byte.
    // Inlined: a call would double the cost of each byte of a log line.
    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        if self.position >= self.start
            && let Some(place) = self.slice.get_mut(self.written)
        {
            *place = byte;
            self.written += 1;
        }
        self.position += 1;
    }

    /// Adds a number in decimal.
    #[inline(never)]
    pub fn number(&mut self, number: u64) {
        match u32::try_from(number) {
            Ok(number) => {
                let mut unit = 1;
                while unit <= number / 10 {
                    unit *= 10;
                }
                self.digits(number, unit);
            }
            // A 64-bit division is a long subroutine on a 32-bit machine and rarely needed.
            Err(_) => {
                self.number(number / BILLION);
                self.digits((number % BILLION) as u32, BILLION as u32 / 10);
            }
        }
    }

    /// Adds the digits of `number` from that of `unit`, a power of ten, down to the last.
    #[inline(never)]
    pub(super) fn digits(&mut self, number: u32, unit: u32) {
        let mut unit = unit;
        while unit > 0 {
            let digit = number.checked_div(unit).unwrap_or(0) % 10;
            self.byte(b'0' + digit as u8);
            unit /= 10;
        }
    }

    /// Adds the description of an error and the byte that caused it: `unexpected byte 0x0a`.
    pub(crate) fn error(&mut self, text: &str, byte: Option<u8>) {
        self.put(text);
        if let Some(byte) = byte {
            self.bytes(&[b' ', b'0', b'x', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
}

/// Makes [`write!`] work; it never fails. Text beyond the slice is cut off as with
/// [`put`](ResumableWriter::put).
impl core::fmt::Write for ResumableWriter<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    /// Writes the same text with each method of the writer.
    fn write(writer: &mut ResumableWriter<'_>) {
        writer.put("text \u{e9} ");
        writer.bytes(b"bytes ");
        writer.byte(b'#');
        for number in [0, 9, 10, u64::from(u32::MAX) + 1, 1_000_000_000_000_000_000, u64::MAX] {
            writer.number(number);
            writer.byte(b' ');
        }
        writer.digits(1_234, 100);
        writer.error(" unexpected byte", Some(0x0a));
        writer.error(", cut off", None);
        let _ = core::fmt::write(writer, format_args!(" {:?}", (1, "x")));
    }

    const TEXT: &str = "text \u{e9} bytes #0 9 10 4294967296 1000000000000000000 \
        18446744073709551615 234 unexpected byte 0x0a, cut off (1, \"x\")";

    #[test]
    fn slices_of_every_length_give_the_same_text() {
        for room in 1..=TEXT.len() + 1 {
            let (mut text, mut slice) = (Vec::new(), std::vec![0; room]);
            loop {
                let mut writer = ResumableWriter::new(&mut slice, text.len());
                write(&mut writer);
                assert_eq!(writer.length(), TEXT.len());
                let (written, is_complete) = (writer.written(), writer.is_complete());
                text.extend_from_slice(&slice[..written]);
                if is_complete {
                    break;
                }
                assert_eq!(written, room);
            }
            assert_eq!(core::str::from_utf8(&text), Ok(TEXT));
        }
    }

    #[test]
    fn a_slice_without_room_takes_nothing() {
        let mut writer = ResumableWriter::new(&mut [], 0);
        assert!(writer.is_complete());
        writer.put("x");
        assert_eq!((writer.written(), writer.length(), writer.is_complete()), (0, 1, false));
    }
}
