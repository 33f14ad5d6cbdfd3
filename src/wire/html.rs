//! Text in HTML pages.

use super::writer::ResumableWriter;

/// Adds text so that a browser shows it as it is, in an element's content as in a quoted attribute
/// (WHATWG HTML section 13.1.2.3 and 13.1.4).
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
    fn escapes_what_html_would_read() {
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
            let shown = out.shown();
            assert_eq!(&slice[..shown], expected.as_bytes());
        }
    }
}
