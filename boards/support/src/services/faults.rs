//! Failing on command, so that the acceptance suite can see a board start again.

use bareserve::{
    Stack,
    counters::Counters,
    environment::Environment,
    net::{
        tcp_server::SetupError,
        udp_server::{DatagramProtocol, Ends, UdpServer},
    },
};
use smoltcp::phy::Device;

use super::udp_rings::UdpRings;

/// Where it listens.
pub const PORT: u16 = 666;

/// The memory of [`Faults`].
pub struct FaultsMemory {
    rings: UdpRings<4, 64>,
    counters: Counters,
}

impl FaultsMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 1;

    /// All empty.
    pub const fn new() -> Self {
        Self { rings: UdpRings::new(), counters: Counters::new() }
    }
}

impl Default for FaultsMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers a datagram with the same; one that says `panic` or `hang` is obeyed.
pub struct Faults;

impl Faults {
    /// Opens the port.
    ///
    /// # Errors
    /// [`SetupError`]
    pub fn serve<D: Device>(
        stack: &mut Stack<'static, D>,
        memory: &'static mut FaultsMemory,
    ) -> Result<UdpServer<'static, Self>, SetupError> {
        UdpServer::new(stack, Self, PORT, memory.rings.split(), &memory.counters)
    }
}

impl DatagramProtocol for Faults {
    fn name(&self) -> &'static str {
        "faults"
    }

    fn answer(
        &mut self,
        datagram: &mut [u8],
        length: usize,
        _ends: Ends,
        _env: &mut Environment<'_>,
    ) -> Option<usize> {
        match datagram.get(..length) {
            Some(b"panic") => panic!("as told"),
            Some(b"hang") => loop {
                cortex_m::asm::nop();
            },
            _ => Some(length),
        }
    }
}
