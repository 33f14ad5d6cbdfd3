use smoltcp::{
    phy::{Checksum, ChecksumCapabilities},
    wire::{EthernetAddress, EthernetRepr, IpRepr, TcpControl, TcpRepr, TcpSeqNumber, UdpRepr},
};

use super::*;

const V4: (IpAddress, IpAddress) = (IpAddress::v4(192, 168, 69, 1), IpAddress::v4(192, 168, 69, 2));
const V6: (IpAddress, IpAddress) =
    (IpAddress::v6(0xfd69, 0, 0, 0, 0, 0, 0, 1), IpAddress::v6(0xfd69, 0, 0, 0, 0, 0, 0, 2));

/// A frame whose transport payload is written by `emit`.
fn frame(
    (source, destination): (IpAddress, IpAddress),
    protocol: IpProtocol,
    length: usize,
    emit: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let ip = IpRepr::new(source, destination, protocol, length, 64);
    let ethertype = match source {
        IpAddress::Ipv4(_) => EthernetProtocol::Ipv4,
        IpAddress::Ipv6(_) => EthernetProtocol::Ipv6,
    };
    let mut frame = vec![0; 14 + ip.buffer_len()];
    EthernetRepr {
        src_addr: EthernetAddress([2, 0, 0, 0, 0, 1]),
        dst_addr: EthernetAddress([2, 0, 0, 0, 0, 2]),
        ethertype,
    }
    .emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
    ip.emit(&mut frame[14..], &ChecksumCapabilities::default());
    emit(&mut frame[14 + ip.header_len()..]);
    frame
}

fn tcp_frame(ends: (IpAddress, IpAddress), data: &[u8], checksum: Checksum) -> Vec<u8> {
    let repr = TcpRepr {
        src_port: 80,
        dst_port: 50_000,
        control: TcpControl::Psh,
        seq_number: TcpSeqNumber(7),
        ack_number: Some(TcpSeqNumber(9)),
        window_len: 1000,
        window_scale: None,
        max_seg_size: None,
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: data,
    };
    let mut checksums = ChecksumCapabilities::default();
    checksums.tcp = checksum;
    frame(ends, IpProtocol::Tcp, repr.buffer_len(), |bytes| {
        repr.emit(&mut TcpPacket::new_unchecked(bytes), &ends.0, &ends.1, &checksums);
    })
}

fn udp_frame(ends: (IpAddress, IpAddress), data: &[u8]) -> Vec<u8> {
    let repr = UdpRepr { src_port: 7, dst_port: 50_000 };
    frame(ends, IpProtocol::Udp, repr.header_len() + data.len(), |bytes| {
        repr.emit(
            &mut smoltcp::wire::UdpPacket::new_unchecked(bytes),
            &ends.0,
            &ends.1,
            data.len(),
            |payload| payload.copy_from_slice(data),
            &ChecksumCapabilities::default(),
        );
    })
}

fn field(header: &[u8; HEADER_SIZE], at: usize) -> usize {
    u16::from_ne_bytes([header[at], header[at + 1]]).into()
}

/// Completes the checksum, as the host does.
fn complete_checksum(header: &[u8; HEADER_SIZE], frame: &mut [u8]) {
    let (start, offset) = (field(header, 6), field(header, 8));
    let sum = !checksum::data(&frame[start..]);
    frame[start + offset..start + offset + 2].copy_from_slice(&sum.to_be_bytes());
}

#[test]
fn host_can_complete_the_checksum() {
    for ends in [V4, V6] {
        for data in [&b""[..], b"odd", b"even", &[0xff; 1460]] {
            let whole = tcp_frame(ends, data, Checksum::Both);
            let mut frame = tcp_frame(ends, data, Checksum::None);
            let header = describe(&mut frame, None);
            assert_eq!(header[..6], [NEEDS_CHECKSUM, 0, 0, 0, 0, 0]);
            complete_checksum(&header, &mut frame);
            assert_eq!(frame, whole);
        }
    }
}

#[test]
fn long_frame_is_marked_for_segmentation() {
    let mut frame = tcp_frame(V4, &[1; 60_000], Checksum::None);
    let header = describe(&mut frame, NonZeroU16::new(1448));
    assert_eq!(header[0..2], [NEEDS_CHECKSUM, GSO_TCP_IPV4]);
    assert_eq!(field(&header, 2), 14 + 20 + 20);
    assert_eq!(field(&header, 4), 1448);
    assert_eq!(field(&header, 6), 14 + 20);
    assert_eq!(field(&header, 8), 16);
}

#[test]
fn frames_other_than_tcp_are_unchanged() {
    for before in [udp_frame(V4, b"ping"), udp_frame(V6, b"ping"), vec![0xff; 42], vec![]] {
        let mut frame = before.clone();
        assert_eq!(describe(&mut frame, None), [0; HEADER_SIZE]);
        assert_eq!(frame, before);
    }
}

#[test]
fn forwarded_frames_are_verified() {
    for ends in [V4, V6] {
        for frame in [tcp_frame(ends, b"some data", Checksum::Both), udp_frame(ends, b"some data")]
        {
            assert!(is_intact(&[0; HEADER_SIZE], &frame));
            let mut corrupt = frame.clone();
            *corrupt.last_mut().expect("a byte") ^= 1;
            assert!(!is_intact(&[0; HEADER_SIZE], &corrupt));
            for flags in [NEEDS_CHECKSUM, CHECKSUM_VALID] {
                let mut header = [0; HEADER_SIZE];
                header[0] = flags;
                assert!(is_intact(&header, &corrupt));
            }
        }
    }
}

#[test]
fn truncated_frames_are_handled() {
    for whole in [tcp_frame(V4, b"data", Checksum::Both), tcp_frame(V6, b"data", Checksum::Both)] {
        for length in 0..whole.len() {
            let mut frame = whole[..length].to_vec();
            is_intact(&[0; HEADER_SIZE], &frame);
            assert_eq!(describe(&mut frame, None), [0; HEADER_SIZE]);
        }
    }
}
