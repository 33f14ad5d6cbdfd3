//! Two bareserve stacks on a simulated wire: for tests of clients against servers.

use bareserve::{
    Service,
    entropy::{Entropy, SeededEntropy},
};
use smoltcp::{
    time::{Duration, Instant},
    wire::{IpAddress, IpEndpoint},
};

use crate::{
    host::Host,
    link::Faults,
    replay,
    wire::{End, Side},
};

/// More polls than this without time passing are a busy loop.
const MOST_POLLS_AT_ONCE: u32 = 1_000;

/// The length of the server's queue of connection requests.
const BACKLOG: usize = 4;

/// A server at 10.0.0.1 and a client at 10.0.0.2, in virtual time.
///
/// ```
/// use bareserve::{
///     net::udp::client::UdpClient,
///     protocol::client::Progress,
///     time::{client::ClockSetter, seconds::{PORT, Seconds}, server::UdpTime},
/// };
/// use bareserve_testbench::{Duration, Faults, Pair};
///
/// let mut pair = Pair::new(1, Faults::loss_percent(40));
/// let mut server = pair.server.udp::<_, 4, 64>(UdpTime(Seconds), PORT);
/// let mut client = pair.client.udp_client::<_, 1, 64>(ClockSetter::new(), Pair::server_at(PORT));
/// let is_done = |client: &UdpClient<'_, _>| client.progress() == Progress::Succeeded;
/// assert!(pair.run(Duration::from_secs(600), &mut server, &mut client, is_done));
/// ```
pub struct Pair {
    /// The virtual time.
    pub now: Instant,
    /// The server's side.
    pub server: Host,
    /// The client's side.
    pub client: Host,
    seed: u64,
    server_end: End,
}

impl Pair {
    /// Both hosts on a wire with `faults`.
    pub fn new(seed: u64, faults: Faults) -> Self {
        let (near, far) = End::pair(replay::wire(seed, faults));
        let mut entropy = SeededEntropy::new(seed);
        let client_entropy = SeededEntropy::new(entropy.next_u64());
        Self {
            now: Instant::ZERO,
            seed,
            server_end: near.clone(),
            server: Host::new::<BACKLOG>(near, 1, entropy),
            client: Host::new::<BACKLOG>(far, 2, client_entropy),
        }
    }

    /// The server's address with `port`.
    pub const fn server_at(port: u16) -> IpEndpoint {
        IpEndpoint { addr: IpAddress::v4(10, 0, 0, 1), port }
    }

    /// Polls both hosts until `is_done` returns true for the client; `false` if `time` passes or nothing
    /// more is due before that.
    ///
    /// # Panics
    /// If a host asks to be polled again and again without time passing.
    pub fn run<S: Service>(
        &mut self,
        time: impl Into<Duration>,
        served: &mut dyn Service,
        service: &mut S,
        is_done: impl Fn(&S) -> bool,
    ) -> bool {
        let limit = self.now + time.into();
        let mut polls_at_once = 0;
        // The services may be new, or have changed since the last run.
        self.client.wake(self.now);
        while !is_done(service) {
            assert!(polls_at_once < MOST_POLLS_AT_ONCE, "a busy loop at {}", self.now);
            polls_at_once += 1;
            let client = self.due(Side::Peer);
            let server = self.due(Side::Device);
            if client.is_some_and(|due| due <= self.now) {
                self.client.poll(self.now, &mut [service]);
            } else if server.is_some_and(|due| due <= self.now) {
                self.server.poll(self.now, &mut [&mut *served]);
            } else {
                match [client, server].into_iter().flatten().min() {
                    Some(next) if next <= limit => (self.now, polls_at_once) = (next, 0),
                    _ => return false,
                }
            }
        }
        true
    }

    /// When a host is due, by its own deadline or because a frame arrives.
    fn due(&self, side: Side) -> Option<Instant> {
        let host = if side == Side::Device { &self.server } else { &self.client };
        let arrival = self.server_end.wire().borrow().next_arrival(side);
        [host.poll_at(), arrival].into_iter().flatten().min()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        replay::report_failure(self.seed, self.now, &self.server_end.wire().borrow());
    }
}
