//! Strings as JSON has them (RFC 8259 section 7).

use core::fmt::{self, Display, Formatter, Write};

use crate::wire::text::hex_digit;

/// Writes a string with its quotes and escapes.
pub(super) struct Quoted<'s>(pub &'s str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_quoted(self.0, f, |c, f| {
            let byte = c as u8;
            f.write_str("\\u00")?;
            f.write_char(hex_digit(byte >> 4).into())?;
            f.write_char(hex_digit(byte & 15).into())
        })
    }
}

/// Writes `text` between quotes, with a backslash before each quote and backslash in it. `control`
/// writes what stands for a character below U+0020.
pub(super) fn write_quoted(
    text: &str,
    f: &mut Formatter<'_>,
    control: fn(char, &mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if c < ' ' {
            control(c, f)?;
            continue;
        }
        if c == '"' || c == '\\' {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

/// Writes a number, or `null`.
pub(super) struct Nullable(pub Option<i64>);

impl Display for Nullable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("null"),
        }
    }
}
