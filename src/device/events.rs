//! The status each second, as server-sent events (WHATWG HTML section 9.2).

use smoltcp::time::{Duration, Instant};

use super::{Cursor, Overview, Status};
use crate::{protocol::environment::Environment, wire::writer::ResumableWriter};

/// The time between two events.
const INTERVAL: Duration = Duration::from_secs(1);

/// An endless stream of `text/event-stream`: asks the browser to reconnect 2 s after a lost connection
/// (`retry`), then sends `event: status` with the status at once and each second.
pub struct EventStream<'a> {
    part: Part,
    /// The status of the present event.
    data: Cursor<'a>,
    /// Bytes of `part` that have been written, unless it counts them itself.
    sent: usize,
    /// When the next event is due.
    due: Instant,
}

#[derive(Clone, Copy)]
enum Part {
    Start,
    Name,
    Data,
    End,
    Waiting,
}

impl<'a> EventStream<'a> {
    /// A stream whose first event is due now.
    pub const fn new() -> Self {
        Self { part: Part::Start, data: Cursor::new(), sent: 0, due: Instant::ZERO }
    }

    /// Writes the bytes that follow to the front of `out` and returns how many: 0 when nothing is due
    /// before [`EventStream::poll_at`].
    pub fn read(
        &mut self,
        overview: &Overview<'a>,
        env: &Environment<'_>,
        out: &mut [u8],
    ) -> usize {
        let mut written = 0;
        // Each round ends one part, so five rounds are more than one event.
        for _ in 0..5 {
            let Some(room @ [_, ..]) = out.get_mut(written..) else { break };
            let (text, next) = match self.part {
                Part::Start => ("retry: 2000\n\n", Part::Waiting),
                Part::Waiting if env.now < self.due => break,
                Part::Waiting => {
                    // Events missed during a long wait for room are skipped.
                    let next = self.due + INTERVAL;
                    self.due = if next > env.now { next } else { env.now + INTERVAL };
                    self.data = Cursor::new();
                    self.part = Part::Name;
                    continue;
                }
                Part::Name => ("event: status\ndata: ", Part::Data),
                Part::Data => {
                    let taken = self.data.read(&Status(*overview), env, room);
                    if taken == 0 {
                        self.part = Part::End;
                    }
                    written += taken;
                    continue;
                }
                Part::End => ("\n\n", Part::Waiting),
            };
            let mut window = ResumableWriter::new(room, self.sent);
            window.put(text);
            written += window.written();
            self.sent += window.written();
            if window.is_complete() {
                self.part = next;
                self.sent = 0;
            }
        }
        written
    }

    /// When [`EventStream::read`] has more bytes; a time in the past if it has them now.
    pub fn poll_at(&self) -> Instant {
        match self.part {
            Part::Waiting => self.due,
            _ => Instant::ZERO,
        }
    }

    /// Whether the stream is between two events.
    pub fn is_quiet(&self) -> bool {
        matches!(self.part, Part::Waiting)
    }
}

impl Default for EventStream<'_> {
    fn default() -> Self {
        Self::new()
    }
}
