//! Log lines over the UART, buffered so that the main loop never waits for it.

use bareserve::{
    Event, Observer,
    protocol::environment::Outcome,
    wire::{
        line::Line,
        template::{Template, Value},
        writer::ResumableWriter,
    },
};
use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use crate::board::Uart;

/// Bytes of log that can wait for the UART: about six lines.
pub const SIZE: usize = 512;

/// Writes a line for each [`Event`]. Lines that do not fit the buffer are dropped and counted.
pub struct Log<'a, U> {
    uart: U,
    lines: Lines<'a>,
    prefix: Prefix,
}

impl<'a, U: Uart> Log<'a, U> {
    /// An empty log.
    pub const fn new(uart: U, buffer: &'a mut [u8; SIZE]) -> Self {
        let lines = Lines { buffer, start: 0, end: 0, now: Instant::ZERO, lost: 0 };
        let remote = IpEndpoint { addr: IpAddress::v4(0, 0, 0, 0), port: 0 };
        Self { uart, lines, prefix: Prefix { service: "", remote, text: Line::EMPTY } }
    }

    /// Sets the time of the following lines.
    pub fn at(&mut self, now: Instant) {
        self.lines.now = now;
    }

    /// Adds a line: the template `form`, filled with `values`.
    pub fn line(&mut self, form: &str, values: &[Value<'_>]) {
        self.lines.add(&[], Template { text: form, values });
    }

    /// Writes as many bytes as the UART accepts. Returns whether the buffer is empty.
    pub fn flush(&mut self) -> bool {
        let pending = self.lines.pending();
        let written = pending.iter().take_while(|&&byte| self.uart.try_write(byte)).count();
        self.lines.start += written;
        self.lines.start == self.lines.end
    }

    /// The UART.
    pub fn uart(&mut self) -> &mut U {
        &mut self.uart
    }

    /// Adds a line that starts with the service and its peer.
    fn line_for(&mut self, service: &'static str, remote: IpEndpoint, what: Template<'_>) {
        self.lines.add(self.prefix.text(service, remote), what);
    }
}

/// The lines that have not been written to the UART.
struct Lines<'a> {
    buffer: &'a mut [u8; SIZE],
    /// The pending bytes are those from `start` to `end`.
    start: usize,
    end: usize,
    now: Instant,
    lost: u32,
}

impl Lines<'_> {
    fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn add(&mut self, prefix: &[u8], what: Template<'_>) {
        if self.lost > 0 {
            let values = &[Value::Number(self.lost.into())];
            if self.try_add(&[], Template { text: "log: % lines lost", values }) {
                self.lost = 0;
            }
        }
        if !self.try_add(prefix, what) {
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn try_add(&mut self, prefix: &[u8], what: Template<'_>) -> bool {
        // Moves the pending bytes to the front.
        for (to, from) in (self.start..self.end).enumerate() {
            if let Some(byte) = self.buffer.get(from).copied()
                && let Some(place) = self.buffer.get_mut(to)
            {
                *place = byte;
            }
        }
        (self.start, self.end) = (0, self.end - self.start);
        let mut line = ResumableWriter::new(self.buffer.get_mut(self.end..).unwrap_or_default(), 0);
        // Unsigned: one 64-bit division, which is a subroutine, gives both parts.
        let micros = self.now.total_micros().unsigned_abs();
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        line.render("%.% ", &[Value::Number(seconds), Value::Digits(rest as u32 / 1000, 3)]);
        line.bytes(prefix);
        line.render(what.text, what.values);
        line.put("\r\n");
        let is_complete = line.is_complete();
        if is_complete {
            self.end += line.written();
        }
        is_complete
    }
}

/// The start of the last line, cached because the next line usually is about the same peer.
struct Prefix {
    service: &'static str,
    remote: IpEndpoint,
    text: Line,
}

impl Prefix {
    fn text(&mut self, service: &'static str, remote: IpEndpoint) -> &[u8] {
        if self.remote != remote || self.service != service {
            let (address, port) = (Value::Address(remote.addr), Value::Number(remote.port.into()));
            let values = &[Value::Text(service), address, port];
            let text = Line::of(|out| out.render("% %:%: ", values));
            *self = Self { service, remote, text };
        }
        self.text.as_bytes()
    }
}

impl<U: Uart> Observer for Log<'_, U> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected { service, remote, port } => {
                let values = &[Value::Number(port.into())];
                self.line_for(service, remote, Template { text: "connected to port %", values });
            }
            Event::Answered { service, remote, method, path, status, reason, bytes } => {
                let form = if reason.is_empty() { "% % % %" } else { "% % % %: %" };
                let values = &[
                    Value::Text(method),
                    Value::Bytes(path),
                    Value::Number(status.into()),
                    Value::Number(bytes),
                    Value::Text(reason),
                ];
                self.line_for(service, remote, Template { text: form, values });
            }
            Event::Transferred { service, remote, file, is_upload, result } => {
                let (form, how) = match (result, is_upload) {
                    (Ok(bytes), true) => ("%: % bytes stored", Value::Number(bytes)),
                    (Ok(bytes), false) => ("%: % bytes sent", Value::Number(bytes)),
                    (Err(reason), _) => ("%: %", Value::Text(reason)),
                };
                let file = Value::Text(if file.is_empty() { "-" } else { file });
                self.line_for(service, remote, Template { text: form, values: &[file, how] });
            }
            Event::Note { service, remote, what } => self.line_for(service, remote, what),
            Event::Datagram { service, remote, bytes_in, bytes_out } => {
                let values = [bytes_in, bytes_out.unwrap_or(0)].map(|n| Value::Number(n as u64));
                let form = match bytes_out {
                    Some(_) => "% bytes in, % out",
                    None => "% bytes in, no answer",
                };
                self.line_for(service, remote, Template { text: form, values: &values });
            }
            Event::Closed { service, remote, outcome, bytes_in, bytes_out, .. } => {
                let how = Value::Text(describe(outcome));
                let values = &[how, Value::Number(bytes_in), Value::Number(bytes_out)];
                self.line_for(service, remote, Template { text: "%, % bytes in, % out", values });
            }
            _ => {}
        }
    }
}

fn describe(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Reset => "reset by peer",
        Outcome::TimedOut => "timed out",
        Outcome::Evicted => "evicted",
        Outcome::Aborted => "aborted",
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::{format, string::String, vec::Vec};

    /// Accepts a limited number of bytes.
    struct Recorder(Vec<u8>, usize);

    impl Uart for Recorder {
        fn try_write(&mut self, byte: u8) -> bool {
            let has_room = self.0.len() < self.1;
            if has_room {
                self.0.push(byte);
            }
            has_room
        }
    }

    fn answered(log: &mut Log<'_, Recorder>, service: &'static str, host: u8, port: u16) {
        let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, host), port);
        log.event(Event::Answered {
            service,
            remote,
            method: "GET",
            path: b"/",
            status: 200,
            reason: "",
            bytes: 7,
        });
    }

    #[test]
    fn lines_start_with_service_and_peer() {
        let mut buffer = [0; SIZE];
        let mut log = Log::new(Recorder(Vec::new(), 1000), &mut buffer);
        log.at(Instant::from_millis(61_007));
        let mut expected = String::new();
        // Service, host and port change one at a time.
        for (service, host, port) in
            [("http", 1, 80), ("http", 1, 80), ("http", 1, 81), ("http", 2, 81), ("file", 2, 81)]
        {
            answered(&mut log, service, host, port);
            expected += &format!("61.007 {service} 10.0.0.{host}:{port}: GET / 200 7\r\n");
        }
        assert!(log.flush());
        assert_eq!(String::from_utf8_lossy(&log.uart().0), expected);
    }

    #[test]
    fn dropped_lines_are_counted() {
        let mut buffer = [0; SIZE];
        let mut log = Log::new(Recorder(Vec::new(), 0), &mut buffer);
        for _ in 0..100 {
            answered(&mut log, "http", 1, 80);
        }
        assert!(!log.flush());
        log.uart().1 = 10_000;
        assert!(log.flush());
        answered(&mut log, "http", 1, 80);
        assert!(log.flush());
        let text = String::from_utf8(log.uart().0.clone()).unwrap();
        let (mut whole, mut lost) = (0, 0);
        for line in text.lines() {
            let (_, line) = line.split_once(' ').unwrap();
            match line.strip_prefix("log: ").and_then(|line| line.strip_suffix(" lines lost")) {
                Some(count) => lost += count.parse::<usize>().unwrap(),
                None => {
                    assert_eq!(line, "http 10.0.0.1:80: GET / 200 7");
                    whole += 1;
                }
            }
        }
        assert!(whole > 1 && lost > 1, "{text}");
        assert_eq!(whole + lost, 101, "{text}");
    }
}
