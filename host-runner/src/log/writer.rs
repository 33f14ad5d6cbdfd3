//! Writes lines to standard error from a thread of its own, so that a reader that stops, or a disk that
//! hangs, stops this thread only. The queue has a fixed size; lines that do not fit are dropped and
//! counted.

use std::{
    io,
    os::fd::AsFd,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    unistd::write,
};
use smoltcp::time::Instant;

use super::stamp::Stamp;

/// Bytes of lines that are queued while standard error does not accept them. The thread holds as many
/// again, which it is writing.
const CAPACITY: usize = 128 * 1024;

/// How long the program waits at its end until the lines are written.
const EXIT_WAIT: Duration = Duration::from_millis(500);

/// The least time between two writes: under load, a write has the lines of several requests.
const WRITE_INTERVAL: Duration = Duration::from_millis(2);

/// Queues lines for standard error. The queue and the thread begin with the first line.
#[derive(Debug, Default)]
pub struct Writer(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There are lines to write.
    has_work: Condvar,
    /// All lines are written.
    is_done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: Vec<u8>,
    /// Lines dropped after those in `queue`.
    dropped: u64,
    /// The time of the last line that was dropped.
    dropped_at: Option<Instant>,
    /// The thread waits for lines.
    is_idle: bool,
}

impl Writer {
    /// Queues complete lines, of the time `now`, as many as fit.
    pub fn write(&mut self, lines: &[u8], now: Instant) {
        if self.0.is_none() {
            self.0 = start();
        }
        // Without a thread, for lack of memory, there is no log.
        let Some(shared) = &self.0 else { return };
        let mut state = shared.lock();
        let fitting = state.fitting(lines);
        let (fits, rest) = lines.split_at(fitting);
        state.queue.extend_from_slice(fits);
        let dropped = count_lines(rest);
        if dropped > 0 {
            state.dropped += dropped;
            state.dropped_at = Some(now);
        }
        if state.is_idle {
            shared.has_work.notify_one();
        }
    }
}

impl Drop for Writer {
    /// Waits until the lines are written, if that takes no longer than [`EXIT_WAIT`].
    fn drop(&mut self) {
        let Some(shared) = &self.0 else { return };
        let is_busy = |state: &mut State| !(state.is_idle && state.is_empty());
        drop(shared.is_done.wait_timeout_while(shared.lock(), EXIT_WAIT, is_busy));
    }
}

/// Writes the last message of the program to standard error, if that takes no longer than [`EXIT_WAIT`].
pub fn write_last(message: &str) {
    let mut writer = Writer::default();
    writer.write(message.as_bytes(), Instant::ZERO);
}

fn start() -> Option<Arc<Shared>> {
    let shared = Arc::new(Shared::default());
    shared.lock().queue.reserve_exact(CAPACITY);
    let its_own = shared.clone();
    let thread = thread::Builder::new().name("log".to_string());
    thread.spawn(move || its_own.write_queued()).ok()?;
    Some(shared)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is queued, until the process ends.
    fn write_queued(&self) {
        let mut lines = Vec::with_capacity(CAPACITY);
        // Lines that standard error refused, which are counted in the next line that it accepts.
        let mut refused = 0;
        loop {
            let mut state = self.lock();
            while state.is_empty() {
                state.is_idle = true;
                self.is_done.notify_all();
                state = self.has_work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.is_idle = false;
            std::mem::swap(&mut state.queue, &mut lines);
            let dropped = std::mem::take(&mut state.dropped);
            let dropped_at = state.dropped_at.unwrap_or(Instant::ZERO);
            drop(state);

            if refused > 0 && !lines.is_empty() && write_all(&notice(refused, dropped_at)) == 0 {
                refused = 0;
            }
            refused += write_all(&lines);
            lines.clear();
            if dropped > 0 && write_all(&notice(dropped, dropped_at)) > 0 {
                refused += dropped;
            }
            thread::sleep(WRITE_INTERVAL);
        }
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.dropped == 0
    }

    /// Bytes of the lines at the beginning of `lines` that fit. After a line that was dropped none fits
    /// before the queue is written, so that the count stands where the lines are missing.
    fn fitting(&self, lines: &[u8]) -> usize {
        let room = CAPACITY - self.queue.len();
        match lines.get(..room) {
            _ if self.dropped > 0 => 0,
            None => lines.len(),
            Some(most) => most.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1),
        }
    }
}

/// The line that tells how many lines are missing.
fn notice(count: u64, at: Instant) -> Vec<u8> {
    let stamp = Stamp(at);
    format!("{stamp}{count} lines of the log dropped: standard error did not accept them\n").into()
}

/// Writes `lines` to standard error, and returns how many of them it refused.
fn write_all(mut lines: &[u8]) -> u64 {
    // Not through the standard library's lock, which a stuck write would hold.
    let output = io::stderr();
    while !lines.is_empty() {
        match write(&output, lines) {
            Ok(length @ 1..) => lines = lines.get(length..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            // Another process has made the terminal or the pipe non-blocking.
            Err(Errno::EAGAIN) => {
                let mut waits = [PollFd::new(output.as_fd(), PollFlags::POLLOUT)];
                let _ = poll(&mut waits, PollTimeout::NONE);
            }
            Ok(0) | Err(_) => break,
        }
    }
    count_lines(lines)
}

fn count_lines(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_whole_or_not_at_all() {
        let mut state = State { queue: vec![0; CAPACITY - 5], ..State::default() };
        assert_eq!(state.fitting(b"ab\ncd\n"), 3);
        assert_eq!(state.fitting(b"abcd\n"), 5);
        assert_eq!(state.fitting(b"abcdef\n"), 0);
        state.dropped = 1;
        assert_eq!(state.fitting(b"a\n"), 0, "after a line that is missing");
    }
}
