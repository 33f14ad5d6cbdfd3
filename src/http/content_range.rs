//! Content-Range (RFC 9110 section 14.4).

use core::fmt;

use crate::http::range::ByteRange;

/// Displays the value of a Content-Range field: `bytes 0-499/1234` for a part that is sent, or
/// `bytes */1234` with an answer 416.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The part that is sent.
    pub range: Option<ByteRange>,
    /// The file's length in bytes.
    pub size: u64,
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Some(ByteRange { first, last }) => write!(f, "bytes {first}-{last}/{}", self.size),
            None => write!(f, "bytes */{}", self.size),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    #[test]
    fn shows_the_examples_of_rfc_9110() {
        let range = Some(ByteRange { first: 42, last: 1233 });
        assert_eq!(ContentRange { range, size: 1234 }.to_string(), "bytes 42-1233/1234");
        assert_eq!(ContentRange { range: None, size: 1234 }.to_string(), "bytes */1234");
    }
}
