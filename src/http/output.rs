//! The slice in which a response is composed.

use super::{bytes, status::Status};
use crate::wire::{number::decimal, template::Value, writer::ResumableWriter};

/// A writer into a slice that remembers when something did not fit.
pub(super) struct Output<'o> {
    place: &'o mut [u8],
    len: usize,
    overflow: bool,
}

/// Writes a body to the front of a slice and returns its length, or `None` when it does not fit.
type Compose<'c> = &'c mut dyn FnMut(&mut [u8]) -> Option<usize>;

impl<'o> Output<'o> {
    pub fn new(place: &'o mut [u8]) -> Self {
        Self { place, len: 0, overflow: false }
    }

    // Not inlined: it has many callers, and copies would add up.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        match self.place.get_mut(self.len..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.overflow = true,
        }
    }

    pub fn render(&mut self, template: &str, values: &[Value<'_>]) {
        let room = self.place.get_mut(self.len..).unwrap_or_default();
        let mut writer = ResumableWriter::new(room, 0);
        writer.render(template, values);
        self.overflow |= !writer.is_complete();
        self.len += writer.written();
    }

    /// Writes nothing where not everything fits.
    pub fn render_if_it_fits(&mut self, template: &str, values: &[Value<'_>]) {
        let (len, overflow) = (self.len, self.overflow);
        self.render(template, values);
        // Room for what ends the text.
        if self.overflow || self.len + 2 > self.place.len() {
            (self.len, self.overflow) = (len, overflow);
        }
    }

    /// The number of bytes written; `None` if something did not fit.
    pub fn finish(&self) -> Option<usize> {
        (!self.overflow).then_some(self.len)
    }

    // Checks the room once: there are several fields in each response.
    #[inline(never)]
    pub fn field(&mut self, name: &str, value: &[u8]) {
        let len = name.len() + 2 + value.len() + 2;
        let room = self.place.get_mut(self.len..).and_then(|rest| rest.get_mut(..len));
        if let Some((name_place, rest)) =
            room.and_then(|room| room.split_at_mut_checked(name.len()))
            && let Some((colon, rest)) = rest.split_first_chunk_mut()
            && let Some((rest, end)) = rest.split_last_chunk_mut()
        {
            name_place.copy_from_slice(name.as_bytes());
            *colon = *b": ";
            rest.copy_from_slice(value);
            *end = *b"\r\n";
            self.len += len;
        } else {
            self.overflow = true;
        }
    }

    /// Writes a field whose value is the rendered `template`; nothing if the value has control characters.
    #[inline(never)]
    pub fn field_with(&mut self, name: &str, template: &str, values: &[Value<'_>]) {
        let start = self.len;
        self.bytes(name.as_bytes());
        self.bytes(b": ");
        let value = self.len;
        self.render(template, values);
        if self.place.get(value..self.len).is_some_and(bytes::is_field_content) {
            self.bytes(b"\r\n");
        } else {
            self.len = start;
        }
    }

    /// Writes the code, which has three digits, and its reason phrase.
    #[inline(never)]
    pub fn status(&mut self, status: Status) {
        let digit = |number: u16| b'0' + (number % 10) as u8;
        self.bytes(&[digit(status.0 / 100), digit(status.0 / 10), digit(status.0), b' ']);
        self.bytes(status.reason().as_bytes());
    }

    /// Writes Content-Length, the last field, and the empty line.
    pub fn end_head(&mut self, len: u64) {
        self.field("Content-Length", decimal(len, &mut [0; 20]));
        self.bytes(b"\r\n");
    }

    /// Writes Content-Length, the empty line and the body, and returns the body's length. The body
    /// is composed first, behind the room that these will need, since its length is not known
    /// before.
    pub fn body(&mut self, status: Status, is_head: bool, compose: Compose<'_>) -> usize {
        const LONGEST: usize = "Content-Length: 18446744073709551615\r\n\r\n".len();
        if status.is_bodiless() {
            self.bytes(b"\r\n");
            return 0;
        }
        let start = self.len + LONGEST;
        let Some(body_len) = self.place.get_mut(start..).and_then(compose) else {
            self.overflow = true;
            return 0;
        };
        self.end_head(body_len as u64);
        if is_head {
            return 0;
        }
        if start + body_len > self.place.len() {
            self.overflow = true;
            return 0;
        }
        bytes::move_to_front(self.place, start..start + body_len, self.len);
        self.len += body_len;
        body_len
    }
}
