//! Well-formed UTF-8 (RFC 3629 section 4) as a state machine over bytes.

/// The rest of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Utf8 {
    /// The number of bytes that follow.
    left: u8,
    /// The bounds of the next byte; all others are from 0x80 to 0xBF.
    low: u8,
    high: u8,
}

/// The rest of a character by its first byte. Each row is for the bytes from its own up to the next
/// row's.
const FIRST_BYTES: [(u8, Option<Utf8>); 11] = [
    (0x00, Utf8::expect(0, 0x80, 0xbf)),
    (0x80, None),
    (0xc2, Utf8::expect(1, 0x80, 0xbf)),
    // The bounds exclude overlong forms, surrogates and all beyond U+10FFFF.
    (0xe0, Utf8::expect(2, 0xa0, 0xbf)),
    (0xe1, Utf8::expect(2, 0x80, 0xbf)),
    (0xed, Utf8::expect(2, 0x80, 0x9f)),
    (0xee, Utf8::expect(2, 0x80, 0xbf)),
    (0xf0, Utf8::expect(3, 0x90, 0xbf)),
    (0xf1, Utf8::expect(3, 0x80, 0xbf)),
    (0xf4, Utf8::expect(3, 0x80, 0x8f)),
    (0xf5, None),
];

impl Utf8 {
    /// Between characters.
    pub const WHOLE: Self = Self { left: 0, low: 0x80, high: 0xbf };

    const fn expect(left: u8, low: u8, high: u8) -> Option<Self> {
        Some(Self { left, low, high })
    }

    pub fn is_whole(self) -> bool {
        self.left == 0
    }

    /// The state after `byte`; `None` if it is not well-formed.
    pub fn push(self, byte: u8) -> Option<Self> {
        if self.left > 0 {
            let fits = (self.low..=self.high).contains(&byte);
            return fits.then_some(Self { left: self.left - 1, ..Self::WHOLE });
        }
        FIRST_BYTES.iter().rfind(|(first, _)| *first <= byte)?.1
    }
}
