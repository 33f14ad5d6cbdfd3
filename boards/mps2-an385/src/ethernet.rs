//! The SMSC LAN9118 (data sheet DS00002266). Frames are transferred word by word through FIFOs, with a
//! status word each, without DMA.

use smoltcp::{
    phy::{self, Device, DeviceCapabilities, Medium},
    time::Instant,
    wire::EthernetAddress,
};
use support::registers::Registers;

/// Its interrupt number.
pub const INTERRUPT: u16 = 13;

// SAFETY: Application Note AN385, table 3-1: Ethernet.
const LAN: Registers = unsafe { Registers::at(0x4020_0000) };
const RECEIVE_DATA: usize = 0x00;
const TRANSMIT_DATA: usize = 0x20;
const RECEIVE_STATUS: usize = 0x40;
const TRANSMIT_STATUS: usize = 0x48;
const INTERRUPT_CONFIGURATION: usize = 0x54;
const INTERRUPT_STATUS: usize = 0x58;
const INTERRUPT_ENABLE: usize = 0x5c;
const FIFO_LEVELS: usize = 0x68;
const TRANSMIT_CONFIGURATION: usize = 0x70;
const HARDWARE_CONFIGURATION: usize = 0x74;
const RECEIVE_FIFO: usize = 0x7c;
const TRANSMIT_FIFO: usize = 0x80;
const MAC_COMMAND: usize = 0xa4;
const MAC_DATA: usize = 0xa8;

const SOFT_RESET: u32 = 1 << 0;
/// 5 KB of FIFO for transmission, the rest for reception; bit 20 must be set.
const FIFO_SPLIT: u32 = 5 << 16 | 1 << 20;
/// The interrupt pin is driven, active high.
const INTERRUPT_PIN: u32 = 1 << 8 | 1 << 4 | 1 << 0;
/// Raised while more received frames are in the FIFO than the configured level, which is zero.
const FRAME_RECEIVED: u32 = 1 << 3;
const TRANSMIT_ON: u32 = 1 << 1;

/// The MAC's registers are accessed indirectly, through a command and a data register.
const MAC_BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;
const MAC_CONTROL: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;
const MAC_MII_ACCESS: u32 = 6;
const MAC_MII_DATA: u32 = 7;

const TRANSMIT_RECEIVE_FULL_DUPLEX: u32 = 1 << 3 | 1 << 2 | 1 << 20;
/// Write to the control register of PHY 1: restart auto-negotiation.
const MII_WRITE_PHY_CONTROL: u32 = 1 << 11 | 1 << 1 | 1 << 0;
const PHY_NEGOTIATE: u32 = 1 << 12 | 1 << 9;

const FIRST_AND_LAST_SEGMENT: u32 = 1 << 13 | 1 << 12;
const RECEIVE_ERROR: u32 = 1 << 15;

/// Reads of a register while waiting for the chip.
const MAX_STATUS_READS: u32 = 100_000;

const LONGEST: usize = 14 + 1500;
const CHECKSUM: usize = 4;
/// Whole words.
const BUFFER: usize = (LONGEST + CHECKSUM).next_multiple_of(4);

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
        LAN.write(HARDWARE_CONFIGURATION, SOFT_RESET);
        wait_until(|| LAN.read(HARDWARE_CONFIGURATION) & SOFT_RESET == 0);
        LAN.write(HARDWARE_CONFIGURATION, FIFO_SPLIT);
        LAN.write(FIFO_LEVELS, 0);
        LAN.write(INTERRUPT_CONFIGURATION, INTERRUPT_PIN);
        LAN.write(INTERRUPT_STATUS, u32::MAX);
        LAN.write(INTERRUPT_ENABLE, FRAME_RECEIVED);
        write_mac(MAC_MII_DATA, PHY_NEGOTIATE);
        write_mac(MAC_MII_ACCESS, MII_WRITE_PHY_CONTROL);
        LAN.write(TRANSMIT_CONFIGURATION, TRANSMIT_ON);
        write_mac(MAC_CONTROL, TRANSMIT_RECEIVE_FULL_DUPLEX);
        Self { frames }
    }
}

impl support::Ethernet for Ethernet<'_> {
    /// The address that the controller has read from its EEPROM, or that the emulator has set.
    fn hardware_address(&self) -> EthernetAddress {
        let [a, b, c, d] = read_mac(MAC_ADDRESS_LOW).to_le_bytes();
        let [e, f, ..] = read_mac(MAC_ADDRESS_HIGH).to_le_bytes();
        EthernetAddress([a, b, c, d, e, f])
    }

    fn acknowledge(&mut self) {
        LAN.write(INTERRUPT_STATUS, FRAME_RECEIVED);
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
        (statuses(RECEIVE_FIFO) > 0 && can_transmit())
            .then_some((RxToken(receive), TxToken(transmit)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Self::TxToken<'_>> {
        can_transmit().then_some(TxToken(&mut self.frames.transmit))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = LONGEST;
        capabilities
    }
}

/// A frame in the controller's FIFO.
pub struct RxToken<'t>(&'t mut Buffer);

impl phy::RxToken for RxToken<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let buffer = &mut self.0.0;
        let status = LAN.read(RECEIVE_STATUS);
        // Includes the checksum.
        let length = (status >> 16 & 0x3fff) as usize;
        let mut words = buffer.chunks_exact_mut(4);
        for _ in 0..length.div_ceil(4) {
            let word = LAN.read(RECEIVE_DATA);
            if let Some(target) = words.next() {
                target.copy_from_slice(&word.to_le_bytes());
            }
        }
        let is_good = status & RECEIVE_ERROR == 0 && length <= BUFFER;
        // A bad frame is passed on as an empty one, which the interface ignores.
        let length = if is_good { length.saturating_sub(CHECKSUM) } else { 0 };
        f(buffer.get(..length).unwrap_or_default())
    }
}

/// The buffer for a frame to transmit.
pub struct TxToken<'t>(&'t mut Buffer);

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let buffer = &mut self.0.0;
        let length = length.min(LONGEST);
        let result = f(&mut buffer[..length]);
        LAN.write(TRANSMIT_DATA, FIRST_AND_LAST_SEGMENT | length as u32);
        LAN.write(TRANSMIT_DATA, length as u32);
        for word in buffer.chunks_exact(4).take(length.div_ceil(4)) {
            LAN.write(TRANSMIT_DATA, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
        // The status words are not used, but the controller stops transmitting when their FIFO is full.
        for _ in 0..statuses(TRANSMIT_FIFO) {
            LAN.read(TRANSMIT_STATUS);
        }
        result
    }
}

/// Whether the FIFO has room for a frame of any length, with the two command words before it.
fn can_transmit() -> bool {
    (LAN.read(TRANSMIT_FIFO) & 0xffff) as usize >= BUFFER + 8
}

/// The number of status words in a FIFO.
fn statuses(fifo: usize) -> u32 {
    LAN.read(fifo) >> 16 & 0xff
}

fn read_mac(register: u32) -> u32 {
    LAN.write(MAC_COMMAND, MAC_BUSY | MAC_READ | register);
    wait_until(|| LAN.read(MAC_COMMAND) & MAC_BUSY == 0);
    LAN.read(MAC_DATA)
}

fn write_mac(register: u32, value: u32) {
    LAN.write(MAC_DATA, value);
    LAN.write(MAC_COMMAND, MAC_BUSY | register);
    wait_until(|| LAN.read(MAC_COMMAND) & MAC_BUSY == 0);
}

/// Waits for the chip, for a bounded time: the rest of the board works without it.
fn wait_until(done: impl Fn() -> bool) {
    let _ = (0..MAX_STATUS_READS).any(|_| done());
}
