//! Log lines over the UART, buffered so that nothing waits for it.

use core::fmt::{self, Write};

use bareserve::{Event, Observer, environment::Outcome};
use smoltcp::time::Instant;

use crate::board::Uart;

/// Bytes of log that wait for the UART: some six lines.
pub const SIZE: usize = 512;

/// Writes a line for each [`Event`]. One that finds no room is lost, and counted.
pub struct Log<'a, U> {
    uart: U,
    ring: &'a mut [u8; SIZE],
    /// Where the next byte is read, and how many there are.
    start: usize,
    length: usize,
    now: Instant,
    lost: u32,
}

impl<'a, U: Uart> Log<'a, U> {
    /// An empty log.
    pub const fn new(uart: U, ring: &'a mut [u8; SIZE]) -> Self {
        Self { uart, ring, start: 0, length: 0, now: Instant::ZERO, lost: 0 }
    }

    /// What the time is in the lines that follow.
    pub fn at(&mut self, now: Instant) {
        self.now = now;
    }

    /// Adds a line.
    pub fn line(&mut self, text: fmt::Arguments<'_>) {
        if self.lost > 0 {
            let lost = self.lost;
            if self.try_line(format_args!("log: {lost} lines lost")) {
                self.lost = 0;
            }
        }
        if !self.try_line(text) {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Hands the UART what it takes now. Returns whether all is out.
    pub fn flush(&mut self) -> bool {
        while self.length > 0 {
            let Some(&byte) = self.ring.get(self.start) else { break };
            if !self.uart.try_write(byte) {
                return false;
            }
            self.start = (self.start + 1) % SIZE;
            self.length -= 1;
        }
        true
    }

    /// The UART.
    pub fn uart(&mut self) -> &mut U {
        &mut self.uart
    }

    fn try_line(&mut self, text: fmt::Arguments<'_>) -> bool {
        let before = self.length;
        let (seconds, millis) = (self.now.secs(), self.now.millis());
        let written = write!(self, "{seconds:5}.{millis:03} {text}\r\n");
        if written.is_err() {
            self.length = before;
        }
        written.is_ok()
    }
}

impl<U: Uart> Write for Log<'_, U> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.length == SIZE {
                return Err(fmt::Error);
            }
            let end = (self.start + self.length) % SIZE;
            *self.ring.get_mut(end).ok_or(fmt::Error)? = byte;
            self.length += 1;
        }
        Ok(())
    }
}

impl<U: Uart> Observer for Log<'_, U> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected { service, remote, port } => {
                self.line(format_args!("{service} {remote}: connected to port {port}"));
            }
            Event::Answered { service, remote, what } => {
                self.line(format_args!("{service} {remote}: {what}"));
            }
            Event::Datagram { service, remote, bytes_in, bytes_out: Some(bytes_out) } => {
                self.line(format_args!("{service} {remote}: {bytes_in} bytes in, {bytes_out} out"))
            }
            Event::Datagram { service, remote, bytes_in, bytes_out: None } => {
                self.line(format_args!("{service} {remote}: {bytes_in} bytes in, no answer"));
            }
            Event::Closed { service, remote, outcome, bytes_in, bytes_out, .. } => {
                let how = describe(outcome);
                self.line(format_args!(
                    "{service} {remote}: {how}, {bytes_in} bytes in, {bytes_out} out"
                ));
            }
        }
    }
}

fn describe(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Reset => "reset by peer",
        Outcome::TimedOut => "timed out",
        Outcome::MadeRoom => "made room",
        Outcome::Aborted => "aborted",
    }
}
