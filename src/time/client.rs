//! The clients of time services: [`TimeClient`] reads the answer of a server over TCP,
//! [`ClockSetter`] sets the clock by RFC 868 over UDP.

use smoltcp::time::{Duration, Instant};

use super::seconds;
use crate::protocol::{
    client::{DatagramSession, Failure, Progress, StreamSession},
    environment::Environment,
};

/// Receives from the server until it closes or the buffer is full; sends nothing. Works with port
/// 9999 and with RFC 867 and RFC 868 over TCP.
///
/// It fails if the server closes without sending a byte, as one does whose clock is unset.
#[derive(Debug)]
pub struct TimeClient<'a> {
    buffer: &'a mut [u8],
    length: usize,
    progress: Progress,
}

impl<'a> TimeClient<'a> {
    /// Receives into `buffer`; the course's client has 1,024 bytes.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, length: 0, progress: Progress::Running }
    }

    /// Returns to the state of a new client.
    pub fn restart(&mut self) {
        (self.length, self.progress) = (0, Progress::Running);
    }

    /// The bytes received so far.
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
        let is_empty = self.length == 0;
        self.progress = if is_empty { Progress::Failed } else { Progress::Succeeded };
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

/// Sets the wall clock by RFC 868 over UDP: sends an empty datagram and expects 4 bytes
/// ([`seconds`]). Repeats the request after 1, 2, 4 … at most 64 seconds until they arrive.
///
/// The clock is then up to a second slow, because the answer has no fraction. The protocol has no
/// authentication: a host that forges the server's address and guesses the local port can set the
/// clock.
#[derive(Debug)]
pub struct ClockSetter {
    next_request: Instant,
    back_off: Duration,
    progress: Progress,
}

impl ClockSetter {
    const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
    const LONGEST_BACK_OFF: Duration = Duration::from_secs(64);

    /// Sends the first request at once.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{UnixTime, WallClock},
        entropy::{Entropy, SeededEntropy},
    };

    fn at<T>(
        seconds: i64,
        clock: &mut WallClock,
        work: impl FnOnce(&mut Environment<'_>) -> T,
    ) -> T {
        work(&mut Environment {
            now: Instant::from_secs(seconds),
            wall_clock: clock,
            entropy: &mut SeededEntropy::new(0),
            observer: &mut (),
            registry: Default::default(),
        })
    }

    /// The client after the server has sent `pieces` and closed.
    fn read<'b>(buffer: &'b mut [u8], pieces: &[&[u8]]) -> TimeClient<'b> {
        at(0, &mut WallClock::new(), |env| {
            let mut client = TimeClient::new(buffer);
            for mut piece in pieces.iter().copied() {
                while !piece.is_empty() && client.progress() == Progress::Running {
                    let taken = client.receive(piece, env);
                    piece = &piece[taken..];
                }
                assert_eq!(client.transmit(&mut [0; 8], env), 0);
            }
            if client.progress() == Progress::Running {
                client.end_of_input(env);
            }
            client
        })
    }

    #[test]
    fn reads_until_the_server_closes_at_every_cut() {
        let text = b"2023-04-19 17:04:30.293444";
        for cut in 0..=text.len() {
            let (first, second) = text.split_at(cut);
            let mut buffer = [0; 1024];
            let client = read(&mut buffer, &[first, second]);
            assert_eq!(client.progress(), Progress::Succeeded);
            assert_eq!(client.text(), text);
        }
    }

    #[test]
    fn ends_once_the_buffer_is_full() {
        for length in [1, 1023, 1024, 1025, 3000] {
            let sent = [b'x'; 3000];
            let mut buffer = [0; 1024];
            let client = read(&mut buffer, &[&sent[..length]]);
            assert_eq!(client.progress(), Progress::Succeeded);
            assert_eq!(client.text().len(), length.min(1024));
        }
    }

    #[test]
    fn empty_answers_and_lost_connections_are_failures() {
        let mut buffer = [0; 1024];
        assert_eq!(read(&mut buffer, &[]).progress(), Progress::Failed);
        let mut client = TimeClient::new(&mut buffer);
        let env = &mut WallClock::new();
        at(0, env, |env| {
            client.receive(b"2023", env);
            client.end(Err(Failure::Reset), env);
        });
        assert_eq!(client.progress(), Progress::Failed);
    }

    #[test]
    fn repeats_the_request_with_back_off_until_it_is_answered() {
        let (mut setter, mut clock) = (ClockSetter::new(), WallClock::new());
        let mut asked = [0; 9];
        for asked in &mut asked {
            let due = setter.poll_at().unwrap();
            let seconds = due.total_micros() / 1_000_000;
            let mut room = [0; 8];
            let before = seconds.saturating_sub(1);
            if before < seconds {
                assert_eq!(at(before, &mut clock, |env| setter.transmit(&mut room, env)), None);
            }
            assert_eq!(at(seconds, &mut clock, |env| setter.transmit(&mut room, env)), Some(0));
            *asked = seconds;
        }
        assert_eq!(asked, [0, 1, 3, 7, 15, 31, 63, 127, 191]);
        for wrong in [&b""[..], b"abc", b"abcde", &[0; 48]] {
            at(192, &mut clock, |env| setter.receive(wrong, env));
            assert_eq!(setter.progress(), Progress::Running);
        }
        let time = UnixTime(1_700_000_000_000_000);
        at(192, &mut clock, |env| setter.receive(&seconds::encode(time), env));
        assert_eq!(setter.progress(), Progress::Succeeded);
        assert_eq!(setter.poll_at(), None);
        assert_eq!(clock.at(Instant::from_secs(192)), Some(time));
        // A second answer changes nothing.
        at(193, &mut clock, |env| setter.receive(&[0; 4], env));
        assert_eq!(clock.at(Instant::from_secs(192)), Some(time));
    }

    #[test]
    fn any_bytes_leave_the_clock_unset_or_in_range() {
        let mut random = SeededEntropy::new(10);
        for _ in 0..20_000 {
            let (mut setter, mut clock) = (ClockSetter::new(), WallClock::new());
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            let length = random.next_u64() as usize % 9;
            at(0, &mut clock, |env| setter.receive(&bytes[..length], env));
            assert_eq!(clock.at(Instant::ZERO).is_some(), length == 4);
            // From 1968 to 2104.
            let is_plausible =
                |time: UnixTime| (-61_505_152..4_233_462_144).contains(&time.seconds());
            assert!(clock.at(Instant::ZERO).is_none_or(is_plausible));
        }
    }
}
