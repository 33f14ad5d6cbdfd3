//! Segments beyond the receive window.

use smoltcp::{
    time::Duration,
    wire::{IpAddress, IpEndpoint, TcpControl},
};

use crate::{
    clients::at,
    frames::{data_segment, segment, syn},
    toys::{Lines, Shared},
    wire::Faults,
    world::World,
};

/// The window of a SYN-ACK is not scaled, but smoltcp 0.14 takes its own for scaled: with a receive
/// buffer of 65,536 bytes or more it accepted a byte behind the buffer's end before its first ACK, and
/// panicked when the gap in front of it was filled.
#[test]
fn a_byte_behind_a_large_receive_buffer_is_not_accepted() {
    for (offset, has_gap) in [(65_536, true), (70_000, true), (131_069, true), (65_535, false)] {
        let mut world = World::new(1, Faults::NONE);
        let tally = Shared::default();
        world.serve::<_, 1, 65_536, 4096>(Lines { tally: tally.clone() }, &[7]);
        let remote = IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), 40_000);
        // The simulated clients do not know this connection and would reset it.
        world.cable.borrow_mut().vanished.insert(40_000);
        world.listen_in();
        world.inject(syn(remote, at(7), 1000));
        world.pass(Duration::from_millis(1));
        let syn_ack = world.heard(40_000).pop().expect("a SYN-ACK");
        let ack = Some(syn_ack.seq.wrapping_add(1));
        world.inject(segment(remote, at(7), TcpControl::None, 1001, ack));
        world.pass(Duration::from_millis(1));
        world.inject(data_segment(remote, at(7), 1001 + offset, ack, b"x"));
        world.pass(Duration::from_millis(1));
        if has_gap {
            for start in (0..=offset).step_by(1000) {
                let length = 1000.min(offset + 1 - start) as usize;
                world.inject(data_segment(
                    remote,
                    at(7),
                    1001 + start,
                    ack,
                    &[b'x'; 1000][..length],
                ));
            }
        }
        world.pass(Duration::from_secs(1));
        let tally = tally.borrow();
        assert_eq!((tally.opened, tally.closed), (1, 0), "offset {offset}");
    }
}
