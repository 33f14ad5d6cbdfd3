//! `host-runner wire`: joins two TAPs by a wire with delay, loss, a limited rate and a queue.
//!
//! Each direction is a [`Link`] of the simulations, here with a real clock. Frames are read and written
//! one per system call, in batches, and their buffers are used again.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use bareserve_testbench::Link;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, ppoll},
    sys::{prctl, time::TimeSpec},
};

use crate::{
    arguments::Wire,
    error::{Error, Failure},
    log::Verbosity,
    run::StopSignals,
    tap,
};

/// The longest frame: an IP packet of 65,535 bytes, the Ethernet header and a VLAN tag.
const LONGEST_FRAME: usize = 65_535 + 14 + 4;

/// The most frames that are read from one TAP before the other is looked at.
const BATCH: usize = 64;

/// The most batches between two checks for signals.
const TURNS_BETWEEN_LOOKS: u32 = 64;

/// How long before an arrival the wire wakes up, to deliver the frame on time: a sleeping process runs
/// some ten microseconds after its timer has expired.
const WAKE_UP: Duration = Duration::from_micros(60);

/// Joins the TAPs until a signal arrives or one of them is deleted.
pub fn run(options: &Wire) -> Result<(), Error> {
    let signals = StopSignals::new()?;
    // Otherwise the kernel may wake this process 50 µs late, to save energy.
    let _ = prctl::set_timerslack(1);
    let mut cable = Cable::open(options)?;
    let is_shown = options.verbosity > Verbosity::Quiet;
    if is_shown {
        print_line(format_args!(
            "{} and {} are joined; Ctrl-C ends",
            cable.names[0], cable.names[1]
        ));
    }
    let ended = cable.carry(&signals);
    if is_shown {
        cable.report();
    }
    Ok(ended?)
}

/// Two TAPs and a link in each direction.
struct Cable<'o> {
    names: &'o [String; 2],
    taps: [File; 2],
    /// By the TAP that sends.
    links: [Link; 2],
    /// Frames that the receiving TAP did not accept, because its interface is down.
    refused: [u64; 2],
    start: Instant,
    /// Room for the next frame to read.
    frame: Box<[u8]>,
}

impl<'o> Cable<'o> {
    fn open(options: &'o Wire) -> Result<Self, Failure> {
        let [first, second] = &options.taps;
        Ok(Self {
            names: &options.taps,
            taps: [tap::open_without_offload(first)?, tap::open_without_offload(second)?],
            links: Link::pair(options.seed, options.faults),
            refused: [0; 2],
            start: Instant::now(),
            frame: vec![0; LONGEST_FRAME].into_boxed_slice(),
        })
    }

    fn carry(&mut self, signals: &StopSignals) -> Result<(), Failure> {
        let mut turns = 0;
        loop {
            let mut is_busy = false;
            for side in [0, 1] {
                is_busy |= self.read_batch(side)?;
                is_busy |= self.deliver(side);
            }
            turns += 1;
            if is_busy && turns < TURNS_BETWEEN_LOOKS {
                continue;
            }
            turns = 0;
            if self.wait(signals)? {
                return Ok(());
            }
        }
    }

    /// Sends what the TAP `side` has into its link, a batch at most. Returns whether there was a frame.
    fn read_batch(&mut self, side: usize) -> Result<bool, Failure> {
        let link = &mut self.links[side];
        for count in 0..BATCH {
            match (&self.taps[side]).read(&mut self.frame) {
                Ok(length) => {
                    let mut frame = link.buffer();
                    frame.extend_from_slice(&self.frame[..length]);
                    link.send(self.start.elapsed(), frame);
                }
                Err(error) if is_transient(&error) => return Ok(count > 0),
                Err(_) => return Err(self.is_gone(side)),
            }
        }
        Ok(true)
    }

    /// Writes the frames of `side` that have arrived to the other TAP. Returns whether there was one.
    fn deliver(&mut self, side: usize) -> bool {
        let link = &mut self.links[side];
        let now = self.start.elapsed();
        let mut is_busy = false;
        while let Some(frame) = link.receive(now) {
            is_busy = true;
            // A TAP that is deleted is noticed when it is read.
            if (&self.taps[1 - side]).write(&frame).is_err() {
                self.refused[side] += 1;
            }
            link.recycle(frame);
        }
        is_busy
    }

    /// Sleeps until a frame is there or about to arrive. Returns whether a signal asks to end.
    fn wait(&self, signals: &StopSignals) -> Result<bool, Failure> {
        let [first, second] = &self.taps;
        let mut waits = [first.as_fd(), second.as_fd(), signals.as_fd()]
            .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN));
        // In the last microseconds this does not sleep, so the caller polls until the arrival.
        let next = self.links.iter().filter_map(Link::next_arrival).min();
        let timeout =
            next.map(|at| TimeSpec::from(at.saturating_sub(self.start.elapsed() + WAKE_UP)));
        match ppoll(&mut waits, timeout, None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Failure(format!("waiting: {}", errno.desc()))),
        }
        for side in [0, 1] {
            if waits[side].revents().is_some_and(|found| found.contains(PollFlags::POLLERR)) {
                return Err(self.is_gone(side));
            }
        }
        Ok(waits[2].any() == Some(true))
    }

    fn is_gone(&self, side: usize) -> Failure {
        Failure(format!("the TAP {} was deleted: start the wire again", self.names[side]))
    }

    fn report(&self) {
        for side in [0, 1] {
            let counts = self.links[side].counts();
            print_line(format_args!(
                "{} to {}: {} frames, {} lost, {} dropped by the queue, {} refused by {}",
                self.names[side],
                self.names[1 - side],
                counts.sent,
                counts.lost,
                counts.dropped,
                self.refused[side],
                self.names[1 - side],
            ));
        }
    }
}

/// Whether a later read may succeed.
fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Prints a line. A closed standard output is not an error.
fn print_line(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
