//! Finds a token in captured bytes, also a part of it: a segment may end within it.

use base64ct::{Base64, Encoding};

use crate::protocol::token::Token;

/// The length of the pieces that are looked for, in bytes. Fewer characters of a token in one frame are
/// not recognised.
const LENGTH: usize = size_of::<u64>();

/// The characters that consist of the token's bits only, in base64 of a text that it ends.
const ENCODED: usize = Token::LENGTH * 8 / 6;

const PLAIN_PIECES: usize = Token::LENGTH - LENGTH + 1;
const ENCODED_PIECES: usize = ENCODED - LENGTH + 1;

/// All pieces of a token, as it is and in base64 (Basic credentials, RFC 7617), where it begins at any
/// of three positions within a group.
pub(super) struct Pieces([u64; PLAIN_PIECES + 3 * ENCODED_PIECES]);

impl Pieces {
    /// The pieces of `token`.
    pub fn of(token: &Token) -> Self {
        let token = token.as_str().as_bytes();
        let mut all = [0; PLAIN_PIECES + 3 * ENCODED_PIECES];
        let mut places = all.iter_mut();
        let mut add = |text: &[u8]| {
            for (piece, place) in text.windows(LENGTH).filter_map(number).zip(&mut places) {
                *place = piece;
            }
        };
        add(token);
        // The bytes before the token, and the characters that have bits of them.
        for (before, mixed) in [(0, 0), (1, 2), (2, 3)] {
            let (mut text, mut encoded) = ([0; Token::LENGTH + 2], [0; ENCODED + 6]);
            let end = before + token.len();
            if let Some(place) = text.get_mut(before..end) {
                place.copy_from_slice(token);
            }
            let encoded = Base64::encode(text.get(..end).unwrap_or_default(), &mut encoded);
            let encoded = encoded.unwrap_or_default().as_bytes();
            add(encoded.get(mixed..mixed + ENCODED).unwrap_or_default());
        }
        Self(all)
    }

    /// The position of the first piece in `bytes`.
    pub fn position_in(&self, bytes: &[u8]) -> Option<usize> {
        bytes.windows(LENGTH).filter_map(number).position(|piece| self.0.contains(&piece))
    }
}

fn number(piece: &[u8]) -> Option<u64> {
    piece.first_chunk().map(|piece| u64::from_le_bytes(*piece))
}
