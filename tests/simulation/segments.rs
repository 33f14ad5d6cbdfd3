//! What a socket can send goes out at once, however it is cut into segments.

use crate::{
    clients::{Ending, Manners, Step},
    toys::{Shared, Speaker},
    wire::Faults,
    world::World,
};
use smoltcp::time::{Duration, Instant};

/// The window is a little less than the ring: most rounds pass its end.
#[test]
fn the_end_of_the_ring_makes_no_pause() {
    let mut world = World::new(1, Faults { delay: Duration::from_millis(1), ..Faults::NONE });
    world.serve::<Speaker, 1, 512, 1460>(
        Speaker { length: 100_000, tally: Shared::default() },
        &[7],
    );
    let manners = Manners { start: Instant::from_millis(1), rx: 1400, ..Manners::default() };
    let client = world.client_of(7, vec![Step::ReadToEnd, Step::Close], manners);
    world.run(Duration::from_secs(600));
    assert_eq!(world.ending(client), Some(Ending::Done));
    // 72 windows, a round trip of 2 ms each; 200 ms with a pause at the end of each ring.
    assert!(world.took(client) < Duration::from_millis(160), "{}", world.took(client));
}
