//! A socket sends what it holds at once, however it is divided into segments.

use bareserve_testbench::{Bench, ClientSettings, Ending, Faults, Step};

use crate::toys::{Shared, Speaker};
use smoltcp::time::{Duration, Instant};

/// The window is a little smaller than the ring buffer, so that most windows pass its end.
#[test]
fn the_end_of_the_ring_makes_no_pause() {
    let mut bench =
        Bench::new(1, Faults { delay: core::time::Duration::from_millis(1), ..Faults::NONE });
    bench.tcp::<Speaker, 1, 512, 1460>(Speaker { length: 100_000, tally: Shared::default() }, &[7]);
    let settings =
        ClientSettings { start: Instant::from_millis(1), rx: 1400, ..ClientSettings::default() };
    let client = bench.connect_with(7, vec![Step::ReadToEnd, Step::Close], settings);
    bench.run(Duration::from_secs(600));
    assert_eq!(bench.ending(client), Some(Ending::Done));
    // 72 windows, a round trip of 2 ms each; 200 ms with a pause at the end of each ring.
    assert!(bench.took(client) < Duration::from_millis(160), "{}", bench.took(client));
}
