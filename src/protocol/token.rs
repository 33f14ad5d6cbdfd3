//! The secret that authorizes changes to a device, over any protocol.

use crate::{entropy::Entropy, wire::number::hex};

/// A secret that allows its holder to write: 32 characters of base64url's alphabet (RFC 4648 section 5).
#[derive(Clone, Copy)]
pub struct Token([u8; Token::LENGTH]);

impl Token {
    /// How many characters a token has.
    pub const LENGTH: usize = 32;

    /// A fresh token: 128 random bits in hexadecimal.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut text = [0; Self::LENGTH];
        for half in text.chunks_exact_mut(16) {
            half.copy_from_slice(&hex(entropy.next_u64()));
        }
        Self(text)
    }

    /// A token chosen elsewhere. `None` unless it is 32 letters, digits, `-` or `_`.
    pub fn from_text(text: &str) -> Option<Self> {
        let text: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        text.iter().all(in_alphabet).then_some(Self(text))
    }

    /// The token's characters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether `candidate` is this token. The time does not depend on where they differ.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        equal_in_constant_time(&self.0, candidate)
    }
}

/// Does not show the secret.
impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Whether two texts are the same. How long this takes depends on their lengths only.
fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |seen, (a, b)| seen | (a ^ b));
    // Keeps the optimiser from leaving the loop at the first difference.
    a.len() == b.len() && core::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;

    use super::*;
    use crate::entropy::SeededEntropy;

    const TEXT: &str = "0123456789abcdef-_ABCDEFGHIJKLMN";

    #[test]
    fn tokens_come_from_entropy_or_from_text() {
        let mut entropy = SeededEntropy::new(9);
        let (one, two) = (Token::generate(&mut entropy), Token::generate(&mut entropy));
        assert_ne!(one.as_str(), two.as_str());
        assert_eq!(Token::from_text(one.as_str()).unwrap().as_str(), one.as_str());
        assert_eq!(Token::from_text(TEXT).unwrap().as_str(), TEXT);
        assert!(Token::from_text(&TEXT[1..]).is_none());
        assert!(Token::from_text("0123456789abcdef-_ABCDEFGHIJKLM:").is_none());
        assert_eq!(format!("{one:?}"), "Token(..)");
    }

    #[test]
    fn only_the_token_matches() {
        let token = Token::from_text(TEXT).unwrap();
        assert!(token.matches(TEXT.as_bytes()));
        for index in 0..Token::LENGTH {
            for bit in 0..8 {
                let mut other = token.0;
                other[index] ^= 1 << bit;
                assert!(!token.matches(&other));
            }
            assert!(!token.matches(&token.0[..index]));
        }
        assert!(!token.matches(format!("{TEXT}0").as_bytes()));
    }
}
