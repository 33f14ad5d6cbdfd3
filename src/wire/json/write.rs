//! Writing strings in JSON (RFC 8259 section 7).
//!
//! ```
//! use bareserve::wire::{json::write::quote, writer::ResumableWriter};
//!
//! let mut text = [0; 16];
//! let mut writer = ResumableWriter::new(&mut text, 0);
//! quote("\u{e9}\"", &mut writer);
//! let written = writer.written();
//! assert_eq!(&text[..written], br#""\u00e9\"""#);
//! ```

use crate::wire::{number::hex_digit, writer::ResumableWriter};

/// Writes a string with its quotes and escapes.
pub fn quote(text: &str, out: &mut ResumableWriter<'_>) {
    out.put("\"");
    escape(text, out);
    out.put("\"");
}

/// Writes the content of a string in ASCII, with the escapes of Python's `json.dumps`:
/// `\" \\ \n \r \t \b \f`, and `\uXXXX` in lower-case digits for other control characters and for all
/// characters beyond `~`, as surrogate pairs beyond U+FFFF.
pub fn escape(text: &str, out: &mut ResumableWriter<'_>) {
    for character in text.chars() {
        let short = match character {
            '"' | '\\' => character as u8,
            '\n' => b'n',
            '\r' => b'r',
            '\t' => b't',
            '\x08' => b'b',
            '\x0c' => b'f',
            ' '..='~' => {
                out.bytes(&[character as u8]);
                continue;
            }
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let digit = |shift: u32| hex_digit((*unit >> shift) as u8 & 15);
                    out.bytes(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
                }
                continue;
            }
        };
        out.bytes(&[b'\\', short]);
    }
}
