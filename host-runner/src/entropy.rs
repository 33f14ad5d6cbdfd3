//! Random bytes from the operating system.

use bareserve::entropy::Entropy;

/// The kernel's random number generator, read with `getrandom`(2).
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        // Sequence numbers and tokens must not fall back to predictable values, and since Linux 3.17
        // the call fails only in a sandbox that forbids it.
        getrandom::fill(bytes).expect("getrandom(2) is permitted");
    }
}
