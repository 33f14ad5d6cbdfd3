//! Segments beyond the receive window.

use bareserve_testbench::{
    Bench, Faults,
    frames::{data_segment, device, peer, segment, syn},
};
use smoltcp::{time::Duration, wire::TcpControl};

use crate::toys::{Lines, Shared};

const PORT: u16 = 50_000;

/// The window of a SYN-ACK is not scaled, but smoltcp 0.14 takes its own for scaled: with a receive
/// buffer of 65,536 bytes or more it accepted a byte behind the buffer's end before its first ACK, and
/// panicked when the gap in front of it was filled.
#[test]
fn a_byte_behind_a_large_receive_buffer_is_not_accepted() {
    for (offset, has_gap) in [(65_536, true), (70_000, true), (131_069, true), (65_535, false)] {
        let mut bench = Bench::new(1, Faults::NONE);
        let tally = Shared::default();
        bench.tcp::<_, 1, 65_536, 4096>(Lines { tally: tally.clone() }, &[7]);
        let (remote, local) = (peer(PORT), device(7));
        // The simulated clients do not know this connection and would reset it.
        bench.wire_mut().cut(PORT);
        bench.wire_mut().record_device();
        bench.inject(syn(remote, local, 1000));
        bench.pass(Duration::from_millis(1));
        let syn_ack = bench.segments_to(PORT).pop().expect("a SYN-ACK");
        let ack = Some(syn_ack.seq.wrapping_add(1));
        bench.inject(segment(remote, local, TcpControl::None, 1001, ack));
        bench.pass(Duration::from_millis(1));
        bench.inject(data_segment(remote, local, 1001 + offset, ack, b"x"));
        bench.pass(Duration::from_millis(1));
        let mut next = 1001;
        if has_gap {
            for start in (0..=offset).step_by(1000) {
                let length = 1000.min(offset + 1 - start) as usize;
                bench.inject(data_segment(
                    remote,
                    local,
                    1001 + start,
                    ack,
                    &[b'x'; 1000][..length],
                ));
            }
            next += offset + 1;
        }
        bench.pass(Duration::from_secs(1));
        assert_eq!((tally.borrow().opened, tally.borrow().closed), (1, 0), "offset {offset}");
        // The connection goes on: the line that ends here is echoed, as far as the peer's window goes.
        bench.wire_mut().record_device();
        bench.inject(data_segment(remote, local, next, ack, b"\n"));
        bench.pass(Duration::from_millis(10));
        let line = (next - 1001) as usize + 1;
        let echoed: usize = bench.segments_to(PORT).iter().map(|segment| segment.length).sum();
        assert_eq!(echoed, line.min(4096), "offset {offset}");
    }
}
