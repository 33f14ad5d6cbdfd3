//! An Ethernet cable with two ends, under virtual time: frames are lost, doubled, overtaken,
//! damaged and delayed as a seed decides.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

use bareserve::entropy::{Entropy, SeededEntropy};
use smoltcp::{
    phy::{self, Device, DeviceCapabilities, Medium},
    time::{Duration, Instant},
};

/// What the cable does to a frame. Chances in a thousand.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    pub loss: u64,
    pub duplication: u64,
    pub corruption: u64,
    /// How many frames are held back by up to `lag`, so that others overtake them.
    pub reordering: u64,
    pub lag: Duration,
    pub delay: Duration,
    /// Bytes a second in each direction.
    pub bandwidth: Option<u64>,
}

impl Faults {
    pub const NONE: Self = Self {
        loss: 0,
        duplication: 0,
        corruption: 0,
        reordering: 0,
        lag: Duration::from_millis(0),
        delay: Duration::from_micros(100),
        bandwidth: None,
    };

    pub const HARSH: Self = Self {
        loss: 200,
        duplication: 50,
        corruption: 10,
        reordering: 100,
        lag: Duration::from_millis(30),
        delay: Duration::from_millis(5),
        bandwidth: None,
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Device,
    Clients,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Device => Self::Clients,
            Self::Clients => Self::Device,
        }
    }
}

pub struct Cable {
    pub faults: Faults,
    random: SeededEntropy,
    /// Frames under way, by the time they arrive and the order they were sent in.
    to_device: BTreeMap<(Instant, u64), Vec<u8>>,
    to_clients: BTreeMap<(Instant, u64), Vec<u8>>,
    sent: u64,
    line_free: [Instant; 2],
    /// TCP ports of clients that fell off the cable.
    pub vanished: HashSet<u16>,
    /// How many frames the device may send before it has to wait; no limit if `None`.
    pub device_room: Option<usize>,
    pub taken_by_device: usize,
    /// Every frame that was sent, for a capture.
    pub captured: Vec<(Instant, Vec<u8>)>,
    pub capturing: bool,
    /// What the device has sent.
    pub from_device: Vec<Vec<u8>>,
    pub keep_from_device: bool,
}

impl Cable {
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self {
            faults,
            random: SeededEntropy::new(seed ^ 0x0ca8_1e00),
            to_device: BTreeMap::new(),
            to_clients: BTreeMap::new(),
            sent: 0,
            line_free: [Instant::ZERO; 2],
            vanished: HashSet::new(),
            device_room: None,
            taken_by_device: 0,
            captured: Vec::new(),
            capturing: false,
            from_device: Vec::new(),
            keep_from_device: false,
        }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.next_u64() % limit.max(1)
    }

    fn chance(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.below(1000) < in_a_thousand
    }

    /// Puts a frame on the cable at the end `from`.
    pub fn send(&mut self, from: Side, frame: Vec<u8>, now: Instant) {
        if self.capturing {
            self.captured.push((now, frame.clone()));
        }
        if from == Side::Device && self.keep_from_device {
            self.from_device.push(frame.clone());
        }
        if self.of_vanished(&frame, from) || self.chance(self.faults.loss) {
            return;
        }
        let copies = 1 + usize::from(self.chance(self.faults.duplication));
        for _ in 0..copies {
            let mut frame = frame.clone();
            if self.chance(self.faults.corruption) {
                self.damage(&mut frame);
            }
            self.schedule(from, frame, now);
        }
    }

    fn schedule(&mut self, from: Side, frame: Vec<u8>, now: Instant) {
        let mut start = now;
        if let Some(bandwidth) = self.faults.bandwidth {
            let line = &mut self.line_free[from as usize];
            start = now.max(*line);
            *line = start + Duration::from_micros(frame.len() as u64 * 1_000_000 / bandwidth);
            start = *line;
        }
        let mut arrival = start + self.faults.delay;
        if self.chance(self.faults.reordering) {
            arrival += Duration::from_micros(self.below(self.faults.lag.total_micros()));
        }
        self.sent += 1;
        let key = (arrival, self.sent);
        self.towards(from.other()).insert(key, frame);
    }

    /// Flips one bit of what a checksum protects: on a real cable the frame check sequence looks
    /// after the rest.
    fn damage(&mut self, frame: &mut [u8]) {
        const IPV4: [u8; 2] = [0x08, 0x00];
        if frame.len() > 34 && frame[12..14] == IPV4 {
            let place = 14 + self.below(frame.len() as u64 - 14) as usize;
            frame[place] ^= 1 << self.below(8);
        }
    }

    fn of_vanished(&self, frame: &[u8], from: Side) -> bool {
        if self.vanished.is_empty() || frame.len() < 38 || frame[12..14] != [0x08, 0x00] {
            return false;
        }
        let tcp = 14 + 4 * usize::from(frame[14] & 0xf);
        let place = if from == Side::Clients { tcp } else { tcp + 2 };
        let port = u16::from_be_bytes([frame[place], frame[place + 1]]);
        self.vanished.contains(&port)
    }

    fn towards(&mut self, side: Side) -> &mut BTreeMap<(Instant, u64), Vec<u8>> {
        match side {
            Side::Device => &mut self.to_device,
            Side::Clients => &mut self.to_clients,
        }
    }

    /// When the next frame arrives at `side`.
    pub fn next_arrival(&mut self, side: Side) -> Option<Instant> {
        self.towards(side).keys().next().map(|key| key.0)
    }

    fn receive(&mut self, side: Side, now: Instant) -> Option<Vec<u8>> {
        let first = self.towards(side).first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let frame = first.remove();
        if side == Side::Device {
            self.taken_by_device += 1;
        }
        Some(frame)
    }

    fn take_room(&mut self, side: Side) -> bool {
        match &mut self.device_room {
            Some(room) if side == Side::Device => match room.checked_sub(1) {
                Some(rest) => {
                    *room = rest;
                    true
                }
                None => false,
            },
            _ => true,
        }
    }

    fn has_room(&self, side: Side) -> bool {
        side == Side::Clients || self.device_room != Some(0)
    }

    /// Writes all frames so far as a capture that Wireshark opens (pcap, link type Ethernet).
    pub fn write_capture(&self, path: &str) -> std::io::Result<()> {
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
            file.extend(word.to_le_bytes());
        }
        for (at, frame) in &self.captured {
            let micros = at.total_micros() as u64;
            let length = frame.len() as u32;
            let words = [(micros / 1_000_000) as u32, (micros % 1_000_000) as u32, length, length];
            file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            file.extend(frame);
        }
        std::fs::write(path, file)
    }
}

/// One end of the cable.
#[derive(Clone)]
pub struct End {
    pub cable: Rc<RefCell<Cable>>,
    pub side: Side,
    /// Set by the tokens: something moved.
    pub moved: Rc<Cell<bool>>,
}

impl End {
    pub fn pair(cable: Cable) -> (Self, Self) {
        let cable = Rc::new(RefCell::new(cable));
        let end = |side| Self { cable: cable.clone(), side, moved: Rc::default() };
        (end(Side::Device), end(Side::Clients))
    }
}

impl Device for End {
    type RxToken<'t> = Received;
    type TxToken<'t> = Room;

    fn receive(&mut self, now: Instant) -> Option<(Received, Room)> {
        let mut cable = self.cable.borrow_mut();
        if !cable.has_room(self.side) {
            return None;
        }
        let frame = cable.receive(self.side, now)?;
        self.moved.set(true);
        Some((Received(frame), Room { end: self.clone(), now }))
    }

    fn transmit(&mut self, now: Instant) -> Option<Room> {
        let has_room = self.cable.borrow().has_room(self.side);
        has_room.then(|| Room { end: self.clone(), now })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities.medium = Medium::Ethernet;
        capabilities
    }
}

pub struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

pub struct Room {
    end: End,
    now: Instant,
}

impl phy::TxToken for Room {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        let mut cable = self.end.cable.borrow_mut();
        if cable.take_room(self.end.side) {
            cable.send(self.end.side, frame, self.now);
        }
        self.end.moved.set(true);
        result
    }
}
