//! Texts longer than the room there is for them, written without a buffer of their own.

use core::fmt::{self, Write};

use crate::environment::Environment;

/// A text in rows. A row is a copy of all that its text depends on, so that it can be written
/// again and again, each time from where the last one stopped, though the counters move on.
pub trait Document {
    /// The copy.
    type Row;

    /// Row `n`, or `None` after the last.
    fn row(&self, n: usize, env: &Environment<'_>) -> Option<Self::Row>;

    /// Writes the whole text of a row.
    ///
    /// # Errors
    /// Those of `out`, and no others.
    fn write(&self, row: &Self::Row, out: &mut dyn Write) -> fmt::Result;
}

/// How much of a [`Document`] has been read.
#[derive(Debug, Clone)]
pub struct Progress<R> {
    /// The row to ask for when `row` is done.
    next: usize,
    row: Option<R>,
    /// Bytes of `row` that are out.
    sent: usize,
}

impl<R> Progress<R> {
    /// At the beginning.
    pub const fn new() -> Self {
        Self { next: 0, row: None, sent: 0 }
    }

    /// Writes what comes next to the front of `out` and returns how many bytes: 0 at the end (or
    /// for an empty `out`).
    pub fn read<D: Document<Row = R>>(
        &mut self,
        document: &D,
        env: &Environment<'_>,
        out: &mut [u8],
    ) -> usize {
        let mut window = Window::new(out);
        loop {
            if self.row.is_none() {
                self.row = document.row(self.next, env);
                self.next += 1;
                self.sent = 0;
            }
            let Some(row) = &self.row else {
                self.next -= 1; // stays at the end
                break;
            };
            if !window.resume(&mut self.sent, |out| document.write(row, out)) {
                break;
            }
            self.row = None;
        }
        window.written
    }
}

impl<R> Default for Progress<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows a part of a text: leaves out what has been written before, stops when it is full.
pub(super) struct Window<'o> {
    out: &'o mut [u8],
    pub written: usize,
    skip: usize,
}

impl<'o> Window<'o> {
    pub fn new(out: &'o mut [u8]) -> Self {
        Self { out, written: 0, skip: 0 }
    }

    /// Writes a text without its first `sent` bytes and counts what it wrote in `sent`. Returns
    /// whether the text is complete.
    pub fn resume(
        &mut self,
        sent: &mut usize,
        write: impl FnOnce(&mut dyn Write) -> fmt::Result,
    ) -> bool {
        self.skip = *sent;
        let before = self.written;
        let complete = write(self).is_ok();
        *sent += self.written - before;
        complete
    }
}

impl Write for Window<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some(fresh) = text.as_bytes().get(self.skip..) else {
            self.skip -= text.len();
            return Ok(());
        };
        self.skip = 0;
        let room = self.out.get_mut(self.written..).unwrap_or_default();
        let fitting = fresh.len().min(room.len());
        for (to, from) in room.iter_mut().zip(fresh) {
            *to = *from;
        }
        self.written += fitting;
        if fitting == fresh.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
