//! The UDP ping client: sends `Ping 1 1700000000.123456`, `Ping 2 …` one at a time and measures the
//! round-trip time (RTT) of each.

use core::fmt;

use smoltcp::{
    time::{Duration, Instant},
    wire::IpAddress,
};

use super::statistics::Statistics;
use crate::{
    clock::{UnixTime, until},
    protocol::{
        client::{DatagramSession, Progress},
        environment::Environment,
    },
    wire::{line::Line, template::Value},
};

/// Requests remembered, to recognize late and duplicate answers.
const HISTORY: usize = 16;

/// Number and pace of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingSettings {
    /// The number of requests.
    pub count: u32,
    /// The longest RTT that counts as an answer in time.
    pub timeout: Duration,
    /// The least time from one request to the next, which also waits for the answer or the timeout
    /// of the one before.
    pub interval: Duration,
}

impl PingSettings {
    /// Those of the course's client: 9 requests, a timeout of one second, no interval.
    pub const COURSE: Self =
        Self { count: 9, timeout: Duration::from_secs(1), interval: Duration::ZERO };
}

/// Pings one server and reports each outcome to `report` as it is known.
///
/// An answer is a request's text in upper or lower case: both sequence and time must match. The
/// progress ends as [`Progress::Succeeded`] if any request was answered in time. The time in a
/// request is the date, or the time since the start while the clock is unset.
///
/// 512 bytes or less without `F`.
pub struct PingClient<F> {
    server: IpAddress,
    settings: PingSettings,
    report: F,
    /// The last requests, each at its sequence modulo [`HISTORY`].
    history: [Option<Request>; HISTORY],
    /// The sequence of the last request, from 1; 0 before the first.
    sequence: u32,
    next_request: Instant,
    statistics: Statistics,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    sequence: u32,
    date: UnixTime,
    sent: Instant,
    state: RequestState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestState {
    Pending,
    Answered,
    TimedOut,
}

impl<F: FnMut(PingEvent)> PingClient<F> {
    /// A client that sends the first request at once. `server` only appears in the reports.
    pub const fn new(server: IpAddress, settings: PingSettings, report: F) -> Self {
        Self {
            server,
            settings,
            report,
            history: [None; HISTORY],
            sequence: 0,
            next_request: Instant::ZERO,
            statistics: Statistics::new(),
        }
    }

    /// Counts and round-trip times so far.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    fn slot(&mut self, sequence: u32) -> Option<&mut Option<Request>> {
        self.history.get_mut(sequence as usize % HISTORY)
    }

    /// When the pending request times out; `None` if there is none.
    fn deadline(&self) -> Option<Instant> {
        let request = self.history.get(self.sequence as usize % HISTORY)?.as_ref()?;
        (request.state == RequestState::Pending).then_some(request.sent + self.settings.timeout)
    }

    fn check_timeout(&mut self, now: Instant) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let sequence = self.sequence;
        if let Some(Some(request)) = self.slot(sequence) {
            request.state = RequestState::TimedOut;
        }
        (self.report)(PingEvent::TimedOut { sequence });
    }
}

impl<F: FnMut(PingEvent)> DatagramSession for PingClient<F> {
    fn receive(&mut self, datagram: &[u8], env: &mut Environment<'_>) {
        self.check_timeout(env.now);
        let mut requests = self.history.iter_mut().flatten();
        let Some(request) = requests.find(|request| request.is_answered_by(datagram)) else {
            self.statistics.unexpected = self.statistics.unexpected.saturating_add(1);
            return;
        };
        let (sequence, from) = (request.sequence, self.server);
        let rtt = until(env.now, request.sent);
        let event = match request.state {
            RequestState::Pending => {
                self.statistics.record(rtt);
                PingEvent::Reply { sequence, from, rtt }
            }
            RequestState::TimedOut => {
                self.statistics.late = self.statistics.late.saturating_add(1);
                PingEvent::LateReply { sequence, from, rtt }
            }
            RequestState::Answered => {
                self.statistics.duplicates = self.statistics.duplicates.saturating_add(1);
                PingEvent::Duplicate { sequence, from }
            }
        };
        request.state = RequestState::Answered;
        (self.report)(event);
    }

    fn transmit(&mut self, datagram: &mut [u8], env: &mut Environment<'_>) -> Option<usize> {
        self.check_timeout(env.now);
        let is_pending = self.deadline().is_some();
        if is_pending || self.sequence >= self.settings.count || env.now < self.next_request {
            return None;
        }
        let request = Request {
            sequence: self.sequence + 1,
            date: env.date().unwrap_or(UnixTime(env.now.total_micros())),
            sent: env.now,
            state: RequestState::Pending,
        };
        let line = request.text();
        let text = line.as_str().as_bytes();
        datagram.get_mut(..text.len())?.copy_from_slice(text);
        self.sequence = request.sequence;
        self.next_request = env.now + self.settings.interval;
        self.statistics.sent = request.sequence;
        *self.slot(request.sequence)? = Some(request);
        Some(text.len())
    }

    fn poll_at(&self) -> Option<Instant> {
        match self.deadline() {
            Some(deadline) => Some(deadline),
            None => (self.sequence < self.settings.count).then_some(self.next_request),
        }
    }

    fn progress(&self) -> Progress {
        if self.sequence < self.settings.count || self.deadline().is_some() {
            Progress::Running
        } else if self.statistics.received > 0 {
            Progress::Succeeded
        } else {
            Progress::Failed
        }
    }
}

impl Request {
    /// `Ping SEQUENCE SECONDS.MICROSECONDS`, 39 bytes at most.
    fn text(&self) -> Line {
        let (seconds, micros) = (self.date.seconds(), self.date.subsec_micros());
        let sequence = Value::Number(self.sequence.into());
        let values = [sequence, Value::Signed(seconds), Value::Digits(micros, 6)];
        Line::of(|out| out.render("Ping % %.%", &values))
    }

    fn is_answered_by(&self, datagram: &[u8]) -> bool {
        self.text().as_str().as_bytes().eq_ignore_ascii_case(datagram)
    }
}

/// The outcome of a request. `Display` is the line that the course's client prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingEvent {
    /// An answer in time: `Sequence 1: Reply from ADDR    RTT = 0.001s`.
    Reply {
        /// The request's number, from 1.
        sequence: u32,
        /// The server.
        from: IpAddress,
        /// The time from the request to the answer.
        rtt: Duration,
    },
    /// No answer in time: `Sequence 1: Request timed out.`
    TimedOut {
        /// The request's number, from 1.
        sequence: u32,
    },
    /// An answer after the timeout: `Sequence 1: Late reply from ADDR    RTT = 1.600s`.
    LateReply {
        /// The request's number, from 1.
        sequence: u32,
        /// The server.
        from: IpAddress,
        /// The time from the request to the answer.
        rtt: Duration,
    },
    /// A further answer: `Sequence 1: Duplicate reply from ADDR`.
    Duplicate {
        /// The request's number, from 1.
        sequence: u32,
        /// The server.
        from: IpAddress,
    },
}

impl fmt::Display for PingEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Reply { sequence, from, rtt } => {
                write!(f, "Sequence {sequence}: Reply from {from}    RTT = {}", Seconds(rtt))
            }
            Self::TimedOut { sequence } => write!(f, "Sequence {sequence}: Request timed out."),
            Self::LateReply { sequence, from, rtt } => {
                write!(f, "Sequence {sequence}: Late reply from {from}    RTT = {}", Seconds(rtt))
            }
            Self::Duplicate { sequence, from } => {
                write!(f, "Sequence {sequence}: Duplicate reply from {from}")
            }
        }
    }
}

/// Seconds with three decimals, rounded: `0.001s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.total_micros().saturating_add(500) / 1000;
        write!(f, "{}.{:03}s", millis / 1000, millis % 1000)
    }
}

#[cfg(test)]
mod tests;
