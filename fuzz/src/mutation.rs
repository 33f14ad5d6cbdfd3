//! Almost valid inputs: seeds with a few mutations.

use bareserve::entropy::{Entropy, SeededEntropy};

/// The longest input in bytes.
const LONGEST: usize = 4096;

/// Bytes with a special meaning in many formats.
const SPECIAL: &[u8] = b"\"\\{}[]:,=/ \t\r\n\0\x1f\x7f\x80\xc0\xe0\xed\xf4\xff0-+.eEu%;";

/// The input number `index` of a run. It depends on the arguments only, so that a failure can be
/// reproduced.
pub fn input(seeds: &[&[u8]], seed: u64, index: u64) -> Vec<u8> {
    let mut random = Random(SeededEntropy::new(seed ^ index.wrapping_mul(0xd134_2543_de82_ef95)));
    let mut input = random.pick(seeds).map_or(Vec::new(), <[u8]>::to_vec);
    for _ in 0..random.below(5) {
        mutate(&mut input, seeds, &mut random);
    }
    input.truncate(LONGEST);
    input
}

fn mutate(input: &mut Vec<u8>, seeds: &[&[u8]], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = (at + random.below(9)).min(input.len());
    match random.below(8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = random.special();
            }
        }
        2 => input.insert(at, random.special()),
        3 => drop(input.drain(at..end)),
        4 => input.truncate(at),
        5 => {
            let copy = input[at..end].repeat(1 + random.below(20));
            input.splice(at..at, copy);
        }
        6 => {
            let noise: Vec<u8> = (0..random.below(5)).map(|_| random.below(256) as u8).collect();
            input.splice(at..end, noise);
        }
        _ => {
            let other = random.pick(seeds).unwrap_or(&[]);
            let from = random.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}

struct Random(SeededEntropy);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound.max(1) as u64) as usize
    }

    fn pick<'s>(&mut self, of: &[&'s [u8]]) -> Option<&'s [u8]> {
        of.get(self.below(of.len())).copied()
    }

    fn special(&mut self) -> u8 {
        SPECIAL[self.below(SPECIAL.len())]
    }
}
