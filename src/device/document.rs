//! Texts that are written in pieces of any size, without a buffer.

use heapless::Vec;

use crate::{
    protocol::environment::Environment,
    wire::{template::Value, writer::ResumableWriter},
};

/// The most values in a row.
const MAX_VALUES: usize = 9;

/// A text in rows.
pub trait Document<'a> {
    /// Sets `row` to row `n`. Returns `false` after the last.
    fn row(&self, n: usize, env: &Environment<'_>, row: &mut Row<'a>) -> bool;
}

/// A row of a [`Document`]: a [template](crate::wire::template) and a copy of its values, so that the
/// text stays the same while it is written in pieces and the counters change.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    template: &'static str,
    values: Vec<Value<'a>, MAX_VALUES>,
}

impl<'a> Row<'a> {
    /// An empty row.
    pub const fn new() -> Self {
        Self { template: "", values: Vec::new() }
    }

    /// Begins anew with this template, which has up to nine placeholders.
    #[inline(never)]
    pub fn begin(&mut self, template: &'static str) -> &mut Self {
        self.template = template;
        self.values.clear();
        self
    }

    /// Adds the next value.
    // A call instead of a copy for each value; so are the next two.
    #[inline(never)]
    pub fn value(&mut self, value: Value<'a>) -> &mut Self {
        debug_assert!(!self.values.is_full(), "a row has up to nine values");
        let _ = self.values.push(value);
        self
    }

    /// Adds a text as the next value.
    #[inline(never)]
    pub fn text(&mut self, text: &'a str) -> &mut Self {
        self.value(Value::Text(text))
    }

    /// Adds a number as the next value.
    #[inline(never)]
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.value(Value::Number(number))
    }
}

impl Default for Row<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// A position in a [`Document`].
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    /// The number of the row that follows `row`.
    next: usize,
    row: Row<'a>,
    /// Bytes of `row` that have been written.
    sent: usize,
}

impl<'a> Cursor<'a> {
    /// The beginning.
    pub const fn new() -> Self {
        Self { next: 0, row: Row::new(), sent: 0 }
    }

    /// Writes the bytes that follow to the front of `out` and returns how many: 0 at the end, or
    /// for an empty `out`.
    // `dyn`, so that it is compiled once for all documents.
    pub fn read(
        &mut self,
        document: &dyn Document<'a>,
        env: &Environment<'_>,
        out: &mut [u8],
    ) -> usize {
        let mut written = 0;
        loop {
            let room = out.get_mut(written..).unwrap_or_default();
            let mut writer = ResumableWriter::new(room, self.sent);
            writer.render(self.row.template, &self.row.values);
            written += writer.written();
            self.sent += writer.written();
            if !writer.is_complete() {
                break;
            }
            self.sent = 0;
            if !document.row(self.next, env, &mut self.row) {
                self.row.begin("");
                break;
            }
            self.next += 1;
        }
        written
    }
}

impl Default for Cursor<'_> {
    fn default() -> Self {
        Self::new()
    }
}
