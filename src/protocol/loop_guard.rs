//! Keeps two services that answer whatever comes from answering each other for ever.

use super::datagram::DatagramEndpoints;

/// Ports of services that answer any datagram: echo (RFC 862), daytime (RFC 867), quote of the day
/// (RFC 865), character generator (RFC 864), time (RFC 868); and 0, which nobody can answer to.
const ANSWERING_PORTS: [u16; 6] = [0, 7, 13, 17, 19, 37];

/// Whether a service that answers any datagram may answer one between these ends.
///
/// Not if it claims to come from a service that would answer back, or from everybody, or was sent
/// to everybody: then one forged datagram would make a loop or a storm.
pub fn may_answer(ends: &DatagramEndpoints) -> bool {
    !ANSWERING_PORTS.contains(&ends.remote.port)
        && ends.remote.addr.is_unicast()
        && ends.local.is_some()
}

#[cfg(test)]
mod tests {
    use smoltcp::wire::{IpAddress, IpEndpoint};

    use super::*;

    #[test]
    fn answers_only_a_single_peer_that_waits_for_it() {
        let peer = IpAddress::v4(192, 168, 69, 100);
        let local = Some(IpAddress::v4(192, 168, 69, 1));
        let from = |addr, port| DatagramEndpoints { remote: IpEndpoint { addr, port }, local };
        assert!(may_answer(&from(peer, 40_000)));
        assert!(!may_answer(&DatagramEndpoints { local: None, ..from(peer, 40_000) }));
        for port in [0, 7, 13, 17, 19, 37] {
            assert!(!may_answer(&from(peer, port)), "{port}");
        }
        for everybody in [
            IpAddress::v4(255, 255, 255, 255),
            IpAddress::v4(224, 0, 0, 1),
            IpAddress::v4(0, 0, 0, 0),
        ] {
            assert!(!may_answer(&from(everybody, 40_000)), "{everybody}");
        }
    }
}
