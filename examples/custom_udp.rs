//! A UDP protocol of one's own: `cargo run --example custom_udp`.
//!
//! Answers each datagram with its bytes in reverse, unless that could make a loop of answers.

use bareserve::{
    Environment,
    clock::WallClock,
    entropy::SeededEntropy,
    protocol::{datagram::DatagramProtocol, endpoints::Endpoints, loop_guard::may_answer},
};
use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

/// The protocol.
struct Reverse;

impl DatagramProtocol for Reverse {
    fn name(&self) -> &'static str {
        "reverse"
    }

    fn answer(
        &mut self,
        datagram: &mut [u8],
        length: usize,
        endpoints: Endpoints,
        _: &mut Environment<'_>,
    ) -> Option<usize> {
        datagram.get_mut(..length).filter(|_| may_answer(&endpoints))?.reverse();
        Some(length)
    }
}

fn main() {
    let peer = IpAddress::v4(192, 168, 69, 100);
    for (datagram, port) in [("", 50_000), ("abc", 50_000), ("abc", 7)] {
        let answer = ask(&mut Reverse, datagram, IpEndpoint::new(peer, port));
        match answer {
            Some(answer) => println!("{datagram:?} from port {port}: {}", answer.escape_ascii()),
            None => println!("{datagram:?} from port {port}: not answered"),
        }
    }
}

/// Gives `datagram` to `server` as if it had come from `remote`, and returns the answer. The
/// protocol is driven as `UdpServer` drives it, without sockets.
fn ask(server: &mut Reverse, datagram: &str, remote: IpEndpoint) -> Option<Vec<u8>> {
    let (mut wall_clock, mut entropy) = (WallClock::new(), SeededEntropy::new(1));
    let env = &mut Environment {
        now: Instant::ZERO,
        wall_clock: &mut wall_clock,
        entropy: &mut entropy,
        observer: &mut (),
        registry: Default::default(),
    };
    let local = IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), 4000);
    let endpoints = Endpoints { remote, local };
    let mut buffer = [0; 1472];
    buffer[..datagram.len()].copy_from_slice(datagram.as_bytes());
    let length = server.answer(&mut buffer, datagram.len(), endpoints, env)?;
    Some(buffer[..length].to_vec())
}
