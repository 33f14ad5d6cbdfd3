//! Hand-made frames, as an attacker sends them, and a parser of TCP headers.

use smoltcp::{
    phy::ChecksumCapabilities,
    wire::{
        EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpAddress, IpEndpoint,
        IpProtocol, Ipv4Packet, Ipv4Repr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, UdpPacket,
        UdpRepr,
    },
};

/// The hardware address of the host with this number.
pub const fn mac(host: u8) -> EthernetAddress {
    EthernetAddress([2, 0, 0, 0, 0, host])
}

/// The hardware address of the device.
pub const DEVICE_MAC: EthernetAddress = mac(1);
/// The hardware address of the clients.
pub const PEER_MAC: EthernetAddress = mac(100);

/// The device's IPv4 address, 10.0.0.1, with `port`.
pub fn device(port: u16) -> IpEndpoint {
    IpEndpoint::new(IpAddress::v4(10, 0, 0, 1), port)
}

/// The clients' IPv4 address, 10.0.0.100, with `port`.
pub fn peer(port: u16) -> IpEndpoint {
    IpEndpoint::new(IpAddress::v4(10, 0, 0, 100), port)
}

fn ethernet_ipv4(
    to: EthernetAddress,
    remote: IpEndpoint,
    local: IpEndpoint,
    next_header: IpProtocol,
    payload_len: usize,
) -> Vec<u8> {
    #[allow(irrefutable_let_patterns, reason = "smoltcp may have IPv4 alone")]
    let (IpAddress::Ipv4(src_addr), IpAddress::Ipv4(dst_addr)) = (remote.addr, local.addr) else {
        panic!("both addresses are IPv4");
    };
    let ip = Ipv4Repr { src_addr, dst_addr, next_header, payload_len, hop_limit: 64 };
    let mut frame = vec![0; 14 + ip.buffer_len() + payload_len];
    EthernetRepr { src_addr: PEER_MAC, dst_addr: to, ethertype: EthernetProtocol::Ipv4 }
        .emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
    ip.emit(&mut Ipv4Packet::new_unchecked(&mut frame[14..]), &ChecksumCapabilities::default());
    frame
}

/// An Ethernet frame to the device with a TCP segment without data, from `remote` to `local`.
///
/// # Panics
/// If an address is not IPv4.
pub fn segment(
    remote: IpEndpoint,
    local: IpEndpoint,
    control: TcpControl,
    seq: i32,
    ack: Option<i32>,
) -> Vec<u8> {
    tcp_segment(remote, local, control, seq, ack, &[])
}

/// A TCP segment with data.
pub fn data_segment(
    remote: IpEndpoint,
    local: IpEndpoint,
    seq: i32,
    ack: Option<i32>,
    payload: &[u8],
) -> Vec<u8> {
    tcp_segment(remote, local, TcpControl::None, seq, ack, payload)
}

fn tcp_segment(
    remote: IpEndpoint,
    local: IpEndpoint,
    control: TcpControl,
    seq: i32,
    ack: Option<i32>,
    payload: &[u8],
) -> Vec<u8> {
    let tcp = TcpRepr {
        src_port: remote.port,
        dst_port: local.port,
        control,
        seq_number: TcpSeqNumber(seq),
        ack_number: ack.map(TcpSeqNumber),
        window_len: 4096,
        // smoltcp scales its own window only if the peer offers to.
        window_scale: (control == TcpControl::Syn).then_some(0),
        max_seg_size: (control == TcpControl::Syn).then_some(1460),
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload,
    };
    let mut frame = ethernet_ipv4(DEVICE_MAC, remote, local, IpProtocol::Tcp, tcp.buffer_len());
    tcp.emit(
        &mut TcpPacket::new_unchecked(&mut frame[34..]),
        &remote.addr,
        &local.addr,
        &ChecksumCapabilities::default(),
    );
    frame
}

/// The [`segment`] that requests a connection.
pub fn syn(remote: IpEndpoint, local: IpEndpoint, seq: i32) -> Vec<u8> {
    segment(remote, local, TcpControl::Syn, seq, None)
}

/// An Ethernet frame to the hardware address `to` with a UDP datagram, from `remote` to `local`.
///
/// # Panics
/// If an address is not IPv4.
pub fn datagram(
    to: EthernetAddress,
    remote: IpEndpoint,
    local: IpEndpoint,
    payload: &[u8],
) -> Vec<u8> {
    let udp = UdpRepr { src_port: remote.port, dst_port: local.port };
    let length = udp.header_len() + payload.len();
    let mut frame = ethernet_ipv4(to, remote, local, IpProtocol::Udp, length);
    udp.emit(
        &mut UdpPacket::new_unchecked(&mut frame[34..]),
        &remote.addr,
        &local.addr,
        payload.len(),
        |out| out.copy_from_slice(payload),
        &ChecksumCapabilities::default(),
    );
    frame
}

/// The header of a TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpHeader {
    /// Source port.
    pub from: u16,
    /// Destination port.
    pub to: u16,
    /// SYN, FIN, RST or PSH.
    pub control: TcpControl,
    /// Whether ACK is set.
    pub has_ack: bool,
    /// Sequence number.
    pub seq: i32,
    /// Bytes of data.
    pub length: usize,
}

/// The TCP header of a frame over IPv4; `None` for any other frame.
pub fn tcp_header(frame: &[u8]) -> Option<TcpHeader> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    if frame.ethertype() != EthernetProtocol::Ipv4 || packet.next_header() != IpProtocol::Tcp {
        return None;
    }
    let (src, dst) = (packet.src_addr().into(), packet.dst_addr().into());
    let tcp = TcpPacket::new_checked(packet.payload()).ok()?;
    let repr = TcpRepr::parse(&tcp, &src, &dst, &ChecksumCapabilities::default()).ok()?;
    Some(TcpHeader {
        from: repr.src_port,
        to: repr.dst_port,
        control: repr.control,
        has_ack: repr.ack_number.is_some(),
        seq: repr.seq_number.0,
        length: repr.payload.len(),
    })
}
