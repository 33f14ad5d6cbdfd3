//! Texts that are written in pieces of any size, without a buffer.

use crate::{protocol::environment::Environment, wire::writer::ResumableWriter};

/// A text in rows. A row is a copy of the values in its text, so that the text stays the same while it
/// is written in pieces and the counters change.
pub trait Document {
    /// The copy of the numbers in a row.
    type Row;

    /// Row `n`, or `None` after the last.
    fn row(&self, n: usize, env: &Environment<'_>) -> Option<Self::Row>;

    /// Writes the whole text of a row.
    fn write(&self, row: &Self::Row, env: &Environment<'_>, out: &mut ResumableWriter<'_>);
}

/// A position in a [`Document`].
#[derive(Debug, Clone)]
pub struct Cursor<R> {
    /// The number of the row that follows `row`.
    next: usize,
    row: Option<R>,
    /// Bytes of `row` that have been written.
    sent: usize,
}

impl<R> Cursor<R> {
    /// The beginning.
    pub const fn new() -> Self {
        Self { next: 0, row: None, sent: 0 }
    }

    /// Writes the bytes that follow to the front of `out` and returns how many: 0 at the end, or
    /// for an empty `out`.
    pub fn read<D: Document<Row = R>>(
        &mut self,
        document: &D,
        env: &Environment<'_>,
        out: &mut [u8],
    ) -> usize {
        let mut written = 0;
        loop {
            if self.row.is_none() {
                self.row = document.row(self.next, env);
                self.next += 1;
                self.sent = 0;
            }
            let Some(row) = &self.row else {
                self.next -= 1; // the next call finds the end again
                break;
            };
            let mut writer =
                ResumableWriter::new(out.get_mut(written..).unwrap_or_default(), self.sent);
            document.write(row, env, &mut writer);
            written += writer.written();
            self.sent += writer.written();
            if !writer.is_complete() {
                break;
            }
            self.row = None;
        }
        written
    }
}

impl<R> Default for Cursor<R> {
    fn default() -> Self {
        Self::new()
    }
}
