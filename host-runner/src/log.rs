//! What happened, a line each, on standard error.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use bareserve::{Event, Observer, protocol::environment::Outcome};
use smoltcp::time::Instant;

/// How much is told.
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

/// Lines are gathered here and written when the program has nothing better to do.
const FLUSH_AT: usize = 16 * 1024;

/// Writes events as lines.
pub struct Log {
    verbosity: Verbosity,
    lines: String,
    now: Instant,
}

impl Log {
    /// An empty log.
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, lines: String::with_capacity(2 * FLUSH_AT), now: Instant::ZERO }
    }

    /// Sets the time that the next lines bear.
    pub fn set_now(&mut self, now: Instant) {
        self.now = now;
    }

    /// Writes what was gathered.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            // A log that nobody reads any more is no reason to stop serving.
            let _ = io::stderr().write_all(self.lines.as_bytes());
            self.lines.clear();
        }
    }

    /// Says how many frames were lost on their way out, if any.
    pub fn frames_dropped(&mut self, count: u64) {
        if count > 0 && self.verbosity >= Verbosity::Info {
            let _ = writeln!(self.begin(), "{count} frames dropped: the link was down or full");
        }
    }

    fn begin(&mut self) -> &mut String {
        let (seconds, millis) = (self.now.secs(), self.now.millis());
        let _ = write!(self.lines, "[{seconds:6}.{millis:03}] ");
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
            Event::Answered { service, remote, what } if self.verbosity >= Verbosity::Info => {
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

fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Reset => "reset by peer",
        Outcome::TimedOut => "timed out",
        Outcome::Evicted => "made room for another",
        Outcome::Aborted => "aborted",
    }
}
