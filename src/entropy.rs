//! Random bytes, supplied by the board.

/// A source of random bytes.
///
/// TCP's initial sequence numbers, ephemeral ports, write tokens and multipart boundaries are made from
/// it, so an attacker that can predict it can forge them. A board without a hardware generator documents
/// that.
pub trait Entropy {
    /// Fills `bytes` with random values.
    fn fill(&mut self, bytes: &mut [u8]);

    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl<E: Entropy + ?Sized> Entropy for &mut E {
    fn fill(&mut self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

/// A repeatable generator (SplitMix64) for tests and simulations. Its output is predictable: it must
/// not be the only source of a real device.
#[derive(Debug, Clone)]
pub struct SeededEntropy(u64);

impl SeededEntropy {
    /// A generator whose output is determined by `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let word = (z ^ (z >> 31)).to_le_bytes();
            for (place, random) in chunk.iter_mut().zip(word) {
                *place = random;
            }
        }
    }
}
