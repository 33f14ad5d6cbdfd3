//! JSON in requests and responses.

use serde::{Serialize, de::DeserializeOwned};
use serde_json_core::{de, from_slice_escaped, ser};

use super::{
    problem::Problem,
    request::Request,
    response::{Answer, Response},
    result::Result,
    routes::{NOT_JSON, is_json},
    status::Status,
};

/// The longest string with escapes in it, in bytes after they are replaced. Others may be longer.
const LONGEST_ESCAPED: usize = 256;

/// Arrays and objects inside each other. The parser calls itself for each, on a small stack.
const DEEPEST: u8 = 16;

impl Request<'_> {
    /// Reads the body as JSON. Strings with escapes have 256 bytes at most, arrays and objects are 16
    /// deep at most. `T` owns what it holds, such as `heapless::String`. Let it
    /// `#[serde(deny_unknown_fields)]`, so that clients learn of a misspelt name.
    ///
    /// # Errors
    /// 415 when Content-Type is not JSON; 400 when the body is not JSON, or not that of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if !is_json(self) {
            return Err(NOT_JSON);
        }
        if is_deeper_than(DEEPEST, self.body()) {
            return Err(Status::BAD_REQUEST.because("JSON nested too deeply"));
        }
        let mut unescaped = [0; LONGEST_ESCAPED];
        from_slice_escaped(self.body(), &mut unescaped).map(|(value, _)| value).map_err(explain)
    }
}

impl Response<'_> {
    /// Ends the response with `value` as JSON. The same limit as in [`Response::body`] applies.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Answer {
        self.composed("application/json", |room| ser::to_slice(value, room).ok())
    }
}

fn explain(error: de::Error) -> Problem {
    use de::Error;
    Status::BAD_REQUEST.because(match error {
        Error::EofWhileParsingList
        | Error::EofWhileParsingObject
        | Error::EofWhileParsingString
        | Error::EofWhileParsingNumber
        | Error::EofWhileParsingValue => "incomplete JSON",
        Error::InvalidType | Error::InvalidNumber => "a JSON value of another type than expected",
        Error::EscapedStringIsTooLong => "a JSON string with escapes is too long",
        Error::TrailingCharacters => "more than one JSON value",
        Error::CustomError => "a JSON member is missing, unknown or out of range",
        _ => "malformed JSON",
    })
}

/// Whether arrays and objects in `json` are more than `limit` deep.
fn is_deeper_than(limit: u8, json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut is_escaped) = (0_u8, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                if depth == limit {
                    return true;
                }
                depth += 1;
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::format;

    #[test]
    fn depth_is_that_of_brackets_outside_strings() {
        let nested = |depth: usize| format!("{}{}", "[{\"a\":".repeat(depth), "}]".repeat(depth));
        assert!(!is_deeper_than(16, nested(8).as_bytes()));
        assert!(is_deeper_than(16, format!("[{}]", nested(8)).as_bytes()));
        assert!(!is_deeper_than(1, br#"["[[[", "\"[[", "\\", []"#.split_at(20).0));
        assert!(is_deeper_than(1, br#"["\\", []"#));
        assert!(!is_deeper_than(1, br"[],[],[]"));
        assert!(!is_deeper_than(1, br"]]]][]"));
    }
}
