//! The loop: a turn of the stack, then sleep until a frame, a deadline or a signal.

use std::{
    os::fd::AsFd,
    time::{Duration, Instant},
};

use bareserve::{Service, Stack, clock::until};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, ppoll},
    sys::{
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
        time::TimeSpec,
    },
};

use crate::{clock::Clock, entropy::OsEntropy, error::Failure, log::Log, tap::Awaitable};

/// Turns without sleep after which signals are looked for all the same.
const TURNS_BETWEEN_LOOKS: u32 = 64;

/// How long to look for the next frame before going to sleep, while frames follow each other as
/// closely as that: sleeping and being woken takes as long as a round trip itself. Between frames
/// further apart nothing is spent on it.
const WATCH: Duration = Duration::from_micros(50);

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
    stack: &mut Stack<'_, D>,
    services: &mut [&mut dyn Service],
    clock: &mut Clock,
    log: &mut Log,
    signals: &StopSignals,
    mut is_done: impl FnMut(&mut Stack<'_, D>) -> bool,
) -> Result<(), Failure> {
    let mut turns = 0;
    let mut last_wait = Duration::MAX;
    loop {
        let now = clock.now();
        log.set_now(now);
        clock.set(stack.wall_clock(), now);
        let due = stack.turn(now, &mut OsEntropy, log, services);
        if is_done(stack) {
            return Ok(());
        }
        turns += 1;
        let is_due = due.is_some_and(|due| due <= now);
        if is_due && turns < TURNS_BETWEEN_LOOKS {
            continue;
        }
        turns = 0;
        let began = Instant::now();
        if !is_due {
            log.flush();
            if last_wait < WATCH && watch(stack.device(), began) {
                last_wait = began.elapsed();
                continue;
            }
        }
        if sleep(stack.device().descriptor(), due, clock, signals)? == Woken::BySignal {
            return Ok(());
        }
        last_wait = began.elapsed();
    }
}

/// Looks for a frame until [`WATCH`] after `began`; says whether one has come.
fn watch(device: &mut impl Awaitable, began: Instant) -> bool {
    while began.elapsed() < WATCH {
        if device.look() {
            return true;
        }
    }
    false
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
