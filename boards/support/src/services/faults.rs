//! Failing on command, so that the acceptance suite can see a board start again.

use bareserve::{
    environment::Environment,
    net::udp_server::{DatagramProtocol, Ends},
};
use smoltcp::phy::Device;

use super::{Services, udp::Udp};
use crate::network::StartError;

/// Where it listens.
pub const PORT: u16 = 666;

/// A service that fails when it is told to: one socket.
pub struct FaultsMemory(Udp<Faults, 4, 64>);

impl FaultsMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 1;

    /// Not started.
    pub const fn new() -> Self {
        Self(Udp::new())
    }

    /// Opens the port.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
    ) -> Result<(), StartError> {
        self.0.start(services, Faults, &[PORT]).map(|_| ())
    }
}

impl Default for FaultsMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers a datagram with the same; one that says `panic` or `hang` is obeyed.
struct Faults;

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
