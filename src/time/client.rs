//! The clients: one that reads what a time server on TCP says, one that sets the clock by RFC 868
//! over UDP.

use smoltcp::time::{Duration, Instant};

use super::seconds;
use crate::{
    environment::Environment,
    net::session::{DatagramSession, Failure, Progress, StreamSession},
};

/// Reads what the server says until it closes or the buffer is full; sends nothing. Speaks to port
/// 9999, and to RFC 867 and RFC 868 over TCP as well.
///
/// A server that closes without a word, as one whose clock is unset does, is a failure.
#[derive(Debug)]
pub struct TimeClient<'a> {
    buffer: &'a mut [u8],
    length: usize,
    progress: Progress,
}

impl<'a> TimeClient<'a> {
    /// Reads into `buffer`; 1,024 bytes are what the course's client takes.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, length: 0, progress: Progress::Running }
    }

    /// What the server has said so far.
    pub fn text(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

impl StreamSession for TimeClient<'_> {
    fn receive(&mut self, input: &[u8], _env: &mut Environment<'_>) -> usize {
        let free = self.buffer.get_mut(self.length..).unwrap_or_default();
        let room = free.len();
        let taken = free.iter_mut().zip(input).map(|(to, from)| *to = *from).count();
        self.length += taken;
        if taken == room && self.progress == Progress::Running {
            self.progress = Progress::Succeeded;
        }
        taken
    }

    fn end_of_input(&mut self, _env: &mut Environment<'_>) {
        let is_silent = self.length == 0;
        self.progress = if is_silent { Progress::Failed } else { Progress::Succeeded };
    }

    fn transmit(&mut self, _output: &mut [u8], _env: &mut Environment<'_>) -> usize {
        0
    }

    fn progress(&self) -> Progress {
        self.progress
    }

    fn end(&mut self, result: Result<(), Failure>, _env: &mut Environment<'_>) {
        if result.is_err() {
            self.progress = Progress::Failed;
        }
    }
}

/// Sets the wall clock by RFC 868 over UDP: sends an empty datagram, expects 4 bytes, and asks
/// again after 1, 2, 4 … at most 64 seconds until it gets them.
///
/// The clock is then up to a second late, as the answer has no fraction. Whoever can forge the
/// server's address and guess our port can set the clock.
#[derive(Debug)]
pub struct ClockSetter {
    next_request: Instant,
    back_off: Duration,
    progress: Progress,
}

impl ClockSetter {
    const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
    const LONGEST_BACK_OFF: Duration = Duration::from_secs(64);

    /// Asks at once.
    pub const fn new() -> Self {
        Self {
            next_request: Instant::ZERO,
            back_off: Self::FIRST_BACK_OFF,
            progress: Progress::Running,
        }
    }
}

impl Default for ClockSetter {
    fn default() -> Self {
        Self::new()
    }
}

impl DatagramSession for ClockSetter {
    fn receive(&mut self, datagram: &[u8], env: &mut Environment<'_>) {
        let (Progress::Running, &[a, b, c, d]) = (self.progress, datagram) else { return };
        env.wall_clock.set(env.now, seconds::decode([a, b, c, d]));
        self.progress = Progress::Succeeded;
    }

    fn transmit(&mut self, _datagram: &mut [u8], env: &mut Environment<'_>) -> Option<usize> {
        if self.progress != Progress::Running || env.now < self.next_request {
            return None;
        }
        self.next_request = env.now + self.back_off;
        self.back_off = (self.back_off * 2).min(Self::LONGEST_BACK_OFF);
        Some(0)
    }

    fn poll_at(&self) -> Option<Instant> {
        (self.progress == Progress::Running).then_some(self.next_request)
    }

    fn progress(&self) -> Progress {
        self.progress
    }
}
