//! Writing server-sent events (WHATWG HTML section 9.2).

use smoltcp::time::{Duration, Instant};

use super::{body_writer::BodyPoll, request::Request};
use crate::wire::{template::Value, writer::ResumableWriter};

/// Writes events of a stream. What one call of the handler writes must fit into the room that there
/// is, [`LEAST_PIECE`](super::LEAST_PIECE) bytes at least; otherwise none of it is sent, the
/// connection is reset and the log shows why.
///
/// ```text
/// event: NAME
/// id: 7
/// data: first line
/// data: second line
///
/// ```
///
/// The empty line, which ends the event, is added when the handler returns.
pub struct EventWriter<'o> {
    out: ResumableWriter<'o>,
    request: Request<'o>,
    last_id: u64,
    line: Line,
}

/// What the next part of an event comes after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// No line of this event.
    None,
    /// A whole line.
    Ended,
    /// A line of data, which may continue.
    Data,
    /// The same, after a CR: an LF behind it belongs to the same line break.
    DataAfterCr,
}

const TOO_LONG: &str = "the event does not fit into the buffer";

impl<'o> EventWriter<'o> {
    /// Writes to `room`. `last_id` is that of the last event that the client has seen.
    pub(super) fn new(room: &'o mut [u8], request: Request<'o>, last_id: u64) -> Self {
        Self { out: ResumableWriter::new(room, 0), request, last_id, line: Line::None }
    }

    /// The request that opened the stream.
    pub fn request(&self) -> &Request<'o> {
        &self.request
    }

    /// The [id](EventWriter::id) of the last event on this stream. At its beginning, that of the
    /// last event that the client received before it lost its connection, as its Last-Event-ID field
    /// has it; 0 if there is none.
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Names the event: browsers dispatch it to listeners of that name instead of `message`.
    pub fn event(&mut self, name: &str) {
        self.field("event: ", name);
    }

    /// Numbers the event. A client that loses its connection asks for what comes after it, see
    /// [`EventWriter::last_id`].
    pub fn id(&mut self, id: u64) {
        self.last_id = id;
        self.end_line();
        self.out.put("id: ");
        self.out.number(id);
        self.out.put("\n");
        self.line = Line::Ended;
    }

    /// Sets how long the client waits before it opens a lost stream again, in milliseconds.
    pub fn retry(&mut self, wait: Duration) {
        self.end_line();
        self.out.put("retry: ");
        self.out.number(wait.total_millis());
        self.out.put("\n");
        self.line = Line::Ended;
    }

    /// Adds data: a line for each line of `text`.
    pub fn data(&mut self, text: &str) {
        self.end_line();
        self.put(text);
    }

    /// Continues the last line of data with `text`, or begins one.
    pub fn put(&mut self, text: &str) {
        self.begin_data();
        self.continue_data(text.as_bytes());
    }

    /// As [`EventWriter::put`], with `template` rendered: each `%` is replaced by the next of `values`.
    pub fn render(&mut self, template: &str, values: &[Value<'_>]) {
        self.begin_data();
        let mut sent = 0;
        loop {
            let mut slice = [0; 64];
            let mut piece = ResumableWriter::new(&mut slice, sent);
            piece.render(template, values);
            let (shown, is_complete) = (piece.written(), piece.is_complete());
            self.continue_data(slice.get(..shown).unwrap_or_default());
            sent += shown;
            if is_complete {
                return;
            }
        }
    }

    /// Ends this event. Only needed between two that are written in one call of the handler.
    pub fn end(&mut self) {
        self.end_line();
        if self.line != Line::None {
            self.out.put("\n");
            self.line = Line::None;
        }
    }

    /// Ends the last event. `last_id` is set where all of it fits.
    pub(super) fn finish(mut self, last_id: &mut u64, next: Option<Instant>) -> BodyPoll {
        self.end();
        if !self.out.is_complete() {
            return BodyPoll::Fail(TOO_LONG);
        }
        *last_id = self.last_id;
        match self.out.written() {
            0 => BodyPoll::Wait(next),
            written => BodyPoll::Bytes(written),
        }
    }

    /// A line that cannot be more than one.
    fn field(&mut self, name: &str, value: &str) {
        self.end_line();
        self.out.put(name);
        for part in value.split(['\r', '\n']) {
            self.out.put(part);
        }
        self.out.put("\n");
        self.line = Line::Ended;
    }

    fn end_line(&mut self) {
        match self.line {
            Line::None | Line::Ended => {}
            Line::Data => {
                self.out.put("\n");
                self.line = Line::Ended;
            }
            Line::DataAfterCr => {
                self.out.put("\ndata: \n");
                self.line = Line::Ended;
            }
        }
    }

    fn begin_data(&mut self) {
        if matches!(self.line, Line::None | Line::Ended) {
            self.out.put("data: ");
            self.line = Line::Data;
        }
    }

    /// A line break in data is CR, LF or both; each line has its own `data: `.
    fn continue_data(&mut self, text: &[u8]) {
        for piece in text.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            if self.line == Line::DataAfterCr {
                self.out.put("\ndata: ");
                self.line = Line::Data;
                if piece == b"\n" {
                    continue;
                }
            }
            match piece {
                [line @ .., b'\n'] => {
                    self.out.bytes(line);
                    self.out.put("\ndata: ");
                }
                [line @ .., b'\r'] => {
                    self.out.bytes(line);
                    self.line = Line::DataAfterCr;
                }
                line => self.out.bytes(line),
            }
        }
    }
}

/// For `write!`.
impl core::fmt::Write for EventWriter<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text);
        Ok(())
    }
}
