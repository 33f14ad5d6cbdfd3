//! The parser of every incoming frame.

use bareserve::net::{
    listener::syn::SynOrRst,
    segment::{FRAME_SIZE, Segment},
};
use smoltcp::{
    phy::{Checksum, ChecksumCapabilities},
    time::Instant,
};

/// Seeds of [`syn`]: a SYN from Linux over IPv4 and over IPv6, and a reset.
pub const FRAMES: &[&[u8]] = &[
    &[
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 100, 8, 0, 0x45, 0, 0, 60, 0x12, 0x34, 0x40, 0, 64, 6, 0,
        0, 192, 168, 69, 100, 192, 168, 69, 1, 0x9c, 0x40, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0xa0, 2,
        0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7,
    ],
    &[
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 100, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, 6, 64, 0xfe, 0x80,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 0x9c, 0x40, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0xa0, 2, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5,
        0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7,
    ],
    &[
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 100, 8, 0, 0x45, 0, 0, 40, 0x12, 0x34, 0x40, 0, 64, 6, 0,
        0, 192, 168, 69, 100, 192, 168, 69, 1, 0x9c, 0x40, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0x50, 4,
        0, 0, 0, 0, 0, 0,
    ],
];

/// A connection request is the same after it has been written and parsed again. Checksums are not
/// verified, because hardly any mutation would pass.
pub fn syn(data: &[u8]) {
    let mut unchecked = ChecksumCapabilities::default();
    unchecked.ipv4 = Checksum::None;
    unchecked.tcp = Checksum::None;
    let Some(segment) = Segment::parse(data) else { return };
    let _ = (segment.ack(), segment.is_syn_or_rst(), segment.has_options());
    if let Some(SynOrRst::Syn(syn)) = SynOrRst::parse(&segment, &unchecked, Instant::ZERO) {
        let mut frame = [0; FRAME_SIZE];
        let length = syn.emit(&mut frame);
        let again = Segment::parse(&frame[..length]).and_then(|segment| {
            SynOrRst::parse(&segment, &ChecksumCapabilities::default(), Instant::ZERO)
        });
        assert_eq!(again, Some(SynOrRst::Syn(syn)));
    }
}
