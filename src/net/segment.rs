//! TCP segments in Ethernet frames, as the [listener](super::listener) and the [guard](super::guard) read
//! them, and frames for the interface to receive.

#[cfg(feature = "ipv6")]
use smoltcp::wire::{Ipv6Address, Ipv6Packet, Ipv6Repr};
use smoltcp::{
    phy::ChecksumCapabilities,
    wire::{
        EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpAddress, IpEndpoint,
        IpProtocol, Ipv4Address, Ipv4Packet, Ipv4Repr, TcpPacket, TcpRepr, TcpSeqNumber,
    },
};

/// The longest frame that [`Addresses::emit`] writes, in bytes: Ethernet 14, IPv6 40, TCP 20 and options 12.
pub const FRAME_SIZE: usize = 14 + 40 + 32;

/// The length of an Ethernet header in bytes.
const ETHERNET: usize = 14;

const TCP: u8 = 6;
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// An acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// The number of the next byte that its sender sends.
    pub next: TcpSeqNumber,
    /// The number of the next byte that its sender expects.
    pub number: TcpSeqNumber,
    /// The window, not scaled.
    pub window: u16,
}

impl Ack {
    /// Acknowledges nothing, with a closed window.
    pub const NONE: Self = Self { next: TcpSeqNumber(0), number: TcpSeqNumber(0), window: 0 };
}

/// A TCP segment in an Ethernet frame, as it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'f> {
    frame: &'f [u8],
    /// A header, whose length fits, and data.
    tcp: &'f [u8],
}

impl<'f> Segment<'f> {
    /// Parses the headers of an Ethernet frame. `None` unless it holds a TCP segment that is complete and
    /// not fragmented. Checksums are not verified.
    pub fn parse(frame: &'f [u8]) -> Option<Self> {
        let packet = frame.get(ETHERNET..)?;
        let tcp = match frame.get(12..14)? {
            [0x08, 0x00] => parse_ipv4(packet)?,
            #[cfg(feature = "ipv6")]
            [0x86, 0xdd] => parse_ipv6(packet)?,
            _ => return None,
        };
        let header = tcp.first_chunk()?;
        (tcp.len() >= header_length(header)).then_some(Self { frame, tcp })
    }

    /// The IP packet.
    pub fn packet(&self) -> &'f [u8] {
        self.frame.get(ETHERNET..).unwrap_or_default()
    }

    /// The segment: a header, whose length fits, and data.
    pub fn tcp(&self) -> &'f [u8] {
        self.tcp
    }

    /// The addresses of the frame, its sender, and what it is sent to.
    pub fn addresses(&self) -> Option<Addresses> {
        let mac = |at| Some(EthernetAddress(*chunk(self.frame, at)?));
        let port = |at| Some(u16::from_be_bytes(*chunk(self.tcp, at)?));
        let address = |number: usize| match self.frame.get(12)? {
            #[cfg(feature = "ipv6")]
            0x86 => Some(Ipv6Address::from(*chunk(self.packet(), 8 + 16 * number)?).into()),
            _ => Some(Ipv4Address::from(*chunk::<4>(self.packet(), 12 + 4 * number)?).into()),
        };
        Some(Addresses {
            hardware: (mac(0)?, mac(6)?),
            remote: IpEndpoint { addr: address(0)?, port: port(0)? },
            local: IpEndpoint { addr: address(1)?, port: port(2)? },
        })
    }

    /// Whether it requests a connection, or resets one.
    pub fn is_syn_or_rst(&self) -> bool {
        self.flags() & RST != 0 || self.flags() & (SYN | ACK) == SYN
    }

    /// What it acknowledges, and whether it has neither data nor a FIN. `None` unless it is a segment of
    /// an established connection.
    pub fn ack(&self) -> Option<(Ack, bool)> {
        let header: &[u8; 20] = self.tcp.first_chunk()?;
        if self.flags() & (SYN | RST | ACK) != ACK {
            return None;
        }
        let data = self.tcp.len() - header_length(header);
        let length = data + usize::from(self.flags() & FIN);
        let [_, next, number, rest @ ..] = header.as_chunks::<4>().0 else { return None };
        let [next, number] = [next, number].map(|bytes| TcpSeqNumber(i32::from_be_bytes(*bytes)));
        let window = rest.first().map_or(0, |rest| u16::from_be_bytes([rest[2], rest[3]]));
        Some((Ack { next: next + length, number, window }, length == 0))
    }

    /// Whether it has options. Those of an established connection are selective acknowledgements (RFC
    /// 2018): the stack offers no other.
    pub fn has_options(&self) -> bool {
        self.tcp.first_chunk().is_some_and(|header| header_length(header) > 20)
    }

    fn flags(&self) -> u8 {
        self.tcp.get(13).copied().unwrap_or_default()
    }
}

/// The length of a TCP header in bytes.
fn header_length(header: &[u8; 20]) -> usize {
    4 * usize::from(header[12] >> 4)
}

fn parse_ipv4(packet: &[u8]) -> Option<&[u8]> {
    const FRAGMENTED: u16 = 0x3fff;
    let header: &[u8; 20] = packet.first_chunk()?;
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    if header[9] != TCP || fragment & FRAGMENTED != 0 {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    packet.get(4 * usize::from(header[0] & 0xf)..length)
}

#[cfg(feature = "ipv6")]
fn parse_ipv6(packet: &[u8]) -> Option<&[u8]> {
    let header: &[u8; 40] = packet.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    (header[6] == TCP).then(|| packet.get(40..40 + length)).flatten()
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}

/// The addresses of a frame from a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Destination and source of the frame.
    pub hardware: (EthernetAddress, EthernetAddress),
    /// The peer.
    pub remote: IpEndpoint,
    /// The address and port that it is sent to.
    pub local: IpEndpoint,
}

impl Addresses {
    /// Writes the frame of a segment without data, and returns its length in bytes, at most
    /// [`FRAME_SIZE`]. The segment has the ports of the endpoints.
    pub fn emit(&self, tcp: &TcpRepr<'_>, frame: &mut [u8; FRAME_SIZE]) -> usize {
        let checksums = ChecksumCapabilities::default();
        let ethertype = match self.remote.addr {
            IpAddress::Ipv4(_) => EthernetProtocol::Ipv4,
            #[cfg(feature = "ipv6")]
            IpAddress::Ipv6(_) => EthernetProtocol::Ipv6,
        };
        let (dst_addr, src_addr) = self.hardware;
        EthernetRepr { src_addr, dst_addr, ethertype }
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
            // Both addresses are read from one header.
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
