//! The path of a connection, driven by a protocol and a peer that do anything.

use bareserve::net::{
    guard::{
        Flows,
        flow::{Flow, REPEATS},
    },
    segment::{Addresses, FRAME_SIZE, Segment},
};
use smoltcp::{
    time::{Duration, Instant},
    wire::{EthernetAddress, IpAddress, IpEndpoint, TcpControl, TcpRepr, TcpSeqNumber},
};

/// Seeds of [`flow`]: each step is an operation and three bytes for it.
pub const STEPS: &[&[u8]] = &[
    // Writes, time passes, an ACK arrives, its bytes are gone.
    &[0, 16, 0, 0, 1, 0, 80, 0, 3, 1, 0, 0, 2, 8, 0, 0],
    // Repeated ACKs, then a part is acknowledged, then a long silence.
    &[0, 64, 0, 0, 3, 1, 0, 0, 3, 1, 0, 0, 3, 1, 0, 0, 3, 1, 0, 0, 2, 8, 0, 0, 1, 255, 255, 255],
];

/// The longest transmit buffer of the socket.
const BUFFER: usize = 1 << 24;

/// Whatever the peer acknowledges and repeats, and whenever: nothing overflows, a repair takes no more ACKs
/// than smoltcp needs, and bytes under way are looked after within a limited time.
pub fn flow(data: &[u8]) {
    let mut memory = [Flow::closed(), Flow::closed()];
    let mut flows = Flows::new(&mut memory, 1500);
    let [Some(handle), Some(_), None] = [flows.add(), flows.add(), flows.add()] else {
        panic!("there are two flows");
    };
    let addresses = Addresses {
        hardware: (EthernetAddress([2, 0, 0, 0, 0, 1]), EthernetAddress([2, 0, 0, 0, 0, 2])),
        remote: IpEndpoint::new(IpAddress::v4(10, 0, 0, 2), 40_000),
        local: IpEndpoint::new(IpAddress::v4(10, 0, 0, 1), 80),
    };
    let (remote, local) = (addresses.remote, addresses.local);
    // Close to where the clock of a flow wraps around.
    let mut now = Instant::from_micros((1_i64 << 32) - 1_000_000);
    flows.open(handle, remote, local, 1460, now);
    flows.connected(handle, now + Duration::from_millis(20));
    let mut queue = 0;
    for step in data.as_chunks::<4>().0 {
        let [operation, x, y, z] = *step;
        let amount = usize::from(x) << 8 | usize::from(y);
        match operation % 5 {
            0 => {
                let room = flows.room(handle, queue).min(BUFFER - queue).min(amount * 64);
                queue += room;
                flows.wrote(handle, room, now);
            }
            1 => now += Duration::from_micros((amount * 256 + usize::from(z)) as u64),
            2 => queue -= queue.min(amount * 64),
            3 => receive(&mut flows, &addresses, [x, y, z]),
            _ => {
                flows.open(handle, remote, local, u16::from_be_bytes([x, y]), now);
                queue = 0;
            }
        }
        flows.begin_poll();
        flows.update(handle, queue, now);
        flows.wrote(handle, 0, now);
        if let Some(at) = flows.poll_at() {
            assert!(queue > 0, "nothing is under way");
            assert!(at >= now && at <= now + Duration::from_secs(3), "{at} at {now}");
        }
        for count in 0.. {
            let Some(repair) = flows.next_repair() else { break };
            assert!(count < REPEATS, "repairs without end");
            let mut frame = [0; FRAME_SIZE];
            let length = repair.emit(&mut frame);
            let segment = Segment::parse(&frame[..length]).expect("a segment");
            assert_eq!(segment.addresses(), Some(addresses));
            assert!(segment.ack().is_some_and(|(_, is_empty)| is_empty));
        }
    }
}

/// An ACK of the peer arrives, with one of a few numbers and windows.
fn receive(flows: &mut Flows<'_>, addresses: &Addresses, [number, next, window]: [u8; 3]) {
    let segment = TcpRepr {
        src_port: addresses.remote.port,
        dst_port: addresses.local.port,
        control: if window & 0x80 == 0 { TcpControl::None } else { TcpControl::Fin },
        seq_number: TcpSeqNumber(i32::from(next % 4)),
        ack_number: Some(TcpSeqNumber(i32::from(number) * 1460)),
        window_len: u16::from(window % 4) * 1000,
        window_scale: None,
        max_seg_size: None,
        sack_permitted: false,
        sack_ranges: [None, None, None],
        timestamp: None,
        payload: &[],
    };
    let mut frame = [0; FRAME_SIZE];
    let length = addresses.emit(&segment, &mut frame);
    let segment = Segment::parse(&frame[..length]).expect("a segment");
    flows.received(&segment);
}
