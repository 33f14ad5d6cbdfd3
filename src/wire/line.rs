//! Short texts on the stack.

use super::writer::ResumableWriter;

/// A text of up to 96 bytes.
#[derive(Debug)]
pub struct Line {
    bytes: [u8; 96],
    length: usize,
}

impl Line {
    /// The empty text.
    pub const EMPTY: Self = Self { bytes: [0; 96], length: 0 };

    /// The text that `write` writes, cut off after 96 bytes.
    pub fn of(write: impl FnOnce(&mut ResumableWriter<'_>)) -> Self {
        let mut bytes = [0; 96];
        let mut writer = ResumableWriter::new(&mut bytes, 0);
        write(&mut writer);
        let length = writer.written();
        Self { bytes, length }
    }

    /// The text in UTF-8. Where it was cut off, the last character may be incomplete.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The text; empty if it ends in an incomplete character.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// Displays the description of an error; see [`ResumableWriter::error`].
pub(crate) fn describe(
    text: &str,
    byte: Option<u8>,
    f: &mut core::fmt::Formatter<'_>,
) -> core::fmt::Result {
    f.write_str(Line::of(|out| out.error(text, byte)).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_96_bytes() {
        let of = |count| Line::of(|out| (0..count).for_each(|_| out.put("x")));
        assert_eq!(of(0).as_str(), Line::EMPTY.as_str());
        assert_eq!(of(96).as_str().len(), 96);
        assert_eq!(of(97).as_str().len(), 96);
        let cut = Line::of(|out| {
            (0..95).for_each(|_| out.put("x"));
            out.put("\u{e9}");
        });
        assert_eq!((cut.as_bytes().len(), cut.as_str()), (96, ""));
    }
}
