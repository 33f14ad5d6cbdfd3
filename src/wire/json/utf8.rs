//! Well-formed UTF-8 (RFC 3629 section 4), byte by byte.

use core::ops::RangeInclusive;

/// What is still to come of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Utf8 {
    /// Bytes, all between 0x80 and 0xBF.
    left: u8,
    /// The next one's narrower bounds.
    low: u8,
    high: u8,
}

impl Utf8 {
    /// Between characters.
    pub const WHOLE: Self = Self::expect(0, 0x80..=0xbf);

    const fn expect(left: u8, next: RangeInclusive<u8>) -> Self {
        Self { left, low: *next.start(), high: *next.end() }
    }

    pub fn is_whole(self) -> bool {
        self.left == 0
    }

    /// With one more byte, or `None` if no character goes on so.
    pub fn push(self, byte: u8) -> Option<Self> {
        if self.left > 0 {
            let fits = (self.low..=self.high).contains(&byte);
            return fits.then_some(Self { left: self.left - 1, ..Self::WHOLE });
        }
        Some(match byte {
            0..=0x7f => Self::WHOLE,
            0xc2..=0xdf => Self::expect(1, 0x80..=0xbf),
            // No overlong forms, no surrogates, nothing beyond U+10FFFF.
            0xe0 => Self::expect(2, 0xa0..=0xbf),
            0xed => Self::expect(2, 0x80..=0x9f),
            0xe1..=0xef => Self::expect(2, 0x80..=0xbf),
            0xf0 => Self::expect(3, 0x90..=0xbf),
            0xf1..=0xf3 => Self::expect(3, 0x80..=0xbf),
            0xf4 => Self::expect(3, 0x80..=0x8f),
            _ => return None,
        })
    }
}
