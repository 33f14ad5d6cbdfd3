//! The Ethernet controller (section 17). Frames are transferred word by word through one register,
//! without DMA.

use smoltcp::{
    phy::{self, Device, DeviceCapabilities, Medium},
    time::Instant,
    wire::EthernetAddress,
};
use support::registers::Registers;

/// Its interrupt number.
pub const INTERRUPT: u16 = 42;

// SAFETY: section 17.5, Ethernet controller.
const MAC: Registers = unsafe { Registers::at(0x4004_8000) };
const INTERRUPT_STATUS: usize = 0x00;
const INTERRUPT_MASK: usize = 0x04;
const RECEIVE_CONTROL: usize = 0x08;
const TRANSMIT_CONTROL: usize = 0x0c;
const DATA: usize = 0x10;
const ADDRESS_LOW: usize = 0x14;
const ADDRESS_HIGH: usize = 0x18;
const THRESHOLD: usize = 0x1c;
const FRAMES_RECEIVED: usize = 0x34;
const TRANSMISSION_REQUEST: usize = 0x38;

const FRAME_RECEIVED: u32 = 1 << 0;
const ALL_INTERRUPTS: u32 = 0x7f;
/// Receive; reject frames with a wrong checksum.
const RECEIVE: u32 = 1 << 0 | 1 << 3;
/// Transmit with padding and checksum, full duplex.
const TRANSMIT: u32 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4;
/// Transmission starts when the frame is complete.
const WHOLE_FRAME: u32 = 0x3f;

const HEADER: usize = 14;
const CHECKSUM: usize = 4;
/// Two bytes of length precede each frame, which aligns its IP header to a word.
const LENGTH: usize = 2;
const LONGEST: usize = HEADER + 1500;
const BUFFER: usize = LENGTH + LONGEST + CHECKSUM;

/// Buffers for one received frame and one frame to transmit.
pub struct FrameBuffers {
    receive: Buffer,
    transmit: Buffer,
}

#[repr(align(4))]
struct Buffer([u8; BUFFER]);

impl FrameBuffers {
    /// Both empty.
    pub const fn new() -> Self {
        Self { receive: Buffer([0; BUFFER]), transmit: Buffer([0; BUFFER]) }
    }
}

impl Default for FrameBuffers {
    fn default() -> Self {
        Self::new()
    }
}

/// The controller.
pub struct Ethernet<'f> {
    frames: &'f mut FrameBuffers,
}

impl<'f> Ethernet<'f> {
    /// Starts the controller.
    pub fn start(frames: &'f mut FrameBuffers) -> Self {
        MAC.write(RECEIVE_CONTROL, 0);
        // Drains the FIFO by reading: resetting a full one hangs the emulated controller.
        while MAC.read(FRAMES_RECEIVED) > 0 {
            receive(&mut []);
        }
        MAC.write(THRESHOLD, WHOLE_FRAME);
        MAC.write(TRANSMIT_CONTROL, TRANSMIT);
        MAC.write(INTERRUPT_STATUS, ALL_INTERRUPTS);
        MAC.write(INTERRUPT_MASK, FRAME_RECEIVED);
        MAC.write(RECEIVE_CONTROL, RECEIVE);
        Self { frames }
    }
}

impl support::Ethernet for Ethernet<'_> {
    /// The address that the boot loader or the emulator has set.
    fn hardware_address(&self) -> EthernetAddress {
        let [a, b, c, d] = MAC.read(ADDRESS_LOW).to_le_bytes();
        let [e, f, ..] = MAC.read(ADDRESS_HIGH).to_le_bytes();
        EthernetAddress([a, b, c, d, e, f])
    }

    fn acknowledge(&mut self) {
        MAC.write(INTERRUPT_STATUS, ALL_INTERRUPTS);
    }
}

impl Device for Ethernet<'_> {
    type RxToken<'t>
        = RxToken<'t>
    where
        Self: 't;
    type TxToken<'t>
        = TxToken<'t>
    where
        Self: 't;

    fn receive(&mut self, _now: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let FrameBuffers { receive, transmit } = &mut *self.frames;
        (MAC.read(FRAMES_RECEIVED) > 0 && can_transmit())
            .then_some((RxToken(receive), TxToken(transmit)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Self::TxToken<'_>> {
        can_transmit().then_some(TxToken(&mut self.frames.transmit))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = LONGEST;
        // One frame is processed at a time; the controller's 2 KB FIFO holds further ones.
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

/// A frame in the controller's FIFO.
pub struct RxToken<'t>(&'t mut Buffer);

impl phy::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let length = receive(&mut self.0.0);
        // A frame too long for the buffer is passed on as an empty one, which the interface ignores.
        f(self.0.0.get(LENGTH..length).unwrap_or_default())
    }
}

/// Reads the next frame with its length field and checksum. Returns the offset of the frame's end in
/// `buffer`, without the checksum; 0 if the frame does not fit.
fn receive(buffer: &mut [u8]) -> usize {
    let first = MAC.read(DATA);
    // Includes the length field itself and the checksum.
    let length = (first & 0xffff) as usize;
    let mut words = buffer.chunks_exact_mut(4);
    if let Some(target) = words.next() {
        target.copy_from_slice(&first.to_le_bytes());
    }
    for _ in 1..length.div_ceil(4) {
        let word = MAC.read(DATA);
        if let Some(target) = words.next() {
            target.copy_from_slice(&word.to_le_bytes());
        }
    }
    if length > buffer.len() { 0 } else { length.saturating_sub(CHECKSUM) }
}

/// The buffer for a frame to transmit.
pub struct TxToken<'t>(&'t mut Buffer);

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let length = length.min(LONGEST);
        let whole = &mut self.0.0[..LENGTH + length];
        let result = f(&mut whole[LENGTH..]);
        let payload = length.saturating_sub(HEADER) as u16;
        whole[..LENGTH].copy_from_slice(&payload.to_le_bytes());
        let (words, _) = self.0.0.as_chunks();
        for &word in words.iter().take((LENGTH + length).div_ceil(4)) {
            MAC.write(DATA, u32::from_le_bytes(word));
        }
        MAC.write(TRANSMISSION_REQUEST, 1);
        result
    }
}

/// Whether the previous frame has been transmitted.
fn can_transmit() -> bool {
    MAC.read(TRANSMISSION_REQUEST) & 1 == 0
}
