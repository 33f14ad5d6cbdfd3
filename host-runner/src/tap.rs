//! The TAP device as smoltcp sees it: one `read` or `write` a frame, no allocation, no lock.
//!
//! Where the kernel can, device and host leave checksums and segmentation to each other, as virtual
//! machines do: between them nothing gets corrupted, and 64 KB cross in one call.

mod control;
mod virtio;

use std::{
    fs::File,
    io::{self, Read, Write},
    num::{NonZeroU16, NonZeroUsize},
    os::fd::{AsFd, BorrowedFd},
};

use bareserve::device::capture::Recorder;
use smoltcp::{
    phy::{Checksum, Device, DeviceCapabilities, Medium, PacketMeta, RxToken, TxToken},
    time::Instant,
};

use crate::error::Failure;
use control::Opened;
use virtio::HEADER_SIZE;

/// The longest name the kernel gives an interface (IFNAMSIZ without the closing zero).
pub const MAX_NAME: usize = 15;

const ETHERNET_HEADER: usize = 14;

/// The longest frame before it is cut into segments.
const MAX_UNCUT: usize = ETHERNET_HEADER + u16::MAX as usize;

/// An open TAP; the interface disappears when this is dropped, unless it was made to stay.
pub struct Tap {
    file: File,
    /// Of the header before each frame: [`HEADER_SIZE`] or 0.
    header: usize,
    mtu: usize,
    rx: Box<[u8]>,
    /// The length of the frame in `rx` that nobody has received yet, with its header.
    waiting: Option<usize>,
    tx: Box<[u8]>,
    dropped: u64,
}

/// Why a TAP could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The kernel has no TAP driver.
    NoDriver,
    /// `/dev/net/tun` may not be opened.
    DeviceDenied,
    /// The network namespace may not be changed.
    NetworkDenied,
    /// It cannot be had for another reason, which no namespace will change.
    Failed(Failure),
}

impl Tap {
    /// Creates the interface `name`, or attaches to the one that an administrator made for this
    /// user. `mtu` is the longest IP packet in bytes.
    pub fn open(name: &str, mtu: usize) -> Result<Self, OpenError> {
        let Opened { file, has_header } =
            control::open(name).map_err(|error| OpenError::new(name, &error))?;
        let (header, longest) =
            if has_header { (HEADER_SIZE, MAX_UNCUT) } else { (0, ETHERNET_HEADER + mtu) };
        let frame = vec![0; header + longest].into_boxed_slice();
        Ok(Self { file, header, mtu, rx: frame.clone(), waiting: None, tx: frame, dropped: 0 })
    }

    /// Whether checksums and segmentation are left to the host.
    pub fn has_offload(&self) -> bool {
        self.header > 0
    }

    /// Frames that the interface did not take, because it was down or its queue full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl OpenError {
    fn new(name: &str, error: &io::Error) -> Self {
        use nix::errno::Errno;
        match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
            Errno::ENOENT | Errno::ENODEV | Errno::ENXIO => Self::NoDriver,
            Errno::EACCES => Self::DeviceDenied,
            Errno::EPERM => Self::NetworkDenied,
            Errno::EBUSY => Self::Failed(Failure(format!(
                "TAP {name} is in use by another program: stop that one, or choose another name, as in --tap {}",
                other_name(name)
            ))),
            Errno::EINVAL => Self::Failed(Failure(format!(
                "{name} exists and is not a TAP: choose another name, as in --tap {}",
                other_name(name)
            ))),
            _ => Self::Failed(Failure(format!("TAP {name}: {error}"))),
        }
    }
}

/// A name for a second TAP: `tap1` for `tap0`.
fn other_name(name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u32 = name[stem.len()..].parse().unwrap_or(0);
    let number = (number + 1).to_string();
    let room = MAX_NAME.saturating_sub(number.len());
    let stem: String = stem.chars().take(room).collect();
    stem + &number
}

/// A device whose frames can be waited for.
pub trait Awaitable: Device {
    /// Readable when a frame is there.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Whether there is a frame to receive now.
    fn poll_frame(&mut self) -> bool;
}

impl Awaitable for Tap {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    fn poll_frame(&mut self) -> bool {
        if self.waiting.is_none() {
            // An error: nothing there, or the link is down.
            self.waiting = self.file.read(&mut self.rx).ok();
        }
        self.waiting.is_some()
    }
}

impl Awaitable for Recorder<'_, Tap> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.device.descriptor()
    }

    fn poll_frame(&mut self) -> bool {
        self.device.poll_frame()
    }
}

impl Device for Tap {
    type RxToken<'t> = Received<'t>;
    type TxToken<'t> = Sending<'t>;

    fn receive(&mut self, _now: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        self.poll_frame();
        let frame = self.rx.get(..self.waiting.take()?)?;
        let frame = match frame.split_first_chunk() {
            Some((header, frame)) if self.header > 0 => {
                // The interface ignores an empty frame.
                if virtio::is_intact(header, frame) { frame } else { &[] }
            }
            _ => frame,
        };
        let sending = Sending {
            file: &self.file,
            header: self.header,
            tx: &mut self.tx,
            segment_size: None,
            dropped: &mut self.dropped,
        };
        Some((Received(frame), sending))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Sending<'_>> {
        Some(Sending {
            file: &self.file,
            header: self.header,
            tx: &mut self.tx,
            segment_size: None,
            dropped: &mut self.dropped,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.mtu + ETHERNET_HEADER;
        if self.has_offload() {
            capabilities.checksum.tcp = Checksum::None;
            // A datagram may leave in fragments, whose checksum nobody else can add up.
            capabilities.checksum.udp = Checksum::Tx;
            // Over IPv6 smoltcp 0.14 drops what is longer than the MTU.
            capabilities.segmentation.tcpv4 = NonZeroUsize::new(MAX_UNCUT);
        }
        capabilities
    }
}

/// A frame from the host.
pub struct Received<'t>(&'t [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a frame to the host.
pub struct Sending<'t> {
    file: &'t File,
    header: usize,
    tx: &'t mut [u8],
    /// Bytes of data in a segment, if the host is to cut the frame into segments.
    segment_size: Option<NonZeroU16>,
    dropped: &'t mut u64,
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, length: usize, f: F) -> R {
        let bytes = &mut self.tx[..self.header + length];
        let (header, frame) = bytes.split_at_mut(self.header);
        let result = f(frame);
        if !header.is_empty() {
            header.copy_from_slice(&virtio::describe(frame, self.segment_size));
        }
        // A network may lose frames: whoever sent this one sends it again if it matters.
        if self.file.write(bytes).is_err() {
            *self.dropped += 1;
        }
        result
    }

    fn set_meta(&mut self, meta: PacketMeta) {
        self.segment_size = meta.segmentation_offload_size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_differ_and_fit() {
        assert_eq!(other_name("tap0"), "tap1");
        assert_eq!(other_name("tap"), "tap1");
        assert_eq!(other_name("web9"), "web10");
        assert_eq!(other_name("fifteen-letters"), "fifteen-letter1");
        assert!(other_name("fifteenletters9").len() <= MAX_NAME);
    }
}
