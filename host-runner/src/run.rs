//! The loop: a turn of the stack, then sleep until a frame, a deadline or a signal.

use std::{
    os::fd::AsFd,
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

use crate::{clock::Clock, error::Failure, network::HostStack, tap::Awaitable};

/// Turns without sleep after which signals are looked for all the same.
const TURNS_BETWEEN_LOOKS: u32 = 64;

/// How long to look for the next frame before going to sleep, while frames follow each other as
/// closely as that: sleeping and being woken takes as long as a round trip itself. Between frames
/// further apart nothing is spent on it.
const WATCH: Duration = Duration::from_micros(50);

/// Sleeps without watching after watches in vain: at most so many, doubling from one. On a busy
/// machine the peer may be waiting for this very processor.
const MAX_PAUSE: u32 = 256;

/// Ctrl-C, SIGTERM and SIGHUP, as something to wait for.
pub struct StopSignals(SignalFd);

impl StopSignals {
    /// Takes the signals over from now on, in this thread and those it starts.
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

/// Runs `services` until a signal comes, or `is_done`, called after each turn, says so.
pub fn run<D: Awaitable>(
    stack: &mut HostStack<'_, D>,
    services: &mut [&mut dyn Service],
    clock: &mut Clock,
    signals: &StopSignals,
    mut is_done: impl FnMut() -> bool,
) -> Result<(), Failure> {
    let mut turns = 0;
    let mut watch = BusyPoll::default();
    loop {
        let now = clock.now();
        stack.observer().set_now(now);
        clock.set(stack.wall_clock(), now);
        let wait = stack.poll(now, services);
        if is_done() {
            return Ok(());
        }
        turns += 1;
        let is_due = wait.is_some_and(|wait| wait.total_micros() == 0);
        if is_due && turns < TURNS_BETWEEN_LOOKS {
            continue;
        }
        turns = 0;
        let began = Instant::now();
        if !is_due {
            stack.observer().flush();
            if watch.finds_frame(stack.device(), began) {
                continue;
            }
        }
        if sleep(stack.device().descriptor(), wait.map(|wait| now + wait), clock, signals)?
            == Woken::BySignal
        {
            return Ok(());
        }
        watch.note(began.elapsed());
    }
}

/// Whether to look for the next frame awake.
#[derive(Default)]
struct BusyPoll {
    /// Whether the last frame came within [`WATCH`].
    is_close: bool,
    /// How many sleeps are still to be taken without watching.
    pause: u32,
    /// The pause after the next watch in vain.
    next_pause: u32,
}

impl BusyPoll {
    /// Looks for a frame until [`WATCH`] after `began`, if one is likely to come.
    fn finds_frame(&mut self, device: &mut impl Awaitable, began: Instant) -> bool {
        if !self.is_close {
            return false;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        while began.elapsed() < WATCH {
            if device.poll_frame() {
                self.next_pause /= 2;
                return true;
            }
        }
        self.pause = self.next_pause;
        self.next_pause = (2 * self.next_pause).clamp(1, MAX_PAUSE);
        false
    }

    /// Notes how long the last frame took to come.
    fn note(&mut self, wait: Duration) {
        self.is_close = wait < WATCH;
    }
}

/// Why a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Something has come, or time has.
    ByWork,
    /// The program is to end.
    BySignal,
}

/// Waits until something can be read, for `due`, or for a signal.
pub fn sleep(
    source: impl AsFd,
    due: Option<smoltcp::time::Instant>,
    clock: &Clock,
    signals: &StopSignals,
) -> Result<Woken, Failure> {
    let mut waits = [
        PollFd::new(source.as_fd(), PollFlags::POLLIN),
        PollFd::new(signals.0.as_fd(), PollFlags::POLLIN),
    ];
    let timeout = due.map(|due| TimeSpec::from(Duration::from(until(due, clock.now()))));
    match ppoll(&mut waits, timeout, None) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(Failure(format!("waiting: {}", errno.desc()))),
    }
    let [_, signal] = waits;
    Ok(if signal.any() == Some(true) { Woken::BySignal } else { Woken::ByWork })
}
