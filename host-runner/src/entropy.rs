//! Random bytes from the operating system.

use bareserve::entropy::Entropy;

/// The kernel's generator, by way of `getrandom`.
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        // Without it sequence numbers and tokens could be guessed, and Linux has always had it.
        getrandom::fill(bytes).expect("the operating system has random bytes");
    }
}
