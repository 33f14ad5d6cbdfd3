//! The seeds of runs, and the seed and capture of a run that fails.

use std::path::Path;

use smoltcp::time::Instant;

use crate::{capture, link::Faults, wire::Wire};

/// The seeds to run: `0..count`, or the one in the environment variable `BARESERVE_SEED`.
///
/// # Panics
/// If the variable is not a number.
pub fn seeds(count: u64) -> std::ops::Range<u64> {
    match std::env::var("BARESERVE_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("BARESERVE_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..count,
    }
}

/// A wire that keeps its frames if `BARESERVE_CAPTURE` is set.
pub(crate) fn wire(seed: u64, faults: Faults) -> Wire {
    let mut wire = Wire::new(seed, faults);
    if std::env::var_os("BARESERVE_CAPTURE").is_some() {
        wire.capture();
    }
    wire
}

/// If the thread panics: prints the seed and writes the capture. For `Drop`.
pub(crate) fn report_failure(seed: u64, now: Instant, wire: &Wire) {
    if !std::thread::panicking() {
        return;
    }
    eprintln!("seed {seed} failed at {now}; BARESERVE_SEED={seed} replays it");
    if let Some(path) = std::env::var_os("BARESERVE_CAPTURE") {
        let path = Path::new(&path);
        if let Err(error) = capture::write(path, wire.captured()) {
            eprintln!("{}: {error}", path.display());
        }
    }
}
