//! Writes events to standard error, a line each.

mod stamp;
mod writer;

use std::fmt::Write as _;

use bareserve::{Event, Observer, protocol::environment::Outcome};
use smoltcp::time::Instant;

use stamp::Stamp;
use writer::Writer;

pub use writer::write_last;

/// The verbosity of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Only what fails.
    Quiet,
    /// Each connection and each request.
    #[default]
    Info,
    /// Each datagram too, and connections as they begin.
    Debug,
}

/// Lines are buffered, and passed to the writer when the program is about to sleep or when the buffer has this many
/// bytes.
const FLUSH_AT: usize = 16 * 1024;

/// Writes events as lines.
pub struct Log {
    verbosity: Verbosity,
    lines: String,
    now: Instant,
    writer: Writer,
}

impl Log {
    /// An empty log.
    pub fn new(verbosity: Verbosity) -> Self {
        let lines = String::with_capacity(2 * FLUSH_AT);
        Self { verbosity, lines, now: Instant::ZERO, writer: Writer::default() }
    }

    /// Sets the time of the following lines.
    pub fn set_now(&mut self, now: Instant) {
        self.now = now;
    }

    /// Passes the buffered lines to the writer.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            self.writer.write(self.lines.as_bytes(), self.now);
            self.lines.clear();
        }
    }

    /// Logs how many outgoing frames were lost, if any.
    pub fn frames_dropped(&mut self, count: u64) {
        if count > 0 && self.verbosity >= Verbosity::Info {
            let _ = writeln!(self.begin(), "{count} frames dropped: the link was down or full");
        }
    }

    fn begin(&mut self) -> &mut String {
        let _ = write!(self.lines, "{}", Stamp(self.now));
        &mut self.lines
    }
}

impl Observer for Log {
    fn event(&mut self, event: Event<'_>) {
        // Writing to a String cannot fail.
        let _ = match event {
            Event::Connected { service, remote, port } if self.verbosity >= Verbosity::Debug => {
                writeln!(self.begin(), "{service}: {remote} -> port {port}: connected")
            }
            Event::Answered { service, remote, method, path, status, reason, bytes }
                if self.verbosity >= Verbosity::Info =>
            {
                let path = String::from_utf8_lossy(path);
                let line = self.begin();
                let _ = write!(line, "{service}: {remote}: {method} {path} {status} {bytes}");
                end_with(line, reason)
            }
            Event::Transferred { service, remote, file, is_upload, result }
                if self.verbosity >= Verbosity::Info =>
            {
                let line = self.begin();
                let file = if file.is_empty() { "-" } else { file };
                let _ = write!(line, "{service}: {remote}: {file}");
                match (result, is_upload) {
                    (Ok(bytes), true) => writeln!(line, ": {bytes} bytes stored"),
                    (Ok(bytes), false) => writeln!(line, ": {bytes} bytes sent"),
                    (Err(reason), _) => end_with(line, reason),
                }
            }
            Event::Note { service, remote, what } if self.verbosity >= Verbosity::Info => {
                writeln!(self.begin(), "{service}: {remote}: {what}")
            }
            Event::Datagram { service, remote, bytes_in, bytes_out }
                if self.verbosity >= Verbosity::Debug =>
            {
                let line = self.begin();
                match bytes_out {
                    Some(out) => {
                        writeln!(line, "{service}: {remote}: {bytes_in} B, answered {out} B")
                    }
                    None => writeln!(line, "{service}: {remote}: {bytes_in} B, no answer"),
                }
            }
            Event::Closed { service, remote, port, outcome, bytes_in, bytes_out }
                if self.verbosity >= Verbosity::Info =>
            {
                let outcome = in_words(outcome);
                writeln!(
                    self.begin(),
                    "{service}: {remote} -> port {port}: {outcome}, {bytes_in} B in, {bytes_out} B out"
                )
            }
            _ => Ok(()),
        };
        if self.lines.len() >= FLUSH_AT {
            self.flush();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Ends a line with a reason, if there is one.
fn end_with(line: &mut String, reason: &str) -> std::fmt::Result {
    if reason.is_empty() { writeln!(line) } else { writeln!(line, ": {reason}") }
}

fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Reset => "reset by peer",
        Outcome::TimedOut => "timed out",
        Outcome::Evicted => "evicted",
        Outcome::Aborted => "aborted",
    }
}
