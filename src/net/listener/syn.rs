//! A connection request in 72 bytes (48 without IPv6): the fields of a SYN without its frame, which is
//! rebuilt from them.

#[cfg(feature = "ipv6")]
use smoltcp::wire::{Ipv6Packet, Ipv6Repr};
use smoltcp::{
    phy::ChecksumCapabilities,
    time::Instant,
    wire::{
        EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpAddress, IpEndpoint,
        IpProtocol, Ipv4Packet, Ipv4Repr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber,
    },
};

/// The longest frame that [`Syn::emit`] writes, in bytes: Ethernet 14, IPv6 40, TCP 20 and options 12.
pub const SYN_FRAME_SIZE: usize = 14 + 40 + 32;

/// A parsed TCP SYN (RFC 9293 section 3.5). Options that smoltcp does not use and data in the segment
/// are dropped; the peer retransmits the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syn {
    /// The source of the frame.
    pub source: EthernetAddress,
    /// The destination of the frame.
    pub destination: EthernetAddress,
    /// The peer.
    pub remote: IpEndpoint,
    /// The address and port that it connects to.
    pub local: IpEndpoint,
    sequence: TcpSeqNumber,
    window: u16,
    /// 0 without the option (RFC 9293 section 3.7.1).
    max_segment_size: u16,
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
    /// Parses an Ethernet frame. `None` unless it is a complete and valid SYN or RST to a unicast
    /// address.
    pub fn parse(frame: &[u8], checksums: &ChecksumCapabilities, now: Instant) -> Option<Self> {
        // Every received frame passes through here, and most are neither: check the flags first.
        let frame = EthernetFrame::new_checked(frame).ok()?;
        let (remote, local, tcp) = match frame.ethertype() {
            EthernetProtocol::Ipv4 => {
                let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
                if packet.next_header() != IpProtocol::Tcp || !may_concern(packet.payload()) {
                    return None;
                }
                let repr = Ipv4Repr::parse(&packet, checksums).ok()?;
                if packet.more_frags() || packet.frag_offset() != 0 {
                    return None;
                }
                (IpAddress::from(repr.src_addr), IpAddress::from(repr.dst_addr), packet.payload())
            }
            #[cfg(feature = "ipv6")]
            EthernetProtocol::Ipv6 => {
                let packet = Ipv6Packet::new_checked(frame.payload()).ok()?;
                if packet.next_header() != IpProtocol::Tcp || !may_concern(packet.payload()) {
                    return None;
                }
                (
                    IpAddress::from(packet.src_addr()),
                    IpAddress::from(packet.dst_addr()),
                    packet.payload(),
                )
            }
            _ => return None,
        };
        if !frame.dst_addr().is_unicast() || !remote.is_unicast() {
            return None;
        }
        let packet = TcpPacket::new_checked(tcp).ok()?;
        let repr = TcpRepr::parse(&packet, &remote, &local, checksums).ok()?;
        let remote = IpEndpoint::new(remote, repr.src_port);
        let local = IpEndpoint::new(local, repr.dst_port);
        match (repr.control, repr.ack_number) {
            (TcpControl::Syn, None) => Some(Self::Syn(Syn {
                source: frame.src_addr(),
                destination: frame.dst_addr(),
                remote,
                local,
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
        self.remote == other.remote && self.local == other.local
    }

    /// Writes the frame and returns its length in bytes, at most [`SYN_FRAME_SIZE`].
    pub fn emit(&self, frame: &mut [u8; SYN_FRAME_SIZE]) -> usize {
        let tcp = TcpRepr {
            src_port: self.remote.port,
            dst_port: self.local.port,
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
        let checksums = ChecksumCapabilities::default();
        let ethertype = match self.remote.addr {
            IpAddress::Ipv4(_) => EthernetProtocol::Ipv4,
            #[cfg(feature = "ipv6")]
            IpAddress::Ipv6(_) => EthernetProtocol::Ipv6,
        };
        EthernetRepr { src_addr: self.source, dst_addr: self.destination, ethertype }
            .emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
        // The frame has room for the longest headers of each kind, so these indices are within it.
        let ip_frame = &mut frame[EthernetFrame::<&[u8]>::header_len()..];
        let (ip_header, tcp_frame) = match (self.remote.addr, self.local.addr) {
            (IpAddress::Ipv4(src_addr), IpAddress::Ipv4(dst_addr)) => {
                let repr = Ipv4Repr {
                    src_addr,
                    dst_addr,
                    next_header: IpProtocol::Tcp,
                    payload_len: tcp.buffer_len(),
                    hop_limit: 64,
                };
                repr.emit(&mut Ipv4Packet::new_unchecked(&mut *ip_frame), &checksums);
                (repr.buffer_len(), &mut ip_frame[repr.buffer_len()..])
            }
            #[cfg(feature = "ipv6")]
            (IpAddress::Ipv6(src_addr), IpAddress::Ipv6(dst_addr)) => {
                let repr = Ipv6Repr {
                    src_addr,
                    dst_addr,
                    next_header: IpProtocol::Tcp,
                    payload_len: tcp.buffer_len(),
                    hop_limit: 64,
                };
                repr.emit(&mut Ipv6Packet::new_unchecked(&mut *ip_frame));
                (repr.buffer_len(), &mut ip_frame[repr.buffer_len()..])
            }
            // `parse` reads both addresses from one header.
            #[cfg(feature = "ipv6")]
            _ => return 0,
        };
        let Some(tcp_frame) = tcp_frame.get_mut(..tcp.buffer_len()) else { return 0 };
        tcp.emit(
            &mut TcpPacket::new_unchecked(tcp_frame),
            &self.remote.addr,
            &self.local.addr,
            &checksums,
        );
        EthernetFrame::<&[u8]>::header_len() + ip_header + tcp.buffer_len()
    }
}

/// Whether a TCP header has the SYN flag without ACK, or the RST flag.
fn may_concern(tcp: &[u8]) -> bool {
    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;
    tcp.get(13).is_some_and(|flags| flags & RST != 0 || flags & (SYN | ACK) == SYN)
}
