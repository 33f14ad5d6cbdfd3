//! Log lines over the UART, buffered so that nothing waits for it.

use bareserve::{
    Event, Observer,
    environment::Outcome,
    wire::window::{Piece, Window},
};
use smoltcp::{time::Instant, wire::IpEndpoint};

use crate::board::Uart;

/// Bytes of log that wait for the UART: some six lines.
pub const SIZE: usize = 512;

/// Writes a line for each [`Event`]. One that finds no room is lost, and counted.
pub struct Log<'a, U> {
    uart: U,
    buffer: &'a mut [u8; SIZE],
    /// What has not gone out stands between these.
    start: usize,
    end: usize,
    now: Instant,
    lost: u32,
}

impl<'a, U: Uart> Log<'a, U> {
    /// An empty log.
    pub const fn new(uart: U, buffer: &'a mut [u8; SIZE]) -> Self {
        Self { uart, buffer, start: 0, end: 0, now: Instant::ZERO, lost: 0 }
    }

    /// What the time is in the lines that follow.
    pub fn at(&mut self, now: Instant) {
        self.now = now;
    }

    /// Adds a line.
    pub fn line(&mut self, pieces: &[Piece<'_>]) {
        self.long_line(pieces, &[]);
    }

    /// Hands the UART what it takes now. Returns whether all is out.
    pub fn flush(&mut self) -> bool {
        for &byte in self.buffer.get(self.start..self.end).unwrap_or_default() {
            if !self.uart.try_write(byte) {
                return false;
            }
            self.start += 1;
        }
        true
    }

    /// The UART.
    pub fn uart(&mut self) -> &mut U {
        &mut self.uart
    }

    fn long_line(&mut self, pieces: &[Piece<'_>], more: &[Piece<'_>]) {
        if self.lost > 0 {
            let lost = Piece::Number(self.lost.into());
            if self.try_line(&[Piece::Text("log: "), lost, Piece::Text(" lines lost")], &[]) {
                self.lost = 0;
            }
        }
        if !self.try_line(pieces, more) {
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn try_line(&mut self, pieces: &[Piece<'_>], more: &[Piece<'_>]) -> bool {
        let waiting = self.start..self.end;
        (self.start, self.end) = (0, waiting.len());
        self.buffer.copy_within(waiting, 0);
        let mut line = Window::new(self.buffer.get_mut(self.end..).unwrap_or_default(), 0);
        let now = Piece::Thousandths(self.now.total_millis().unsigned_abs());
        line.pieces(&[now, Piece::Text(" ")]);
        line.pieces(pieces);
        line.pieces(more);
        line.put("\r\n");
        let is_complete = line.is_complete();
        if is_complete {
            self.end += line.shown();
        }
        is_complete
    }

    /// A line about somebody's use of a service.
    fn about(&mut self, service: &str, remote: IpEndpoint, what: &[Piece<'_>]) {
        let (address, port) = (Piece::Address(remote.addr), Piece::Number(remote.port.into()));
        let (space, colon) = (Piece::Text(" "), Piece::Text(":"));
        let who = [Piece::Text(service), space, address, colon, port, colon, space];
        self.long_line(&who, what);
    }
}

impl<U: Uart> Observer for Log<'_, U> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected { service, remote, port } => {
                let port = Piece::Number(port.into());
                self.about(service, remote, &[Piece::Text("connected to port "), port]);
            }
            Event::Answered { service, remote, what } => self.about(service, remote, what),
            Event::Datagram { service, remote, bytes_in, bytes_out } => {
                let bytes_in = Piece::Number(bytes_in as u64);
                let [out, end] = match bytes_out {
                    Some(bytes) => [Piece::Number(bytes as u64), Piece::Text(" out")],
                    None => [Piece::Text("no answer"), Piece::Text("")],
                };
                self.about(service, remote, &[bytes_in, Piece::Text(" bytes in, "), out, end]);
            }
            Event::Closed { service, remote, outcome, bytes_in, bytes_out, .. } => {
                let what = [
                    Piece::Text(describe(outcome)),
                    Piece::Text(", "),
                    Piece::Number(bytes_in),
                    Piece::Text(" bytes in, "),
                    Piece::Number(bytes_out),
                    Piece::Text(" out"),
                ];
                self.about(service, remote, &what);
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
