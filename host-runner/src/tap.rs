//! A TAP as a smoltcp [`Device`]: one `read` or `write` per frame, without allocation or locks.
//!
//! Where the kernel supports it, checksums and TCP segmentation are offloaded, as between virtual
//! machines: frames between the two cannot be corrupted, and up to 64 KB cross in one call.

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

pub use control::MAX_NAME;

const ETHERNET_HEADER: usize = 14;

/// The longest frame before segmentation.
const MAX_OFFLOADED: usize = ETHERNET_HEADER + u16::MAX as usize;

/// An open TAP. The interface is removed when this is dropped, unless it is persistent.
pub struct Tap {
    name: String,
    file: File,
    /// Bytes of the header before each frame: [`HEADER_SIZE`] or 0.
    header: usize,
    mtu: usize,
    rx: Box<[u8]>,
    /// The length of the frame in `rx` that the stack has not taken yet, including its header.
    pending: Option<usize>,
    tx: Box<[u8]>,
    dropped: u64,
}

/// Why a TAP could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The kernel has no TAP driver.
    NoDriver,
    /// No permission to open `/dev/net/tun`.
    DeviceDenied,
    /// No permission to create an interface in this network namespace.
    NetworkDenied,
    /// Another failure, which a private namespace would not avoid.
    Failed(Failure),
}

impl Tap {
    /// Creates the interface `name`, or attaches to a persistent one that this user may open. `mtu` is
    /// the longest IP packet in bytes.
    pub fn open(name: &str, mtu: usize) -> Result<Self, OpenError> {
        let Opened { file, has_header } =
            control::open(name).map_err(|error| OpenError::new(name, &error, "--tap "))?;
        let (header, longest) =
            if has_header { (HEADER_SIZE, MAX_OFFLOADED) } else { (0, ETHERNET_HEADER + mtu) };
        let frame = vec![0; header + longest].into_boxed_slice();
        let (name, rx) = (name.to_string(), frame.clone());
        Ok(Self { name, file, header, mtu, rx, pending: None, tx: frame, dropped: 0 })
    }

    /// Whether checksums and segmentation are offloaded to the host.
    pub fn has_offload(&self) -> bool {
        self.header > 0
    }

    /// Frames that the interface did not accept, because it was down or its queue was full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Opens a TAP for frames as they are on a cable: at most its MTU long, with complete checksums. Each
/// read or write of the file is a frame and does not block.
///
/// The interface is removed when the file is closed, unless it is persistent.
pub fn open_without_offload(name: &str) -> Result<File, OpenError> {
    let opened = control::open_bare(name).map_err(|error| OpenError::new(name, &error, ""))?;
    Ok(opened.file)
}

impl OpenError {
    /// `flag` precedes a name on the command line.
    fn new(name: &str, error: &io::Error, flag: &str) -> Self {
        use nix::errno::Errno;
        match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
            Errno::ENOENT | Errno::ENODEV | Errno::ENXIO => Self::NoDriver,
            Errno::EACCES => Self::DeviceDenied,
            Errno::EPERM => Self::NetworkDenied,
            Errno::EBUSY => Self::Failed(Failure(format!(
                "TAP {name} is in use by another program: stop that program, or choose another name, such as {flag}{}",
                other_name(name)
            ))),
            Errno::EINVAL => Self::Failed(Failure(format!(
                "{name} exists and is not a TAP: choose another name, such as {flag}{}",
                other_name(name)
            ))),
            _ => Self::Failed(Failure(format!("TAP {name}: {error}"))),
        }
    }
}

/// Suggests another interface name: `tap1` for `tap0`.
fn other_name(name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u32 = name[stem.len()..].parse().unwrap_or(0);
    let number = (number + 1).to_string();
    let room = MAX_NAME.saturating_sub(number.len());
    let stem: String = stem.chars().take(room).collect();
    stem + &number
}

/// A device whose next frame can be waited for.
pub trait Awaitable: Device {
    /// A descriptor that is readable when a frame is available.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// The name of the interface.
    fn name(&self) -> &str;

    /// Whether a frame is available now.
    fn poll_frame(&mut self) -> bool;
}

impl Awaitable for Tap {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn poll_frame(&mut self) -> bool {
        if self.pending.is_none() {
            // An error means that no frame is available, or that the link is down.
            self.pending = self.file.read(&mut self.rx).ok();
        }
        self.pending.is_some()
    }
}

impl Awaitable for Recorder<'_, Tap> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.device.descriptor()
    }

    fn name(&self) -> &str {
        self.device.name()
    }

    fn poll_frame(&mut self) -> bool {
        self.device.poll_frame()
    }
}

impl Device for Tap {
    type RxToken<'t> = TapRxToken<'t>;
    type TxToken<'t> = TapTxToken<'t>;

    fn receive(&mut self, _now: Instant) -> Option<(TapRxToken<'_>, TapTxToken<'_>)> {
        self.poll_frame();
        let frame = self.rx.get(..self.pending.take()?)?;
        let frame = match frame.split_first_chunk() {
            Some((header, frame)) if self.header > 0 => {
                // A corrupt frame is passed on as an empty one, which the stack ignores.
                if virtio::is_intact(header, frame) { frame } else { &[] }
            }
            _ => frame,
        };
        let tx_token = TapTxToken {
            file: &self.file,
            header: self.header,
            tx: &mut self.tx,
            segment_size: None,
            dropped: &mut self.dropped,
        };
        Some((TapRxToken(frame), tx_token))
    }

    fn transmit(&mut self, _now: Instant) -> Option<TapTxToken<'_>> {
        Some(TapTxToken {
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
            // A UDP datagram may be sent in IP fragments, whose checksum the host cannot complete.
            capabilities.checksum.udp = Checksum::Tx;
            // Only for IPv4: over IPv6, smoltcp 0.14 drops packets longer than the MTU.
            capabilities.segmentation.tcpv4 = NonZeroUsize::new(MAX_OFFLOADED);
        }
        capabilities
    }
}

/// A frame from the host.
pub struct TapRxToken<'t>(&'t [u8]);

impl RxToken for TapRxToken<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// The buffer for a frame to the host.
pub struct TapTxToken<'t> {
    file: &'t File,
    header: usize,
    tx: &'t mut [u8],
    /// Payload bytes per segment, if the host is to segment the frame.
    segment_size: Option<NonZeroU16>,
    dropped: &'t mut u64,
}

impl TxToken for TapTxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, length: usize, f: F) -> R {
        let bytes = &mut self.tx[..self.header + length];
        let (header, frame) = bytes.split_at_mut(self.header);
        let result = f(frame);
        if !header.is_empty() {
            header.copy_from_slice(&virtio::describe(frame, self.segment_size));
        }
        // The frame is lost, as on any network; protocols that need it retransmit.
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
    fn suggested_names_differ_and_fit() {
        assert_eq!(other_name("tap0"), "tap1");
        assert_eq!(other_name("tap"), "tap1");
        assert_eq!(other_name("web9"), "web10");
        assert_eq!(other_name("fifteen-letters"), "fifteen-letter1");
        assert!(other_name("fifteenletters9").len() <= MAX_NAME);
    }
}
