//! The header before each frame of a TAP with `IFF_VNET_HDR`, which describes the offload of its
//! checksum and segmentation (virtio 1.2, section 5.1.6; the legacy layout, in native byte order).
//!
//! | bytes | field | |
//! |---|---|---|
//! | 0 | flags | 1: the checksum is incomplete; 2: the checksum has been verified |
//! | 1 | gso_type | 1: to be segmented (TCP over IPv4); 0: one frame |
//! | 2..4 | hdr_len | length of the Ethernet, IP and TCP headers |
//! | 4..6 | gso_size | payload bytes per segment |
//! | 6..8 | csum_start | offset in the frame where the checksummed bytes start |
//! | 8..10 | csum_offset | offset of the checksum field from there |

use std::num::NonZeroU16;

use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpAddress, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket,
    UdpPacket, checksum,
};

/// Bytes before each frame.
pub const HEADER_SIZE: usize = 10;

const NEEDS_CHECKSUM: u8 = 1;
const CHECKSUM_VALID: u8 = 2;
const GSO_TCP_IPV4: u8 = 1;

/// The offset of the checksum in a TCP header.
const TCP_CHECKSUM: usize = 16;

/// Returns the header for a frame to the host. A TCP segment comes from the stack without a checksum;
/// this function writes the sum of the pseudo-header into the field (RFC 9293, section 3.1), from which
/// the host completes the checksum if it needs one. With a `segment_size`, the host splits the frame
/// into segments of that many payload bytes.
pub fn describe(frame: &mut [u8], segment_size: Option<NonZeroU16>) -> [u8; HEADER_SIZE] {
    let mut header = [0; HEADER_SIZE];
    let Some(payload) = Payload::of(frame).filter(|payload| payload.protocol == IpProtocol::Tcp)
    else {
        return header;
    };
    let sum = payload.pseudo_header();
    let Some(tcp) = frame.get_mut(payload.start..payload.start + payload.length) else {
        return header;
    };
    let Ok(mut tcp) = TcpPacket::new_checked(tcp) else { return header };
    tcp.set_checksum(sum);
    let mut set = |at: usize, value: usize| {
        header[at..at + 2].copy_from_slice(&(value as u16).to_ne_bytes());
    };
    set(6, payload.start);
    set(8, TCP_CHECKSUM);
    if let Some(size) = segment_size {
        set(2, payload.start + usize::from(tcp.header_len()));
        set(4, size.get().into());
        header[1] = GSO_TCP_IPV4;
    }
    header[0] = NEEDS_CHECKSUM;
    header
}

/// Whether the checksum of a frame from the host is right. The host marks frames of its own as
/// incomplete, which need no verification; frames that it forwards may be unverified and are checked
/// here.
pub fn is_intact(header: &[u8; HEADER_SIZE], frame: &[u8]) -> bool {
    if header[0] & (NEEDS_CHECKSUM | CHECKSUM_VALID) != 0 {
        return true;
    }
    let Some(payload) = Payload::of(frame) else { return true };
    let Payload { source, destination, .. } = &payload;
    let bytes = frame.get(payload.start..payload.start + payload.length).unwrap_or_default();
    match payload.protocol {
        IpProtocol::Tcp => TcpPacket::new_checked(bytes)
            .is_ok_and(|packet| packet.verify_checksum(source, destination)),
        IpProtocol::Udp => UdpPacket::new_checked(bytes)
            .is_ok_and(|packet| packet.verify_checksum(source, destination)),
        // The stack verifies the other protocols itself.
        _ => true,
    }
}

/// The payload of an unfragmented IP packet in a frame.
struct Payload {
    protocol: IpProtocol,
    source: IpAddress,
    destination: IpAddress,
    start: usize,
    length: usize,
}

impl Payload {
    fn of(frame: &[u8]) -> Option<Self> {
        let frame = EthernetFrame::new_checked(frame).ok()?;
        let ip = EthernetFrame::<&[u8]>::header_len();
        match frame.ethertype() {
            EthernetProtocol::Ipv4 => {
                let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
                let is_whole = !packet.more_frags() && packet.frag_offset() == 0;
                is_whole.then(|| Self {
                    protocol: packet.next_header(),
                    source: packet.src_addr().into(),
                    destination: packet.dst_addr().into(),
                    start: ip + usize::from(packet.header_len()),
                    length: packet.payload().len(),
                })
            }
            EthernetProtocol::Ipv6 => {
                let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
                Some(Self {
                    protocol: packet.next_header(),
                    source: packet.src_addr().into(),
                    destination: packet.dst_addr().into(),
                    start: ip + packet.header_len(),
                    length: packet.payload().len(),
                })
            }
            _ => None,
        }
    }

    fn pseudo_header(&self) -> u16 {
        let Self { source, destination, protocol, length, .. } = self;
        checksum::pseudo_header(source, destination, *protocol, *length as u32)
    }
}

#[cfg(test)]
mod tests;
