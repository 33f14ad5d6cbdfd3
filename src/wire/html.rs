//! Text in HTML pages.
//!
//! | character | written as |
//! |---|---|
//! | `&` | `&amp;` |
//! | `<` `>` | `&lt;` `&gt;` |
//! | `"` `'` | `&quot;` `&#39;` |

use super::writer::ResumableWriter;

/// Writes `text` with its special characters escaped, so that a browser shows it unchanged in the
/// content of an element and in a quoted attribute (WHATWG HTML sections 13.1.2.3 and 13.1.4).
pub fn escape(text: &str, out: &mut ResumableWriter<'_>) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.put("&amp;"),
            b'<' => out.put("&lt;"),
            b'>' => out.put("&gt;"),
            b'"' => out.put("&quot;"),
            b'\'' => out.put("&#39;"),
            _ => out.bytes(&[byte]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_special_characters() {
        for (text, expected) in [
            (
                "<a href=\"x\" id='ä'>&amp;</a>",
                "&lt;a href=&quot;x&quot; id=&#39;ä&#39;&gt;&amp;amp;&lt;/a&gt;",
            ),
            ("", ""),
        ] {
            let mut slice = [0; 99];
            let mut out = ResumableWriter::new(&mut slice, 0);
            escape(text, &mut out);
            let shown = out.written();
            assert_eq!(&slice[..shown], expected.as_bytes());
        }
    }
}
