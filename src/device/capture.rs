//! The last frames received and sent, as a pcap file for Wireshark.
//!
//! A [`Recorder`] between the network device and the stack copies the first bytes of each frame into
//! a [`Capture`], a ring buffer; a [`PcapReader`] writes them as a classic pcap file. Recording
//! pauses while a reader exists, so that a file neither changes during its transfer nor contains it.
//! A frame with the device's token in it, or with eight or more consecutive characters of it, ends before
//! them in the file, so that the file may be passed on.

mod pieces;

use core::cell::RefCell;

use smoltcp::{
    phy::{self, Device, DeviceCapabilities},
    time::Instant,
};

use crate::{
    clock::{UnixTime, WallClock},
    http::auth,
};
use pieces::Pieces;

/// A captured frame without its bytes. 16 bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame {
    /// When it was received or sent, in microseconds since the start.
    time: i64,
    /// Its length on the wire, in bytes.
    length: u32,
    /// The number of bytes kept.
    kept: u32,
}

/// The memory of a [`Capture`] for the first `SNAPLEN` bytes of each of the last `FRAMES` frames:
/// `FRAMES * (SNAPLEN + 16)` bytes.
pub struct CaptureResources<const FRAMES: usize, const SNAPLEN: usize> {
    frames: [Frame; FRAMES],
    bytes: [[u8; SNAPLEN]; FRAMES],
}

impl<const FRAMES: usize, const SNAPLEN: usize> CaptureResources<FRAMES, SNAPLEN> {
    /// Without frames.
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

/// A ring buffer of frames, in which the newest replaces the oldest.
#[derive(Debug)]
pub struct Capture<'a> {
    frames: &'a mut [Frame],
    /// `snaplen` bytes for each frame.
    bytes: &'a mut [u8],
    snaplen: usize,
    /// The index of the next frame.
    next: usize,
    /// The number of frames kept.
    count: usize,
    /// The number of readers; frames are recorded while it is 0.
    readers: usize,
}

impl<'a> Capture<'a> {
    /// An empty ring buffer.
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

    /// Records the first bytes of `frame`, unless a reader exists.
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

    /// Shortens the frames that contain a part of `token`, so that they end before it.
    fn hide(&mut self, token: &auth::Token) {
        let pieces = Pieces::of(token);
        let bytes = self.bytes.chunks(self.snaplen.max(1));
        for (frame, bytes) in self.frames.iter_mut().zip(bytes) {
            let kept = bytes.get(..frame.kept as usize).unwrap_or_default();
            if let Some(length) = pieces.position_in(kept) {
                frame.kept = length as u32;
            }
        }
    }

    /// The frame at index `n`, from the oldest on, and its bytes.
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

/// The lengths in bytes of the file header and of the header of each frame.
const FILE_HEADER: usize = 24;
const FRAME_HEADER: usize = 16;

/// A [`Capture`] shared by a recorder and its readers. A trait, so that the program of a device
/// without a capture contains none of this code.
pub trait SharedCapture {
    /// Records the first bytes of `frame`, unless a reader exists.
    fn record(&self, frame: &[u8], now: Instant);

    /// Pauses recording until [`SharedCapture::end_reading`] has been called as often. Frames that
    /// contain `hidden` end before it from now on.
    fn begin_reading(&self, hidden: Option<&auth::Token>);

    /// Reverts one [`SharedCapture::begin_reading`].
    fn end_reading(&self);

    /// The file's length in bytes.
    fn size(&self) -> u64;

    /// Writes the bytes of the file from `position` on to the front of `out` and returns how many.
    fn read(&self, position: &mut Position, clock: &WallClock, out: &mut [u8]) -> usize;
}

/// A position in the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Position {
    /// Frames written; `None` until the file header is.
    frames: Option<usize>,
    /// Bytes written of the present header and frame.
    sent: usize,
}

/// Writes a [`Capture`] as a pcap file (`application/vnd.tcpdump.pcap`). All numbers are
/// little-endian:
///
/// | bytes | file header | | bytes | header of each frame |
/// |---|---|---|---|---|
/// | 4 | magic 0xa1b2c3d4: times in microseconds | | 4 | seconds since 1970-01-01 00:00 UTC |
/// | 2, 2 | version 2, 4 | | 4 | microseconds |
/// | 4, 4 | 0, 0 | | 4 | bytes kept, which follow |
/// | 4 | the most bytes kept of a frame | | 4 | bytes on the wire |
/// | 4 | link type 1: Ethernet | | | |
///
/// While the clock is unset, the time since the start replaces the date. Recording resumes when the
/// last reader is dropped.
pub struct PcapReader<'a> {
    capture: &'a dyn SharedCapture,
    position: Position,
}

impl<'a> PcapReader<'a> {
    /// Pauses recording and starts at the beginning of the file. The file does not contain the token
    /// `hidden`.
    pub fn new(capture: &'a dyn SharedCapture, hidden: Option<&auth::Token>) -> Self {
        capture.begin_reading(hidden);
        Self { capture, position: Position::default() }
    }

    /// The file's length in bytes.
    pub fn size(&self) -> u64 {
        self.capture.size()
    }

    /// Writes the bytes that follow to the front of `out` and returns how many: 0 at the end, or
    /// for an empty `out`. `clock` must be the same in every call.
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

    fn begin_reading(&self, hidden: Option<&auth::Token>) {
        if let Ok(mut capture) = self.try_borrow_mut() {
            // Not again while another reader has begun to send the frames.
            if let (Some(token), 0) = (hidden, capture.readers) {
                capture.hide(token);
            }
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

/// A device whose received and sent frames are recorded.
pub struct Recorder<'a, D> {
    /// The device.
    pub device: D,
    /// The capture that records its frames.
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

/// A token of the device that records its frame.
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
