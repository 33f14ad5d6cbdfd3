//! Faults on command, with which the acceptance suite tests that a board restarts.

use core::hint::black_box;

use bareserve::{
    net::{resources::UdpResources, udp::server::UdpServer},
    protocol::{datagram::DatagramProtocol, endpoints::Endpoints, environment::Environment},
};
use smoltcp::phy::Device;

use super::{Services, SetupError};
use crate::{board::Uart, static_cell::StaticCell};

/// The UDP port.
pub const PORT: u16 = 666;

/// A service that fails on command: one socket.
pub struct FaultsMemory {
    server: StaticCell<UdpServer<'static, Faults>>,
    resources: UdpResources<4, 64>,
}

impl FaultsMemory {
    /// Sockets that it takes.
    pub const SOCKETS: usize = 1;

    /// Not started.
    pub const fn new() -> Self {
        Self { server: StaticCell::new(), resources: UdpResources::new() }
    }

    /// Opens the port.
    ///
    /// # Errors
    /// [`SetupError`]
    pub fn start<E: Device, U: Uart>(
        &'static mut self,
        services: &mut Services<E, U>,
    ) -> Result<(), SetupError> {
        let server = services.stack.udp(&mut self.resources, Faults, PORT)?;
        services.run(self.server.put(server))
    }
}

impl Default for FaultsMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends each datagram back. The commands `panic`, `hang` and `check` are executed first.
struct Faults;

impl DatagramProtocol for Faults {
    fn name(&self) -> &'static str {
        "faults"
    }

    fn answer(
        &mut self,
        datagram: &mut [u8],
        length: usize,
        _endpoints: Endpoints,
        _env: &mut Environment<'_>,
    ) -> Option<usize> {
        match datagram.get(..length) {
            Some(b"check") => {
                check_memory_routines();
                check_division();
                Some(length)
            }
            Some(b"panic") => panic!("requested by a datagram"),
            Some(b"hang") => loop {
                cortex_m::asm::nop();
            },
            _ => Some(length),
        }
    }
}

/// Panics if a routine of `memory.rs` is wrong at any length, alignment or overlap.
fn check_memory_routines() {
    let source: [u8; 64] = core::array::from_fn(|at| at as u8 + 1);
    for length in 0..=40 {
        for (from, to) in (0..8).flat_map(|from| (0..8).map(move |to| (from, to))) {
            let place = to..to + length;
            let expect = |found: &[u8; 64], before: &[u8; 64], offset: usize| {
                for at in 0..64 {
                    let is_inside = place.contains(&at);
                    let expected = if is_inside { source[at + offset - to] } else { before[at] };
                    assert!(found[at] == expected);
                }
            };
            let empty = [0xa5; 64];
            let mut copied = empty;
            let part = &black_box(&source)[from..from + length];
            black_box(&mut copied)[place.clone()].copy_from_slice(part);
            expect(&copied, &empty, from);

            assert!(black_box(&copied)[place.clone()].cmp(part).is_eq());
            for (at, byte) in place.clone().flat_map(|at| [(at, 0), (at, u8::MAX)]) {
                let mut other = copied;
                // Bytes after the first difference must not affect the result.
                other[at..].fill(!byte);
                other[at] = byte;
                assert!(black_box(&other)[place.clone()].cmp(part) == byte.cmp(&copied[at]));
            }

            let mut moved = source;
            black_box(&mut moved).copy_within(from..from + length, to);
            expect(&moved, &source, from);

            let mut filled = source;
            black_box(&mut filled)[place.clone()].fill(black_box(0x5a));
            assert!(
                (0..64).all(|at| {
                    filled[at] == if place.contains(&at) { 0x5a } else { source[at] }
                })
            );
        }
    }
}

/// Panics if a routine of `division.rs` computes or returns a wrong result.
fn check_division() {
    const NUMBERS: [i64; 12] = [
        1,
        -1,
        7,
        -10,
        1_000_000,
        -86_400_000_000,
        1 << 32,
        (1 << 32) - 1,
        -(1 << 33),
        i64::MAX,
        i64::MIN + 1,
        i64::MIN,
    ];
    for dividend in NUMBERS {
        for divisor in NUMBERS {
            // `black_box` for each operand, or the compiler derives the remainder from the quotient.
            let (n, d) = (dividend, divisor);
            let quotient = black_box(n).wrapping_div(black_box(d));
            let rest = black_box(n).wrapping_rem(black_box(d));
            assert!(quotient.wrapping_mul(d).wrapping_add(rest) == n);
            assert!(rest.unsigned_abs() < d.unsigned_abs() && (rest == 0 || (rest < 0) == (n < 0)));
            let (n, d) = (n as u64, d as u64);
            let (quotient, rest) = (black_box(n) / black_box(d), black_box(n) % black_box(d));
            assert!(quotient.wrapping_mul(d).wrapping_add(rest) == n && rest < d);
        }
    }
}
