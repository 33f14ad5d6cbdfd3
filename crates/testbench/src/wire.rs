//! An Ethernet wire with two ends in virtual time.

use core::time::Duration;
use std::{cell::RefCell, collections::HashSet, rc::Rc};

use smoltcp::{
    phy::{self, Device, DeviceCapabilities, Medium},
    time::Instant,
};

use crate::link::{Faults, Link, LinkCounts};

/// An end of a [`Wire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The device under test.
    Device,
    /// Its peers.
    Peer,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Device => Self::Peer,
            Self::Peer => Self::Device,
        }
    }
}

/// A wire: a [`Link`] for each direction.
#[derive(Debug)]
pub struct Wire {
    /// By the side that sends.
    links: [Link; 2],
    cut_ports: HashSet<u16>,
    device_room: Option<usize>,
    taken_by_device: usize,
    captured: Option<Vec<(Instant, Vec<u8>)>>,
    from_device: Option<Vec<Vec<u8>>>,
}

impl Wire {
    /// An idle wire with the same faults in both directions.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self {
            links: Link::pair(seed, faults),
            cut_ports: HashSet::new(),
            device_room: None,
            taken_by_device: 0,
            captured: None,
            from_device: None,
        }
    }

    /// Changes the faults in both directions.
    pub fn set_faults(&mut self, faults: Faults) {
        self.links.iter_mut().for_each(|link| link.set_faults(faults));
    }

    /// Changes the faults of what `sender` sends.
    pub fn set_faults_from(&mut self, sender: Side, faults: Faults) {
        self.links[sender as usize].set_faults(faults);
    }

    /// The counters of the frames that `sender` has sent.
    pub fn counts(&self, sender: Side) -> LinkCounts {
        self.links[sender as usize].counts()
    }

    /// Puts a frame on the wire at the end `from`.
    pub fn send(&mut self, from: Side, frame: Vec<u8>, now: Instant) {
        self.keep(from, &frame, now);
        if !self.is_cut(&frame, from) {
            self.transmit(from, frame, now);
        }
    }

    /// The same, also from a peer that is [`cut`](Wire::cut) off.
    pub(crate) fn inject(&mut self, from: Side, frame: Vec<u8>, now: Instant) {
        self.keep(from, &frame, now);
        self.transmit(from, frame, now);
    }

    fn keep(&mut self, from: Side, frame: &[u8], now: Instant) {
        if let Some(captured) = &mut self.captured {
            captured.push((now, frame.to_vec()));
        }
        if let Some(from_device) = self.from_device.as_mut().filter(|_| from == Side::Device) {
            from_device.push(frame.to_vec());
        }
    }

    fn transmit(&mut self, from: Side, frame: Vec<u8>, now: Instant) {
        let now = Duration::from_micros(now.total_micros() as u64);
        self.links[from as usize].send(now, frame);
    }

    /// Cuts the peer with this TCP port over IPv4 off the wire.
    pub fn cut(&mut self, peer_port: u16) {
        self.cut_ports.insert(peer_port);
    }

    /// Undoes [`Wire::cut`].
    pub fn restore(&mut self, peer_port: u16) {
        self.cut_ports.remove(&peer_port);
    }

    fn is_cut(&self, frame: &[u8], from: Side) -> bool {
        const IPV4: [u8; 2] = [0x08, 0x00];
        if self.cut_ports.is_empty() || frame.len() < 38 || frame[12..14] != IPV4 {
            return false;
        }
        let tcp = 14 + 4 * usize::from(frame[14] & 0xf);
        let place = if from == Side::Peer { tcp } else { tcp + 2 };
        let port = frame.get(place..place + 2).map(|port| u16::from_be_bytes([port[0], port[1]]));
        port.is_some_and(|port| self.cut_ports.contains(&port))
    }

    /// Limits the number of frames that the device may send from now on, as a network controller with
    /// full buffers does. `None` for no limit.
    pub fn set_device_room(&mut self, frames: Option<usize>) {
        self.device_room = frames;
    }

    /// The number of frames that the device has received.
    pub fn taken_by_device(&self) -> usize {
        self.taken_by_device
    }

    /// Keeps the frames that the device sends from now on, for [`Wire::recorded`].
    pub fn record_device(&mut self) {
        self.from_device = Some(Vec::new());
    }

    /// The frames that the device has sent since [`Wire::record_device`].
    pub fn recorded(&self) -> &[Vec<u8>] {
        self.from_device.as_deref().unwrap_or_default()
    }

    /// Keeps every frame that is sent from now on, for [`Wire::captured`].
    pub fn capture(&mut self) {
        self.captured = Some(Vec::new());
    }

    /// Every frame that was sent since [`Wire::capture`], with its time.
    pub fn captured(&self) -> &[(Instant, Vec<u8>)] {
        self.captured.as_deref().unwrap_or_default()
    }

    /// When the next frame arrives at `side`.
    pub fn next_arrival(&self, side: Side) -> Option<Instant> {
        let at = self.links[side.other() as usize].next_arrival()?;
        Some(Instant::from_micros(at.as_micros() as i64))
    }

    fn receive(&mut self, side: Side, now: Instant) -> Option<Vec<u8>> {
        // To the end of the microsecond, the unit of smoltcp's time.
        let now = Duration::from_micros(now.total_micros() as u64) + Duration::from_nanos(999);
        let frame = self.links[side.other() as usize].receive(now)?;
        self.taken_by_device += usize::from(side == Side::Device);
        Some(frame)
    }

    fn has_room(&self, side: Side) -> bool {
        side == Side::Peer || self.device_room != Some(0)
    }

    fn take_room(&mut self, side: Side) -> bool {
        let has_room = self.has_room(side);
        if let (Side::Device, Some(room)) = (side, &mut self.device_room) {
            *room = room.saturating_sub(1);
        }
        has_room
    }
}

/// One end of a [`Wire`]: a network device for a smoltcp interface.
#[derive(Debug, Clone)]
pub struct End {
    wire: Rc<RefCell<Wire>>,
    side: Side,
}

impl End {
    /// The device's end of `wire`, and the peer's.
    pub fn pair(wire: Wire) -> (Self, Self) {
        let wire = Rc::new(RefCell::new(wire));
        let end = |side| Self { wire: wire.clone(), side };
        (end(Side::Device), end(Side::Peer))
    }

    /// The wire.
    pub fn wire(&self) -> &Rc<RefCell<Wire>> {
        &self.wire
    }
}

impl Device for End {
    type RxToken<'t> = RxFrame;
    type TxToken<'t> = TxRoom;

    fn receive(&mut self, now: Instant) -> Option<(RxFrame, TxRoom)> {
        let mut wire = self.wire.borrow_mut();
        if !wire.has_room(self.side) {
            return None;
        }
        let frame = wire.receive(self.side, now)?;
        Some((RxFrame(frame), TxRoom { end: self.clone(), now }))
    }

    fn transmit(&mut self, now: Instant) -> Option<TxRoom> {
        let has_room = self.wire.borrow().has_room(self.side);
        has_room.then(|| TxRoom { end: self.clone(), now })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities.medium = Medium::Ethernet;
        capabilities
    }
}

/// A frame that has arrived.
#[derive(Debug)]
pub struct RxFrame(Vec<u8>);

impl phy::RxToken for RxFrame {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

/// Room for one frame to send.
#[derive(Debug)]
pub struct TxRoom {
    end: End,
    now: Instant,
}

impl phy::TxToken for TxRoom {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        let mut wire = self.end.wire.borrow_mut();
        if wire.take_room(self.end.side) {
            wire.send(self.end.side, frame, self.now);
        }
        result
    }
}
