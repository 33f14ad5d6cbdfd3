//! Random bytes on a board without a generator.
//!
//! **Quality.** The only source of entropy is the timing of events, in ticks of the core clock: the
//! arrival of each frame and the expiry of each alarm. An attacker on the same link sees the same frames
//! and can estimate each time to within some microseconds, so the estimate is about 4 bits per frame, and
//! none in the first second after start. That suffices against an off-path attacker who forges TCP
//! segments; it does not suffice for cryptographic keys. Output reveals neither earlier nor later output:
//! only a twelfth of the pool's state is ever output, and a third of it is erased afterwards. A chip with
//! a random number generator adds its output with [`Pool::stir`], and these limits do not apply.

use bareserve::entropy::Entropy;

/// A sponge over the permutation Xoodoo with 12 rounds (Daemen, Hoffert, Van Assche, Van Keer, 2018,
/// "The design of Xoodoo and Xoofff"). It absorbs into 128 of its 384 bits and outputs 32 at a time.
#[derive(Debug)]
pub struct Pool {
    /// Three planes of four lanes, one plane after the other.
    state: [u32; 12],
    /// Samples since the last permutation.
    samples: u8,
}

const ROUND_CONSTANTS: [u16; 12] =
    [0x58, 0x38, 0x3c0, 0xd0, 0x120, 0x14, 0x60, 0x2c, 0x380, 0xf0, 0x1a0, 0x12];

impl Pool {
    /// An empty pool, whose output is predictable until samples are added.
    pub const fn new() -> Self {
        Self { state: [0; 12], samples: 0 }
    }

    /// Adds a sample, whose entropy is expected in its lowest 8 bits. The state is permuted once for 16
    /// samples, as the permutation is expensive.
    pub fn stir(&mut self, sample: u32) {
        let [a, b, c, d, ..] = &mut self.state;
        (*a, *b, *c, *d) = (*b, *c, *d, a.rotate_left(8) ^ sample);
        self.samples += 1;
        if self.samples == 16 {
            self.permute();
        }
    }

    fn permute(&mut self) {
        self.samples = 0;
        for constant in ROUND_CONSTANTS {
            let mut old = self.state;
            // Theta: adds the parity of each column to the next.
            let mut effects = [0; 4];
            for x in 0..4 {
                let parity = old[x] ^ old[4 + x] ^ old[8 + x];
                effects[(x + 1) % 4] = parity.rotate_left(5) ^ parity.rotate_left(14);
            }
            old[0] ^= u32::from(constant);
            // Rho-west, chi and rho-east, column by column.
            for x in 0..4 {
                let west = (x + 3) % 4;
                let a = old[x] ^ effects[x];
                let b = old[4 + west] ^ effects[west];
                let c = (old[8 + x] ^ effects[x]).rotate_left(11);
                self.state[x] = a ^ !b & c;
                self.state[4 + x] = (b ^ !c & a).rotate_left(1);
                self.state[8 + (x + 2) % 4] = (c ^ !a & b).rotate_left(8);
            }
        }
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for Pool {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(4) {
            self.permute();
            for (byte, random) in chunk.iter_mut().zip(self.state[0].to_le_bytes()) {
                *byte = random;
            }
        }
        // Erases part of the state, so that a later disclosure of it does not reveal earlier output: the
        // permutation alone is invertible.
        self.state[..4].fill(0);
        self.permute();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The permutation of all zeros, from the reference implementation (XKCP).
    #[test]
    fn permutation_matches_the_reference() {
        let mut pool = Pool::new();
        pool.permute();
        let expected = [
            0x89d5_d88d,
            0xa963_fcbf,
            0x1b23_2d19,
            0xffa5_a014,
            0x36b1_8106,
            0xafc7_c1fe,
            0xaee5_7cbe,
            0xa775_40bd,
            0x2e86_e870,
            0xfef5_b7c9,
            0x8b4f_adf2,
            0x5e4f_4062,
        ];
        assert_eq!(pool.state, expected);
    }

    #[test]
    fn output_depends_on_every_sample() {
        let output = |changed: usize| {
            let mut pool = Pool::new();
            for sample in 0..20 {
                pool.stir(if sample == changed { 1 } else { 0 });
            }
            pool.next_u64()
        };
        for sample in 0..20 {
            assert_ne!(output(sample), output(20), "sample {sample}");
        }
    }
}
