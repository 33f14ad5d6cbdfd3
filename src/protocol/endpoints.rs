//! The two ends of an exchange.

use smoltcp::wire::{IpAddress, IpEndpoint};

/// The endpoints of a TCP connection or of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    /// The peer's address and port.
    pub remote: IpEndpoint,
    /// The address and port that the peer sent to. The address is
    /// [unspecified](IpAddress::is_unspecified) if that was a broadcast or multicast address, which
    /// only a datagram can have; an answer is then sent from an address of this interface.
    pub local: IpEndpoint,
}

impl Endpoints {
    /// Those of no exchange: address 0.0.0.0 and port 0.
    pub const UNSPECIFIED: Self = {
        let unspecified = IpEndpoint { addr: IpAddress::v4(0, 0, 0, 0), port: 0 };
        Self { remote: unspecified, local: unspecified }
    };

    /// The local address; `None` if the peer sent to a broadcast or multicast address.
    pub fn local_address(&self) -> Option<IpAddress> {
        Some(self.local.addr).filter(|address| !address.is_unspecified())
    }
}
