//! Text of any length through slices of any length: it is written anew each time, and the window
//! shows what has not been written before.

use super::number::hex_digit;

/// What is left of a number when the last digits that fit 32 bits are cut off.
const BILLION: u64 = 1_000_000_000;

/// What shows of a text in a slice, from the text's byte number `start` on.
///
/// `core::fmt` would do, but brings 4 KB of firmware with it.
#[derive(Debug)]
pub struct ResumableWriter<'o> {
    slice: &'o mut [u8],
    start: usize,
    /// Bytes of the text so far, shown or not.
    position: usize,
    shown: usize,
}

impl<'o> ResumableWriter<'o> {
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
    #[inline(never)]
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

    // For each byte of each log line, and a call is half as long.
    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        if self.position >= self.start
            && let Some(place) = self.slice.get_mut(self.shown)
        {
            *place = byte;
            self.shown += 1;
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
            // A 64-bit division is a long subroutine on a 32-bit machine, and rarely needed.
            Err(_) => {
                self.number(number / BILLION);
                self.digits((number % BILLION) as u32, BILLION as u32 / 10);
            }
        }
    }

    /// Adds the digits of `number` from that of `unit`, a power of ten, on.
    #[inline(never)]
    pub(super) fn digits(&mut self, number: u32, unit: u32) {
        let mut unit = unit;
        while unit > 0 {
            let digit = number.checked_div(unit).unwrap_or(0) % 10;
            self.byte(b'0' + digit as u8);
            unit /= 10;
        }
    }

    /// Adds an error in words, and the byte that it is about: `unexpected byte 0x0a`.
    pub(crate) fn error(&mut self, text: &str, byte: Option<u8>) {
        self.put(text);
        if let Some(byte) = byte {
            self.bytes(&[b' ', b'0', b'x', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
}

#[cfg(feature = "ipv6")]
impl core::fmt::Write for ResumableWriter<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text);
        Ok(())
    }
}
