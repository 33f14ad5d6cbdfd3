//! The last frames on the wire, as Wireshark opens them.
//!
//! A [`Recorder`] between the network device and the stack copies the front of each frame into a
//! [`Capture`], a ring of fixed size in which the newest replaces the oldest; a [`PcapReader`]
//! writes them as a classic pcap file. While one is read nothing is recorded: the file is of one
//! moment, and not of its own transfer.

use core::cell::RefCell;

use smoltcp::{
    phy::{self, Device, DeviceCapabilities},
    time::Instant,
};

use crate::clock::{UnixTime, WallClock};

/// What is known of a frame beside its bytes. 16 bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame {
    /// When it passed, in microseconds since the start.
    time: i64,
    /// Its length on the wire.
    length: u32,
    /// How many of its bytes are kept.
    kept: u32,
}

/// The memory of a [`Capture`]: the first `SNAPLEN` bytes of each of the last `FRAMES` frames.
pub struct CaptureResources<const FRAMES: usize, const SNAPLEN: usize> {
    frames: [Frame; FRAMES],
    bytes: [[u8; SNAPLEN]; FRAMES],
}

impl<const FRAMES: usize, const SNAPLEN: usize> CaptureResources<FRAMES, SNAPLEN> {
    /// All empty.
    pub const fn new() -> Self {
        let frame = Frame { time: 0, length: 0, kept: 0 };
        Self { frames: [frame; FRAMES], bytes: [[0; SNAPLEN]; FRAMES] }
    }
}

impl<const FRAMES: usize, const SNAPLEN: usize> Default for CaptureResources<FRAMES, SNAPLEN> {
    fn default() -> Self {
        Self::new()
    }
}

/// A ring of frames.
#[derive(Debug)]
pub struct Capture<'a> {
    frames: &'a mut [Frame],
    /// `snaplen` bytes for each frame.
    bytes: &'a mut [u8],
    snaplen: usize,
    /// Where the next frame goes.
    next: usize,
    /// How many places are taken.
    count: usize,
    /// Nothing is recorded while somebody reads.
    readers: usize,
}

impl<'a> Capture<'a> {
    /// An empty ring.
    pub fn new<const FRAMES: usize, const SNAPLEN: usize>(
        memory: &'a mut CaptureResources<FRAMES, SNAPLEN>,
    ) -> Self {
        Self {
            frames: &mut memory.frames,
            bytes: memory.bytes.as_flattened_mut(),
            snaplen: SNAPLEN,
            next: 0,
            count: 0,
            readers: 0,
        }
    }

    /// Keeps the front of `frame`, unless somebody reads.
    pub fn record(&mut self, frame: &[u8], now: Instant) {
        if self.readers > 0 {
            return;
        }
        let start = self.next.saturating_mul(self.snaplen);
        let room = self.bytes.get_mut(start..).unwrap_or_default();
        let kept = frame.len().min(self.snaplen).min(room.len());
        if let (Some(room), Some(front)) = (room.get_mut(..kept), frame.get(..kept)) {
            room.copy_from_slice(front);
        }
        let Some(place) = self.frames.get_mut(self.next) else { return };
        *place = Frame { time: now.total_micros(), length: frame.len() as u32, kept: kept as u32 };
        self.next = if self.next + 1 < self.frames.len() { self.next + 1 } else { 0 };
        self.count = self.frames.len().min(self.count + 1);
    }

    /// The frame before which `n` others were recorded, and its bytes.
    fn nth(&self, n: usize) -> Option<(Frame, &[u8])> {
        if n >= self.count {
            return None;
        }
        let oldest = if self.count < self.frames.len() { 0 } else { self.next };
        let place = (oldest + n).checked_rem(self.frames.len())?;
        let frame = *self.frames.get(place)?;
        let bytes = self.bytes.get(place.checked_mul(self.snaplen)?..)?;
        Some((frame, bytes.get(..frame.kept as usize)?))
    }
}

/// Bytes of the file's header and of the one before each frame.
const FILE_HEADER: usize = 24;
const FRAME_HEADER: usize = 16;

/// A [`Capture`] that is shared: a recorder writes it while others read. A trait, so that a device
/// which captures nothing has none of this code in its program.
pub trait SharedCapture {
    /// Keeps the front of `frame`, unless somebody reads.
    fn record(&self, frame: &[u8], now: Instant);

    /// Stops the recording until [`SharedCapture::end_reading`] has been called as often.
    fn begin_reading(&self);

    /// Undoes one [`SharedCapture::begin_reading`].
    fn end_reading(&self);

    /// The file's length in bytes.
    fn size(&self) -> u64;

    /// Writes what follows `position` in the file to the front of `out` and returns how many bytes.
    fn read(&self, position: &mut Position, clock: &WallClock, out: &mut [u8]) -> usize;
}

/// A place in the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Position {
    /// Frames that are out; `None` before the file's header is.
    frames: Option<usize>,
    /// Bytes of the present header and frame that are out.
    sent: usize,
}

/// A [`Capture`] as a pcap file (`application/vnd.tcpdump.pcap`) on its way out. All numbers are
/// little-endian:
///
/// | bytes | file header | | bytes | before each frame |
/// |---|---|---|---|---|
/// | 4 | magic 0xa1b2c3d4: times in microseconds | | 4 | seconds since 1970 |
/// | 2, 2 | version 2, 4 | | 4 | microseconds |
/// | 4, 4 | 0, 0 | | 4 | bytes that follow |
/// | 4 | most bytes kept of a frame | | 4 | bytes on the wire |
/// | 4 | link type 1: Ethernet | | | |
///
/// While the clock is unset, the time since the start stands for the date. Recording goes on when
/// the last reader is dropped.
pub struct PcapReader<'a> {
    capture: &'a dyn SharedCapture,
    position: Position,
}

impl<'a> PcapReader<'a> {
    /// Stops the recording and begins to read.
    pub fn new(capture: &'a dyn SharedCapture) -> Self {
        capture.begin_reading();
        Self { capture, position: Position::default() }
    }

    /// The file's length in bytes.
    pub fn size(&self) -> u64 {
        self.capture.size()
    }

    /// Writes what comes next to the front of `out` and returns how many bytes: 0 at the end (or
    /// for an empty `out`). `clock` must not change from call to call.
    pub fn read(&mut self, clock: &WallClock, out: &mut [u8]) -> usize {
        self.capture.read(&mut self.position, clock, out)
    }
}

impl Drop for PcapReader<'_> {
    fn drop(&mut self) {
        self.capture.end_reading();
    }
}

impl SharedCapture for RefCell<Capture<'_>> {
    fn record(&self, frame: &[u8], now: Instant) {
        if let Ok(mut capture) = self.try_borrow_mut() {
            capture.record(frame, now);
        }
    }

    fn begin_reading(&self) {
        if let Ok(mut capture) = self.try_borrow_mut() {
            capture.readers += 1;
        }
    }

    fn end_reading(&self) {
        if let Ok(mut capture) = self.try_borrow_mut() {
            capture.readers = capture.readers.saturating_sub(1);
        }
    }

    fn size(&self) -> u64 {
        let Ok(capture) = self.try_borrow() else { return 0 };
        let frames = (0..capture.count).filter_map(|n| capture.nth(n));
        let size: usize = frames.map(|(_, bytes)| FRAME_HEADER + bytes.len()).sum();
        (FILE_HEADER + size) as u64
    }

    fn read(&self, position: &mut Position, clock: &WallClock, out: &mut [u8]) -> usize {
        let Ok(capture) = self.try_borrow() else { return 0 };
        let mut written = 0;
        while let Some(room @ [_, ..]) = out.get_mut(written..) {
            let mut header = [0; FILE_HEADER];
            let (header, body): (&[u8], &[u8]) = match position.frames {
                None => {
                    header = file_header(capture.snaplen);
                    (&header, &[])
                }
                Some(n) => {
                    let Some((frame, bytes)) = capture.nth(n) else { break };
                    let (head, _) = header.split_at_mut(FRAME_HEADER);
                    fill(head, frame_header(frame, clock).as_flattened());
                    (head, bytes)
                }
            };
            let fresh = header.iter().chain(body).skip(position.sent);
            let copied = room.iter_mut().zip(fresh).map(|(to, from)| *to = *from).count();
            written += copied;
            position.sent += copied;
            if position.sent == header.len() + body.len() {
                position.frames = Some(position.frames.map_or(0, |n| n + 1));
                position.sent = 0;
            }
        }
        written
    }
}

fn file_header(snaplen: usize) -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    let words = [0xa1b2_c3d4, 2 | 4 << 16, 0, 0, snaplen as u32, 1].map(u32::to_le_bytes);
    fill(&mut header, words.as_flattened());
    header
}

fn frame_header(frame: Frame, clock: &WallClock) -> [[u8; 4]; 4] {
    let time = clock.at(Instant::from_micros(frame.time)).unwrap_or(UnixTime(frame.time));
    [time.seconds() as u32, time.subsec_micros(), frame.kept, frame.length].map(u32::to_le_bytes)
}

fn fill(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// A device whose frames are recorded, both ways.
pub struct Recorder<'a, D> {
    /// The device itself.
    pub device: D,
    /// Where its frames go.
    pub capture: &'a RefCell<Capture<'a>>,
}

impl<'a, D: Device> Device for Recorder<'a, D> {
    type RxToken<'t>
        = Token<'a, D::RxToken<'t>>
    where
        Self: 't;
    type TxToken<'t>
        = Token<'a, D::TxToken<'t>>
    where
        Self: 't;

    fn receive(&mut self, now: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let capture = self.capture;
        let (rx, tx) = self.device.receive(now)?;
        Some((Token { token: rx, capture, now }, Token { token: tx, capture, now }))
    }

    fn transmit(&mut self, now: Instant) -> Option<Self::TxToken<'_>> {
        Some(Token { token: self.device.transmit(now)?, capture: self.capture, now })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.device.capabilities()
    }
}

/// The device's token, and what it takes to record its frame.
pub struct Token<'a, T> {
    token: T,
    capture: &'a RefCell<Capture<'a>>,
    now: Instant,
}

impl<T: phy::RxToken> phy::RxToken for Token<'_, T> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let Self { token, capture, now } = self;
        token.consume(|frame| {
            SharedCapture::record(capture, frame, now);
            f(frame)
        })
    }

    fn meta(&self) -> phy::PacketMeta {
        self.token.meta()
    }
}

impl<T: phy::TxToken> phy::TxToken for Token<'_, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let Self { token, capture, now } = self;
        token.consume(length, |frame| {
            let result = f(frame);
            SharedCapture::record(capture, frame, now);
            result
        })
    }

    fn set_meta(&mut self, meta: phy::PacketMeta) {
        self.token.set_meta(meta);
    }
}
