//! Text in HTML pages.

use core::fmt;

/// Displays text so that a browser shows it as it is, in an element's content as in a quoted
/// attribute (WHATWG HTML section 13.1.2.3 and 13.1.4).
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'t>(
    /// The text as it is.
    pub &'t str,
);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; 4];
        for character in self.0.chars() {
            f.write_str(match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                _ => character.encode_utf8(&mut buffer),
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::format;

    #[test]
    fn escapes_what_html_would_read() {
        let text = format!("{}", Escaped("<a href=\"x\" id='ä'>&amp;</a>"));
        assert_eq!(text, "&lt;a href=&quot;x&quot; id=&#39;ä&#39;&gt;&amp;amp;&lt;/a&gt;");
        assert_eq!(format!("{}", Escaped("")), "");
    }
}
