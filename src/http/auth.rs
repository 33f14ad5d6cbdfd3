//! A token that allows changes, sent as a Bearer token (RFC 6750) or, by browsers, as the password
//! of Basic credentials (RFC 7617).

use base64ct::{Base64, Encoding};

use super::bytes::is_same_name;

pub use crate::protocol::token::Token;
use crate::wire::search::split_bytes_once;

/// The longest Basic credentials that are decoded, in bytes, user name and colon included.
const LONGEST_BASIC: usize = 96;

impl Token {
    /// Whether `value`, that of an Authorization field, carries this token: as Bearer's, or as
    /// Basic's password with any user name. Schemes are named without regard to case (RFC 9110
    /// section 11.1).
    pub fn authorizes(&self, value: &[u8]) -> bool {
        let Some((scheme, credentials)) = split_bytes_once(value, b' ') else { return false };
        let credentials = credentials.trim_ascii();
        if is_same_name(scheme, b"Bearer") {
            self.matches(credentials)
        } else if is_same_name(scheme, b"Basic") {
            self.is_password_of(credentials)
        } else {
            false
        }
    }

    /// Whether `credentials`, still in base64, end in a colon and this token. The user name ends at
    /// the first colon (RFC 7617 section 2).
    fn is_password_of(&self, credentials: &[u8]) -> bool {
        let mut buffer = [0; LONGEST_BASIC];
        let Ok(decoded) = Base64::decode(credentials, &mut buffer) else { return false };
        split_bytes_once(decoded, b':').is_some_and(|(_user, password)| self.matches(password))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::entropy::{Entropy, SeededEntropy};
    use std::{format, vec, vec::Vec};

    const TEXT: &str = "0123456789abcdef-_ABCDEFGHIJKLMN";

    fn basic(credentials: &str) -> Vec<u8> {
        let mut buffer = vec![0; 4 * credentials.len() + 4];
        let encoded = Base64::encode(credentials.as_bytes(), &mut buffer).unwrap();
        format!("Basic {encoded}").into_bytes()
    }

    #[test]
    fn bearer_and_basic_carry_it() {
        let token = Token::from_text(TEXT).unwrap();
        for scheme in ["Bearer ", "bearer ", "BEARER   "] {
            assert!(token.authorizes(format!("{scheme}{TEXT}").as_bytes()));
        }
        let longest_user = "u".repeat(LONGEST_BASIC - Token::LENGTH - 1);
        for user in ["", "user", &longest_user] {
            assert!(token.authorizes(&basic(&format!("{user}:{TEXT}"))));
        }
    }

    #[test]
    fn nothing_else_authorizes() {
        let token = Token::from_text(TEXT).unwrap();
        let mut unpadded = basic(&format!("u:{TEXT}"));
        assert_eq!(unpadded.pop(), Some(b'='));
        for value in [
            unpadded,
            basic(TEXT),
            basic(&format!("{TEXT}:")),
            basic(&format!("a:b:{TEXT}")),
            basic(&format!(":{TEXT}x")),
            basic(&format!("{}:{TEXT}", "u".repeat(LONGEST_BASIC))),
            b"Basic".to_vec(),
            b"Basic ".to_vec(),
            b"Basic ????".to_vec(),
            b"".to_vec(),
            b"Bearer".to_vec(),
            TEXT.as_bytes().to_vec(),
            format!("Digest {TEXT}").into_bytes(),
            format!("Bearer{TEXT}").into_bytes(),
            format!("Bearer {TEXT} x").into_bytes(),
        ] {
            assert!(!token.authorizes(&value), "{value:?}");
        }
    }

    #[test]
    fn mutated_credentials_do_no_harm() {
        let token = Token::from_text(TEXT).unwrap();
        let valid = basic(&format!("user:{TEXT}"));
        let mut entropy = SeededEntropy::new(10);
        for _ in 0..100_000 {
            let random = entropy.next_u64();
            let mut value = valid.clone();
            let at = random as usize % value.len();
            value[at] = (random >> 32) as u8;
            value.truncate((random >> 40) as usize % (2 * value.len()));
            token.authorizes(&value);
        }
    }
}
