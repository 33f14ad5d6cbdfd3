//! A progress line for transfers, on a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use crate::log::Verbosity;

/// The interval at which the line is redrawn.
const REDRAW: Duration = Duration::from_millis(100);

/// Width of the bar in columns.
const BAR_WIDTH: u64 = 30;

/// Draws the progress line on standard error, if that is a terminal.
pub struct Meter {
    is_shown: bool,
    total: Option<u64>,
    start: Instant,
    next: Instant,
}

impl Meter {
    /// Starts measuring. `total` is the size of the transfer in bytes, if it is known.
    pub fn new(verbosity: Verbosity, total: Option<u64>) -> Self {
        let is_shown = verbosity > Verbosity::Quiet && io::stderr().is_terminal();
        let start = Instant::now();
        Self { is_shown, total, start, next: start + REDRAW }
    }

    /// Updates the line: `bytes` have been transferred.
    pub fn show(&mut self, bytes: u64) {
        if !self.is_shown || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + REDRAW;
        let bar = match self.total {
            Some(total) => bar(bytes, total),
            None => String::new(),
        };
        let _ = write!(io::stderr(), "\r\x1b[K{bar}{}", self.summary(bytes));
    }

    /// Erases the line.
    pub fn clear(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// The size, duration and rate of the transfer.
    pub fn summary(&self, bytes: u64) -> String {
        let seconds = self.start.elapsed().as_secs_f64();
        format!("{bytes} bytes in {seconds:.3} s, {:.1} MB/s", bytes as f64 / seconds / 1e6)
    }
}

fn bar(bytes: u64, total: u64) -> String {
    let part = |of: u64| (bytes.min(total) * of).checked_div(total).unwrap_or(of);
    let done = part(BAR_WIDTH) as usize;
    format!("[{}{}] {:3} % ", "#".repeat(done), "-".repeat(BAR_WIDTH as usize - done), part(100))
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bar_shows_the_completed_part() {
        assert_eq!(bar(0, 10), format!("[{}]   0 % ", "-".repeat(30)));
        assert_eq!(bar(5, 10), format!("[{}{}]  50 % ", "#".repeat(15), "-".repeat(15)));
        assert_eq!(bar(12, 10), format!("[{}] 100 % ", "#".repeat(30)));
        assert_eq!(bar(0, 0), format!("[{}] 100 % ", "#".repeat(30)));
    }
}
