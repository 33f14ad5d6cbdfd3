//! A connection request in 72 bytes (48 without IPv6): the fields of a SYN without its frame, which is
//! rebuilt from them.

use smoltcp::{
    phy::ChecksumCapabilities,
    time::Instant,
    wire::{
        IpAddress, IpEndpoint, Ipv4Packet, Ipv4Repr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber,
    },
};

use crate::net::segment::{Addresses, FRAME_SIZE, Segment};

/// A parsed TCP SYN (RFC 9293 section 3.5). Options that smoltcp does not use and data in the segment
/// are dropped; the peer retransmits the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syn {
    /// The addresses of the frame, the peer, and what it connects to.
    pub addresses: Addresses,
    sequence: TcpSeqNumber,
    window: u16,
    /// 0 without the option (RFC 9293 section 3.7.1).
    pub max_segment_size: u16,
    window_scale: Option<u8>,
    sack_permitted: bool,
    /// When the peer last sent it.
    pub seen: Instant,
}

/// A TCP segment that changes the listen queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynOrRst {
    /// A connection request.
    Syn(Syn),
    /// A reset from `remote` to `local`.
    Reset {
        /// The sender.
        remote: IpEndpoint,
        /// The address and port that it is sent to.
        local: IpEndpoint,
    },
}

impl SynOrRst {
    /// Parses a segment. `None` unless it is a valid SYN or RST to a unicast address.
    pub fn parse(
        segment: &Segment<'_>,
        checksums: &ChecksumCapabilities,
        now: Instant,
    ) -> Option<Self> {
        let addresses = segment.addresses()?;
        let Addresses { hardware: (destination, _), remote, local } = addresses;
        if !destination.is_unicast() || !remote.addr.is_unicast() {
            return None;
        }
        match remote.addr {
            IpAddress::Ipv4(_) => {
                Ipv4Repr::parse(&Ipv4Packet::new_checked(segment.packet()).ok()?, checksums)
                    .ok()?;
            }
            #[cfg(feature = "ipv6")]
            IpAddress::Ipv6(_) => {}
        }
        let packet = TcpPacket::new_checked(segment.tcp()).ok()?;
        let repr = TcpRepr::parse(&packet, &remote.addr, &local.addr, checksums).ok()?;
        match (repr.control, repr.ack_number) {
            (TcpControl::Syn, None) => Some(Self::Syn(Syn {
                addresses,
                sequence: repr.seq_number,
                window: repr.window_len,
                max_segment_size: repr.max_seg_size.unwrap_or(0),
                window_scale: repr.window_scale,
                sack_permitted: repr.sack_permitted,
                seen: now,
            })),
            (TcpControl::Rst, _) => Some(Self::Reset { remote, local }),
            _ => None,
        }
    }
}

impl Syn {
    /// Whether both request the same connection.
    pub fn same_connection(&self, other: &Self) -> bool {
        let (one, other) = (&self.addresses, &other.addresses);
        one.remote == other.remote && one.local == other.local
    }

    /// Writes the frame, and returns its length in bytes.
    pub fn emit(&self, frame: &mut [u8; FRAME_SIZE]) -> usize {
        let segment = TcpRepr {
            src_port: self.addresses.remote.port,
            dst_port: self.addresses.local.port,
            control: TcpControl::Syn,
            seq_number: self.sequence,
            ack_number: None,
            window_len: self.window,
            window_scale: self.window_scale,
            max_seg_size: Some(self.max_segment_size).filter(|&size| size > 0),
            sack_permitted: self.sack_permitted,
            sack_ranges: [None, None, None],
            timestamp: None,
            payload: &[],
        };
        self.addresses.emit(&segment, frame)
    }
}
