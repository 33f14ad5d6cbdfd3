//! Keeps two services that answer whatever comes from answering each other for ever.

use super::udp_server::Ends;

/// Ports of services that answer any datagram: echo (RFC 862), daytime (RFC 867), quote of the day
/// (RFC 865), character generator (RFC 864), time (RFC 868); and 0, which nobody can answer to.
const ANSWERING_PORTS: [u16; 6] = [0, 7, 13, 17, 19, 37];

/// Whether a service that answers any datagram may answer one between these ends.
///
/// Not if it claims to come from a service that would answer back, or from everybody, or was sent
/// to everybody: then one forged datagram would make a loop or a storm.
pub fn may_answer(ends: &Ends) -> bool {
    !ANSWERING_PORTS.contains(&ends.remote.port)
        && ends.remote.addr.is_unicast()
        && ends.local.is_none_or(|local| local.is_unicast())
}

#[cfg(test)]
mod tests {
    use smoltcp::wire::{IpAddress, IpEndpoint};

    use super::*;

    fn ends(remote: IpAddress, port: u16, local: IpAddress) -> Ends {
        Ends { remote: IpEndpoint::new(remote, port), local: Some(local) }
    }

    #[test]
    fn answers_only_a_single_peer_that_waits_for_it() {
        let (peer, us) = (IpAddress::v4(192, 168, 69, 100), IpAddress::v4(192, 168, 69, 1));
        assert!(may_answer(&ends(peer, 40_000, us)));
        assert!(may_answer(&Ends { remote: IpEndpoint::new(peer, 40_000), local: None }));
        for port in [0, 7, 13, 17, 19, 37] {
            assert!(!may_answer(&ends(peer, port, us)), "{port}");
        }
        for everybody in [
            IpAddress::v4(255, 255, 255, 255),
            IpAddress::v4(224, 0, 0, 1),
            IpAddress::v4(0, 0, 0, 0),
        ] {
            assert!(!may_answer(&ends(everybody, 40_000, us)), "{everybody}");
            assert!(!may_answer(&ends(peer, 40_000, everybody)), "{everybody}");
        }
    }
}
