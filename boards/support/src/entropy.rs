//! Random bytes on a board without a generator.
//!
//! **Quality.** All that is secret here is when things happened, counted in ticks of the core
//! clock: the arrival of each frame and the expiry of each alarm. Who shares the network sees the
//! same frames and can guess each time to within some microseconds, so count on about 4 bits a
//! frame, and on none at all in the first second after start. That is enough against somebody who
//! forges TCP segments from afar; it is not enough for keys. What has been given out tells nothing
//! of what was or will be: the pool is stirred by a one-way function. A chip with a generator
//! stirs it in with [`Pool::stir`], and this caveat falls.

use bareserve::entropy::Entropy;

/// An Ascon permutation (NIST SP 800-232) as a sponge: 64 bits in, 64 bits out, 256 bits secret.
#[derive(Debug)]
pub struct Pool {
    state: [u64; 5],
    /// Samples since the last permutation.
    samples: u8,
}

impl Pool {
    /// An empty pool: its output follows from what is stirred in.
    pub const fn new() -> Self {
        Self { state: [0; 5], samples: 0 }
    }

    /// Adds what `sample` has of chance in its lowest 8 bits, at least. A permutation takes eight
    /// of them side by side: it is not cheap.
    pub fn stir(&mut self, sample: u64) {
        self.state[0] = self.state[0].rotate_left(8) ^ sample;
        self.samples += 1;
        if self.samples == 8 {
            self.permute();
        }
    }

    /// 12 rounds: a constant, the S-box on the five words' columns, and each word's diffusion.
    fn permute(&mut self) {
        self.samples = 0;
        let [mut a, mut b, mut c, mut d, mut e] = self.state;
        for round in 0..12 {
            c ^= 0xf0 - 0x0f * round;
            (a, e, c) = (a ^ e, e ^ d, c ^ b);
            let [s, t, u, v, w] = [!a & b, !b & c, !c & d, !d & e, !e & a];
            (a, b, c, d, e) = (a ^ t, b ^ u, c ^ v, d ^ w, e ^ s);
            (b, a, d, c) = (b ^ a, a ^ e, d ^ c, !c);
            a ^= a.rotate_right(19) ^ a.rotate_right(28);
            b ^= b.rotate_right(61) ^ b.rotate_right(39);
            c ^= c.rotate_right(1) ^ c.rotate_right(6);
            d ^= d.rotate_right(10) ^ d.rotate_right(17);
            e ^= e.rotate_right(7) ^ e.rotate_right(41);
        }
        self.state = [a, b, c, d, e];
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for Pool {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.permute();
            for (byte, random) in chunk.iter_mut().zip(self.state[0].to_le_bytes()) {
                *byte = random;
            }
        }
        // So that the state, if found later, does not give away what was put out before.
        self.state[0] = 0;
        self.permute();
    }
}
