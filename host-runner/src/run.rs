//! The main loop: polls the stack, then sleeps until a frame, a deadline or a signal.

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use bareserve::{Service, clock::until};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, ppoll},
    sys::{
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
        time::TimeSpec,
    },
};

use crate::{
    clock::Clock, error::Failure, folder_store::workers::Workers, network::HostStack,
    tap::Awaitable,
};

/// The most polls without sleep between two checks for signals.
const MAX_POLLS_WITHOUT_SLEEP: u32 = 64;

/// How long to poll for the next frame before sleeping, while frames arrive in shorter intervals than
/// this: to sleep and wake up takes as long as a round trip. At longer intervals the loop sleeps at once.
const BUSY_POLL_TIME: Duration = Duration::from_micros(50);

/// The most sleeps without busy polling after busy polls that found no frame; the number doubles from
/// one. On a busy machine the peer may need the same processor.
const MAX_PAUSE: u32 = 256;

/// SIGINT (Ctrl-C), SIGTERM and SIGHUP as a file descriptor.
pub struct StopSignals(SignalFd);

impl StopSignals {
    /// Blocks the signals' default actions, in this thread and those that it starts.
    pub fn new() -> Result<Self, Failure> {
        let mut signals = SigSet::empty();
        signals.extend([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
        signals
            .thread_block()
            .and_then(|()| {
                SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            })
            .map(Self)
            .map_err(|errno| Failure(format!("taking over signals: {}", errno.desc())))
    }
}

impl AsFd for StopSignals {
    /// Readable when a signal has arrived.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Runs `services` until a signal arrives or `is_done`, called after each poll, returns true. `workers`
/// wake the loop, too.
pub fn run<D: Awaitable>(
    stack: &mut HostStack<'_, D>,
    services: &mut [&mut dyn Service],
    clock: &mut Clock,
    signals: &StopSignals,
    workers: Option<&Workers>,
    mut is_done: impl FnMut() -> bool,
) -> Result<(), Failure> {
    let mut polls = 0;
    let mut busy_poll = BusyPoll::default();
    loop {
        let now = clock.now();
        stack.observer().set_now(now);
        clock.set(stack.wall_clock(), now);
        let wait = stack.poll(now, services);
        if is_done() {
            return Ok(());
        }
        polls += 1;
        let is_due = wait.is_some_and(|wait| wait.total_micros() == 0);
        if is_due && polls < MAX_POLLS_WITHOUT_SLEEP {
            continue;
        }
        polls = 0;
        let began = Instant::now();
        if !is_due {
            stack.observer().flush();
            if busy_poll.finds_frame(stack.device(), began) {
                continue;
            }
        }
        let device = stack.device();
        let due = wait.map(|wait| now + wait);
        match sleep(device.descriptor(), workers, due, clock, signals)? {
            Woken::Ready => {}
            Woken::Signalled => return Ok(()),
            // The only error that a TAP has.
            Woken::Broken => {
                let name = device.name();
                return Err(Failure(format!(
                    "the TAP {name} was deleted: start host-runner again"
                )));
            }
        }
        busy_poll.note_wait(began.elapsed());
    }
}

/// Decides whether to poll for the next frame without sleeping.
#[derive(Default)]
struct BusyPoll {
    /// Whether the last frame arrived within [`BUSY_POLL_TIME`].
    is_close: bool,
    /// The number of sleeps left without busy polling.
    pause: u32,
    /// The value of `pause` after the next busy poll that finds no frame.
    next_pause: u32,
}

impl BusyPoll {
    /// Polls for a frame until [`BUSY_POLL_TIME`] after `began`, if one is likely to arrive.
    fn finds_frame(&mut self, device: &mut impl Awaitable, began: Instant) -> bool {
        if !self.is_close {
            return false;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        while began.elapsed() < BUSY_POLL_TIME {
            if device.poll_frame() {
                self.next_pause /= 2;
                return true;
            }
        }
        self.pause = self.next_pause;
        self.next_pause = (2 * self.next_pause).clamp(1, MAX_PAUSE);
        false
    }

    /// Records how long the last frame took to arrive.
    fn note_wait(&mut self, wait: Duration) {
        self.is_close = wait < BUSY_POLL_TIME;
    }
}

/// Why a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// A frame has arrived, or the deadline has passed.
    Ready,
    /// A signal asks the program to end.
    Signalled,
    /// The descriptor has an error, which the next read returns.
    Broken,
}

/// Waits until `source` can be read, a worker is done, `due` has passed or a signal arrives.
pub fn sleep(
    source: impl AsFd,
    workers: Option<&Workers>,
    due: Option<smoltcp::time::Instant>,
    clock: &Clock,
    signals: &StopSignals,
) -> Result<Woken, Failure> {
    let mut waits = [
        PollFd::new(source.as_fd(), PollFlags::POLLIN),
        PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        PollFd::new(workers.map_or(signals.as_fd(), AsFd::as_fd), PollFlags::POLLIN),
    ];
    let timeout = due.map(|due| TimeSpec::from(Duration::from(until(due, clock.now()))));
    match ppoll(&mut waits, timeout, None) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(Failure(format!("waiting: {}", errno.desc()))),
    }
    let [source, signal, worker] = waits;
    if let Some(workers) = workers.filter(|_| worker.any() == Some(true)) {
        workers.acknowledge();
    }
    Ok(if signal.any() == Some(true) {
        Woken::Signalled
    } else if source.revents().is_some_and(|found| found.contains(PollFlags::POLLERR)) {
        Woken::Broken
    } else {
        Woken::Ready
    })
}
