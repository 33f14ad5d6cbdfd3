//! Prevents endless exchanges between two services that answer any datagram.

use super::endpoints::Endpoints;

/// Ports of services that answer any datagram: echo (RFC 862), daytime (RFC 867), quote of the day
/// (RFC 865), character generator (RFC 864), time (RFC 868); and 0, which is not a valid destination.
const ANSWERING_PORTS: [u16; 6] = [0, 7, 13, 17, 19, 37];

/// Whether a service that answers any datagram may answer one between these endpoints.
///
/// It may not if the source is a service that would answer the answer, or is not a unicast address, or if
/// the datagram was sent to a broadcast or multicast address: then one forged datagram could cause a
/// loop or a storm of answers.
pub fn may_answer(endpoints: &Endpoints) -> bool {
    !ANSWERING_PORTS.contains(&endpoints.remote.port)
        && endpoints.remote.addr.is_unicast()
        && endpoints.local_address().is_some()
}

#[cfg(test)]
mod tests {
    use smoltcp::wire::{IpAddress, IpEndpoint};

    use super::*;

    #[test]
    fn answers_only_unicast_peers_that_do_not_answer_back() {
        let peer = IpAddress::v4(192, 168, 69, 100);
        let local = IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), 7);
        let group = IpEndpoint { addr: IpAddress::v4(0, 0, 0, 0), ..local };
        let from = |addr, port| Endpoints { remote: IpEndpoint { addr, port }, local };
        assert!(may_answer(&from(peer, 40_000)));
        assert!(!may_answer(&Endpoints { local: group, ..from(peer, 40_000) }));
        for port in [0, 7, 13, 17, 19, 37] {
            assert!(!may_answer(&from(peer, port)), "{port}");
        }
        for group in [
            IpAddress::v4(255, 255, 255, 255),
            IpAddress::v4(224, 0, 0, 1),
            IpAddress::v4(0, 0, 0, 0),
        ] {
            assert!(!may_answer(&from(group, 40_000)), "{group}");
        }
    }
}
