//! Texts longer than the room there is for them, written without a buffer of their own.

use crate::{protocol::environment::Environment, wire::writer::ResumableWriter};

/// A text in rows. A row is a copy of all that its text depends on, so that it can be written
/// again and again, each time from where the last one stopped, though the counters move on.
pub trait Document {
    /// The copy.
    type Row;

    /// Row `n`, or `None` after the last.
    fn row(&self, n: usize, env: &Environment<'_>) -> Option<Self::Row>;

    /// Writes the whole text of a row.
    fn write(&self, row: &Self::Row, env: &Environment<'_>, out: &mut ResumableWriter<'_>);
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
        let mut written = 0;
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
            let mut window =
                ResumableWriter::new(out.get_mut(written..).unwrap_or_default(), self.sent);
            document.write(row, env, &mut window);
            written += window.shown();
            self.sent += window.shown();
            if !window.is_complete() {
                break;
            }
            self.row = None;
        }
        written
    }
}

impl<R> Default for Progress<R> {
    fn default() -> Self {
        Self::new()
    }
}
