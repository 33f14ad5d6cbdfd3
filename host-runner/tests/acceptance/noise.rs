//! Noise: random frames, and mutated frames of every protocol.

use std::{
    fs,
    io::Error,
    os::fd::{AsRawFd, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use bareserve::entropy::{Entropy, SeededEntropy};
use nix::{
    ifaddrs::getifaddrs,
    sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, SockaddrLike, bind, send, socket},
};

use crate::device::{ADDRESS, HOST_ADDRESS, TAP};

/// The ports with services, and one without.
const PORTS: [u16; 10] = [7, 13, 37, 80, 5566, 5567, 6789, 9999, 12000, 81];

/// Frames sent before waiting for the device to take them. Fewer than the queue of a TAP holds, so that
/// none is dropped there.
const BURST: usize = 400;

/// A raw socket on the host's end of the TAP, for Ethernet frames.
pub struct RawSocket(OwnedFd);

impl RawSocket {
    /// Opens the socket, for sending only.
    pub fn open() -> Self {
        let family = AddressFamily::Packet;
        // Without a protocol number the socket receives nothing.
        let socket = socket(family, SockType::Raw, SockFlag::empty(), None).expect("a raw socket");
        let address = getifaddrs()
            .expect("interfaces")
            .filter(|interface| interface.interface_name == TAP)
            .filter_map(|interface| interface.address)
            .find(|address| address.family() == Some(family))
            .expect("the TAP's link address");
        bind(socket.as_raw_fd(), &address).expect("bound to the TAP");
        Self(socket)
    }

    fn send(&self, frame: &[u8]) {
        let sent = send(self.0.as_raw_fd(), frame, MsgFlags::empty());
        assert_eq!(sent, Ok(frame.len()), "{}", Error::last_os_error());
    }

    /// Sends `count` frames generated from `seed` to `board`, as fast as it takes them.
    pub fn make_noise(&self, seed: u64, count: usize, board: [u8; 6]) {
        let mut noise = Noise { entropy: SeededEntropy::new(seed), board };
        let mut left = count;
        while left > 0 {
            let burst = left.min(BURST);
            let (taken, dropped) = transmitted();
            for _ in 0..burst {
                self.send(&noise.frame());
            }
            let deadline = Instant::now() + Duration::from_secs(10);
            loop {
                let (now_taken, now_dropped) = transmitted();
                if now_taken >= taken + burst as u64 {
                    break;
                }
                assert_eq!(now_dropped, dropped, "the TAP's queue overflowed: reduce BURST");
                assert!(Instant::now() < deadline, "the device takes no more frames");
                thread::sleep(Duration::from_micros(200));
            }
            left -= burst;
        }
    }
}

/// The frames that the TAP has passed to the device, and those that it has dropped. From proc_net(5), as
/// /sys shows the namespace that it was mounted in.
fn transmitted() -> (u64, u64) {
    let table = fs::read_to_string("/proc/net/dev").expect("the interfaces' statistics");
    let name = format!("{TAP}:");
    let row = table.lines().find_map(|line| line.trim().strip_prefix(&name)).expect("the TAP's");
    let mut numbers = row.split_whitespace().map(|number| number.parse().expect("a number"));
    // Eight columns for reception, then bytes, packets, errors, drops.
    (numbers.nth(9).expect("packets"), numbers.nth(1).expect("drops"))
}

struct Noise {
    entropy: SeededEntropy,
    board: [u8; 6],
}

impl Noise {
    fn frame(&mut self) -> Vec<u8> {
        let mut frame = match self.below(16) {
            0 => self.random(),
            1 => self.arp(),
            2 => self.dhcp(),
            3 => self.icmp(),
            4..=6 => self.udp(),
            7..=9 => self.syn(),
            10..=13 => self.segment(),
            _ => self.odd_ip(),
        };
        if self.below(3) == 0 {
            self.mutate(&mut frame);
        }
        // The lengths that a network card accepts.
        frame.resize(frame.len().clamp(14, 1514), 0);
        frame
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.entropy.next_u64() % limit
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        self.entropy.fill(&mut bytes);
        bytes
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Flips bits, truncates, or appends bytes.
    fn mutate(&mut self, frame: &mut Vec<u8>) {
        match self.below(4) {
            0 => frame.truncate(self.below(frame.len() as u64 + 1) as usize),
            1 => {
                let more = self.below(200);
                frame.extend(self.bytes(more));
            }
            _ => {
                for _ in 0..=self.below(8) {
                    let at = self.below(frame.len() as u64) as usize;
                    frame[at] ^= 1 << self.below(8);
                }
            }
        }
    }

    fn ethernet(&mut self, kind: u16, payload: &[u8]) -> Vec<u8> {
        let to = if self.below(8) == 0 { [0xff; 6] } else { self.board };
        // A locally administered unicast address, like a virtual card's.
        let [_, rest @ ..] = self.array::<6>();
        let mut frame = to.to_vec();
        frame.push(0x02);
        frame.extend(rest);
        frame.extend(kind.to_be_bytes());
        frame.extend(payload);
        frame
    }

    fn random(&mut self) -> Vec<u8> {
        let kind = match self.below(4) {
            0 => 0x0800,
            1 => 0x0806,
            2 => 0x86dd,
            _ => self.below(0x1_0000) as u16,
        };
        let length = self.below(1501);
        let payload = self.bytes(length);
        self.ethernet(kind, &payload)
    }

    /// A source address; never the host's, as any device that implements ARP would then redirect the
    /// host's traffic.
    fn source(&mut self) -> [u8; 4] {
        match self.below(8) {
            0 => self.array(),
            1 => [0, 0, 0, 0],
            2 => [192, 168, 69, 255],
            3 => ADDRESS.octets(),
            _ => [192, 168, 69, 101 + self.below(100) as u8],
        }
    }

    fn destination(&mut self) -> [u8; 4] {
        match self.below(16) {
            0 => [255; 4],
            1 => [192, 168, 69, 255],
            2 => [224, 0, 0, 1],
            3 => self.array(),
            _ => ADDRESS.octets(),
        }
    }

    fn arp(&mut self) -> Vec<u8> {
        let [kind, length, operation] = [self.below(8), self.below(8), self.below(5)];
        let mut packet = vec![0, 1, 8, 0, 6, if length == 0 { 16 } else { 4 }, 0, operation as u8];
        packet.extend(self.array::<6>());
        let claimed = self.source();
        packet.extend(if claimed == HOST_ADDRESS.octets() { [0; 4] } else { claimed });
        packet.extend(self.array::<6>());
        packet.extend(self.destination());
        if kind == 0 {
            packet[1] = 6;
        }
        self.ethernet(0x0806, &packet)
    }

    /// An IPv4 packet from `source` with correct checksums.
    fn ip(&mut self, protocol: u8, source: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let destination = self.destination();
        let mut payload = payload.to_vec();
        let checksum_at = match protocol {
            1 => Some(2),
            6 => Some(16),
            17 => Some(6),
            _ => None,
        };
        if let Some(place) = checksum_at.filter(|at| at + 2 <= payload.len()) {
            let mut covered = Vec::new();
            if protocol != 1 {
                covered.extend([source, destination].concat());
                covered.extend([0, protocol]);
                covered.extend((payload.len() as u16).to_be_bytes());
            }
            covered.extend(&payload);
            payload[place..place + 2].copy_from_slice(&checksum(&covered));
        }
        let mut packet = vec![0x45, 0];
        packet.extend((20 + payload.len() as u16).to_be_bytes());
        packet.extend(self.array::<2>());
        packet.extend([0, 0, 64, protocol, 0, 0]);
        packet.extend([source, destination].concat());
        let sum = checksum(&packet);
        packet[10..12].copy_from_slice(&sum);
        packet.extend(payload);
        self.ethernet(0x0800, &packet)
    }

    /// Random fragments, options, versions and protocols, with a correct header checksum.
    fn odd_ip(&mut self) -> Vec<u8> {
        let source = self.source();
        let (protocol, length) = (self.below(256) as u8, self.below(1480));
        let payload = self.bytes(length);
        let mut frame = self.ip(protocol, source, &payload);
        match self.below(4) {
            0 => frame[14] = self.below(256) as u8,
            1 => frame[20..22].copy_from_slice(&self.array::<2>()),
            2 => frame[16..18].copy_from_slice(&self.array::<2>()),
            _ => frame[22] = self.below(3) as u8,
        }
        frame[24..26].fill(0);
        let sum = checksum(&frame[14..34]);
        frame[24..26].copy_from_slice(&sum);
        frame
    }

    fn icmp(&mut self) -> Vec<u8> {
        let kind = [8, 8, 8, 0, 3, 5, 11, 13][self.below(8) as usize];
        let (code, length) = (self.below(4) as u8, self.below(1472));
        let mut message = vec![kind, code, 0, 0];
        message.extend(self.bytes(4 + length));
        let source = self.source();
        self.ip(1, source, &message)
    }

    fn port(&mut self) -> u16 {
        match self.below(8) {
            0 => self.below(0x1_0000) as u16,
            _ => PORTS[self.below(PORTS.len() as u64) as usize],
        }
    }

    fn udp(&mut self) -> Vec<u8> {
        let length = match self.below(3) {
            0 => self.below(1473),
            _ => self.below(64),
        };
        let mut datagram = self.port().to_be_bytes().to_vec();
        datagram.extend(self.port().to_be_bytes());
        datagram.extend((8 + length as u16).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(self.bytes(length));
        let source = self.source();
        self.ip(17, source, &datagram)
    }

    /// A DHCP message, as from a client without an address.
    fn dhcp(&mut self) -> Vec<u8> {
        let mut message = vec![1, 1, 6, 0];
        message.extend(self.array::<4>());
        message.extend([0; 228]);
        message.extend([0x63, 0x82, 0x53, 0x63, 53, 1, self.below(9) as u8]);
        let length = self.below(60);
        message.extend(self.bytes(length));
        let mut datagram = [68_u16.to_be_bytes(), 67_u16.to_be_bytes()].concat();
        datagram.extend((8 + message.len() as u16).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(message);
        self.ip(17, [0; 4], &datagram)
    }

    fn syn(&mut self) -> Vec<u8> {
        const MAXIMUM_SEGMENT_SIZE: [u8; 4] = [2, 4, 5, 0xb4];
        self.tcp(0x02, &MAXIMUM_SEGMENT_SIZE, 0)
    }

    /// Any flags, options and data.
    fn segment(&mut self) -> Vec<u8> {
        let (flags, words) = (self.below(256) as u8, self.below(11));
        let options = self.bytes(4 * words);
        let length = self.below(300);
        self.tcp(flags, &options, length)
    }

    fn tcp(&mut self, flags: u8, options: &[u8], length: u64) -> Vec<u8> {
        let mut segment = (1024 + self.below(60_000) as u16).to_be_bytes().to_vec();
        segment.extend(self.port().to_be_bytes());
        segment.extend(self.array::<8>());
        segment.extend([((5 + options.len() / 4) << 4) as u8, flags]);
        segment.extend(self.array::<2>());
        segment.extend([0; 4]);
        segment.extend(options);
        segment.extend(self.bytes(length));
        // Some from the host's address; the host answers the unexpected replies with a reset.
        let source = if self.below(4) == 0 { HOST_ADDRESS.octets() } else { self.source() };
        self.ip(6, source, &segment)
    }
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
