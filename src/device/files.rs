//! A folder as JSON, streamed from the store.

use crate::{
    store::{Entry, Store, StoreError},
    wire::{
        template::{Value, boolean},
        writer::ResumableWriter,
    },
};

/// The text of `files.json`; the [module](super#files) documents its members. Files with names longer
/// than `NAME` bytes are omitted.
pub struct FileList<S: Store, const NAME: usize = 128> {
    listing: S::Listing,
    name: heapless::String<NAME>,
    row: Row,
    /// Bytes of `row` that have been written.
    sent: usize,
}

#[derive(Clone, Copy)]
enum Row {
    Start,
    Entry { entry: Entry, is_first: bool },
    End,
    Done,
}

impl<S: Store, const NAME: usize> FileList<S, NAME> {
    /// Lists the folder at `path`, which must be [valid](crate::store::is_valid_path).
    ///
    /// # Errors
    /// Those of [`Store::list`].
    pub fn new(store: &S, path: &str) -> Result<Self, StoreError> {
        let listing = store.list(path)?;
        Ok(Self { listing, name: heapless::String::new(), row: Row::Start, sent: 0 })
    }

    /// Writes the bytes that follow to the front of `out` and returns how many: 0 at the end, or for an
    /// empty `out`.
    ///
    /// # Errors
    /// Those of [`Store::next_entry`]; the text is then incomplete.
    pub fn read(&mut self, store: &S, out: &mut [u8]) -> Result<usize, StoreError> {
        let mut written = 0;
        loop {
            let mut window =
                ResumableWriter::new(out.get_mut(written..).unwrap_or_default(), self.sent);
            write_row(self.row, &self.name, &mut window);
            written += window.written();
            self.sent += window.written();
            if !window.is_complete() {
                break;
            }
            self.sent = 0;
            self.row = match self.row {
                Row::Start => self.next_row(store, true)?,
                Row::Entry { .. } => self.next_row(store, false)?,
                Row::End | Row::Done => Row::Done,
            };
            if matches!(self.row, Row::Done) {
                break;
            }
        }
        Ok(written)
    }

    fn next_row(&mut self, store: &S, is_first: bool) -> Result<Row, StoreError> {
        self.name.clear();
        let entry = store.next_entry(&mut self.listing, &mut self.name)?;
        Ok(entry.map_or(Row::End, |entry| Row::Entry { entry, is_first }))
    }
}

fn write_row(row: Row, name: &str, out: &mut ResumableWriter<'_>) {
    match row {
        Row::Start => out.put("{\"files\":["),
        Row::Entry { entry, is_first } => {
            out.put(if is_first { "" } else { "," });
            out.render(
                "{\"name\":%,\"folder\":%,\"size\":%,\"modified\":%}",
                &[
                    Value::Json(name),
                    boolean(entry.is_folder),
                    Value::Number(entry.size),
                    entry
                        .modified
                        .map_or(Value::Text("null"), |date| Value::Signed(date.seconds())),
                ],
            );
        }
        Row::End => out.put("]}"),
        Row::Done => {}
    }
}
