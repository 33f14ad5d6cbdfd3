//! The path of one connection: what is under way on it, and what is to be sent again.

use smoltcp::{
    time::{Duration, Instant},
    wire::{EthernetAddress, IpAddress, IpEndpoint, TcpControl, TcpRepr},
};

use super::{losses::Losses, rtt::RttEstimator, window::CongestionWindow};
use crate::net::segment::{Ack, Addresses, FRAME_SIZE, Segment};

/// Times that smoltcp receives the peer's last ACK to send its first segment again: with another window,
/// so that it counts anew, with the true window, and three times alike.
pub const REPEATS: u8 = 5;

/// A connection as its path sees it.
#[derive(Debug, Clone)]
pub struct Flow {
    is_open: bool,
    /// Its endpoints, and the addresses of the peer's last frame.
    addresses: Addresses,
    /// The last ACK of the peer, and how often it has been repeated.
    last_ack: Ack,
    repeats: u32,
    /// Frames that smoltcp is still to receive for a repair.
    pub(super) repair: u8,
    /// Bytes that the protocol has written, and those that the peer has acknowledged, modulo 2³².
    written: u32,
    delivered: u32,
    /// When the connection was requested, in microseconds modulo 2³².
    requested: u32,
    rtt: RttEstimator,
    window: CongestionWindow,
    losses: Losses,
}

impl Flow {
    /// The flow of no connection.
    pub const fn closed() -> Self {
        let hardware = (EthernetAddress([0; 6]), EthernetAddress([0; 6]));
        let unspecified = IpEndpoint { addr: IpAddress::v4(0, 0, 0, 0), port: 0 };
        Self {
            is_open: false,
            addresses: Addresses { hardware, remote: unspecified, local: unspecified },
            last_ack: Ack::NONE,
            repeats: 0,
            repair: 0,
            written: 0,
            delivered: 0,
            requested: 0,
            rtt: RttEstimator::new(),
            // A length that divides; the real one comes with the connection.
            window: CongestionWindow::new(1),
            losses: Losses::new(),
        }
    }

    /// A connection has been requested; its segments have at most `segment` bytes of data.
    pub fn open(&mut self, remote: IpEndpoint, local: IpEndpoint, segment: u32, now: Instant) {
        *self = Self::closed();
        (self.addresses.remote, self.addresses.local, self.is_open) = (remote, local, true);
        self.requested = micros(now);
        self.window = CongestionWindow::new(segment);
    }

    /// The handshake is complete.
    pub fn connected(&mut self, now: Instant) {
        let now = micros(now);
        let rtt = now.wrapping_sub(self.requested);
        self.rtt.sample(rtt, now);
        self.window.connected(rtt);
    }

    /// The connection is over.
    pub fn close(&mut self) {
        self.is_open = false;
        self.repair = 0;
    }

    /// A segment of the peer has arrived. Returns whether it only repeats the last ACK, which smoltcp
    /// then does not receive: [`Losses`] decide what a repeated ACK means.
    pub(super) fn received(&mut self, segment: &Segment<'_>, addresses: &Addresses) -> bool {
        let Some((ack, is_empty)) = segment.ack() else { return false };
        let has_bytes_under_way = self.has_bytes_under_way();
        let is_repeated = is_empty && ack == self.last_ack && has_bytes_under_way;
        if !is_empty || ack.number != self.last_ack.number {
            self.repeats = 0;
        } else if is_repeated || has_bytes_under_way && segment.has_options() {
            self.repeats += 1;
        }
        self.last_ack = ack;
        self.addresses.hardware = addresses.hardware;
        is_repeated
    }

    /// Whether its connection has these endpoints.
    pub(super) fn is_of(&self, addresses: &Addresses) -> bool {
        let own = &self.addresses;
        self.is_open && own.remote == addresses.remote && own.local == addresses.local
    }

    /// Compares with the bytes that the socket still holds. Called in each poll before the protocol
    /// writes more.
    pub fn update(&mut self, queue: usize, now: Instant) {
        if self.written == self.delivered {
            return;
        }
        let (under_way, now) = (queue as u32, micros(now));
        let bytes = self.written.wrapping_sub(self.delivered).saturating_sub(under_way);
        let segment = self.window.segment();
        let mut is_lost = false;
        if bytes > 0 {
            let room = self.room(queue + bytes as usize);
            self.delivered = self.delivered.wrapping_add(bytes);
            let sample = self.rtt.delivered(self.delivered, now);
            let is_full = room == 0 && !self.losses.is_recovering();
            let positions = (self.delivered, self.written);
            self.window.delivered(bytes, positions, sample, is_full, &self.rtt);
            is_lost = self.losses.delivered(bytes.div_ceil(segment), self.delivered, now);
        }
        let segments = under_way.div_ceil(segment);
        let repeats = core::mem::take(&mut self.repeats);
        is_lost |= repeats > 0 && self.losses.repeated(repeats, segments);
        is_lost |= self.losses.waited(now) >= self.losses.timeout(segments, &self.rtt);
        // A peer whose window is closed is probed by smoltcp.
        if is_lost && under_way > 0 && self.last_ack.window > 0 {
            self.losses.repaired(self.written, now);
            self.window.lost(self.losses.lost(), &self.rtt);
            self.rtt.retransmitted();
            self.repair = REPEATS;
        }
    }

    /// How many bytes the protocol may write while the socket holds `queue` bytes: whole segments, or
    /// none.
    pub fn room(&self, queue: usize) -> usize {
        let segment = self.window.segment();
        let under_way = (queue as u32).saturating_sub(self.losses.behind() * segment);
        let room = self.window.size().saturating_sub(under_way);
        if queue == 0 { room as usize } else { (room - room % segment) as usize }
    }

    /// The protocol has written `bytes` more.
    pub fn wrote(&mut self, bytes: usize, now: Instant) {
        let now = micros(now);
        if !self.has_bytes_under_way() {
            if self.losses.waited(now) > self.rtt.timeout() {
                self.window.restart(&self.rtt);
            }
            self.losses.restart(now);
        }
        // The first segment is timed: the last one queues behind the others, and its ACK may be delayed.
        let first = (bytes as u32).min(self.window.segment());
        self.rtt.sent(self.written.wrapping_add(first), self.window.size() / 4, now);
        self.written = self.written.wrapping_add(bytes as u32);
    }

    /// When to call [`Flow::update`] even if no frame arrives.
    pub fn poll_at(&self, now: Instant) -> Option<Instant> {
        if !self.has_bytes_under_way() || self.last_ack.window == 0 {
            return None;
        }
        let under_way = self.written.wrapping_sub(self.delivered);
        let timeout = self.losses.timeout(under_way.div_ceil(self.window.segment()), &self.rtt);
        let left = timeout.saturating_sub(self.losses.waited(micros(now)));
        Some(now + Duration::from_micros(left.into()))
    }

    /// The next ACK that smoltcp receives for a repair.
    pub(super) fn next_repair(&mut self) -> Option<Repair> {
        self.repair = self.repair.checked_sub(1)?;
        let is_first = self.repair + 1 == REPEATS;
        let window = self.last_ack.window.saturating_sub(is_first.into());
        Some(Repair { addresses: self.addresses, ack: Ack { window, ..self.last_ack } })
    }

    fn has_bytes_under_way(&self) -> bool {
        self.written != self.delivered
    }
}

/// An ACK that smoltcp receives for a repair.
#[derive(Debug, Clone, Copy)]
pub struct Repair {
    /// The addresses of its frame.
    pub addresses: Addresses,
    /// The acknowledgement.
    pub ack: Ack,
}

impl Repair {
    /// Writes the frame, and returns its length in bytes.
    pub fn emit(&self, frame: &mut [u8; FRAME_SIZE]) -> usize {
        let segment = TcpRepr {
            src_port: self.addresses.remote.port,
            dst_port: self.addresses.local.port,
            control: TcpControl::None,
            seq_number: self.ack.next,
            ack_number: Some(self.ack.number),
            window_len: self.ack.window,
            window_scale: None,
            max_seg_size: None,
            sack_permitted: false,
            sack_ranges: [None, None, None],
            timestamp: None,
            payload: &[],
        };
        self.addresses.emit(&segment, frame)
    }
}

/// The clock of a connection: microseconds modulo 2³².
fn micros(now: Instant) -> u32 {
    now.total_micros() as u32
}
