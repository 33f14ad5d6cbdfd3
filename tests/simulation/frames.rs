//! Frames made by hand.

use smoltcp::{
    phy::ChecksumCapabilities,
    wire::{
        EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpAddress, IpEndpoint,
        IpProtocol, Ipv4Packet, Ipv4Repr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, UdpPacket,
        UdpRepr,
    },
};

use crate::world::{CLIENT_MAC, DEVICE_MAC};

fn ethernet_ipv4(
    to: EthernetAddress,
    remote: IpEndpoint,
    local: IpEndpoint,
    next_header: IpProtocol,
    payload_len: usize,
) -> Vec<u8> {
    let (IpAddress::Ipv4(src_addr), IpAddress::Ipv4(dst_addr)) = (remote.addr, local.addr) else {
        panic!("IPv4 only");
    };
    let ip = Ipv4Repr { src_addr, dst_addr, next_header, payload_len, hop_limit: 64 };
    let mut frame = vec![0; 14 + ip.buffer_len() + payload_len];
    EthernetRepr { src_addr: CLIENT_MAC, dst_addr: to, ethertype: EthernetProtocol::Ipv4 }
        .emit(&mut EthernetFrame::new_unchecked(&mut frame[..]));
    ip.emit(&mut Ipv4Packet::new_unchecked(&mut frame[14..]), &ChecksumCapabilities::default());
    frame
}

/// A TCP segment without data.
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

pub fn syn(remote: IpEndpoint, local: IpEndpoint, seq: i32) -> Vec<u8> {
    segment(remote, local, TcpControl::Syn, seq, None)
}

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

/// What a TCP frame over IPv4 says: ports, control, sequence and acknowledgement numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub from: u16,
    pub to: u16,
    pub control: TcpControl,
    pub has_ack: bool,
    pub seq: i32,
}

pub fn tcp_of(frame: &[u8]) -> Option<Said> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    if frame.ethertype() != EthernetProtocol::Ipv4 || packet.next_header() != IpProtocol::Tcp {
        return None;
    }
    let (src, dst) = (packet.src_addr().into(), packet.dst_addr().into());
    let tcp = TcpPacket::new_checked(packet.payload()).ok()?;
    let repr = TcpRepr::parse(&tcp, &src, &dst, &ChecksumCapabilities::default()).ok()?;
    Some(Said {
        from: repr.src_port,
        to: repr.dst_port,
        control: repr.control,
        has_ack: repr.ack_number.is_some(),
        seq: repr.seq_number.0,
    })
}
