//! The TAP device as smoltcp sees it: one `read` or `write` a frame, no allocation, no lock.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

use bareserve::device::capture::Recorder;
use smoltcp::{
    phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken},
    time::Instant,
};
use tun_tap::{Iface, Mode};

use crate::error::Failure;

/// The longest name the kernel gives an interface (IFNAMSIZ without the closing zero).
pub const MAX_NAME: usize = 15;

const ETHERNET_HEADER: usize = 14;

/// An open TAP; the interface disappears when this is dropped, unless it was made to stay.
pub struct Tap {
    iface: Iface,
    mtu: usize,
    rx: Box<[u8]>,
    /// The length of the frame in `rx` that nobody has received yet.
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
        let iface = Iface::without_packet_info(name, Mode::Tap)
            .map_err(|error| OpenError::new(name, &error))?;
        iface.set_non_blocking().map_err(|error| OpenError::new(name, &error))?;
        let frame = vec![0; mtu + ETHERNET_HEADER].into_boxed_slice();
        Ok(Self { iface, mtu, rx: frame.clone(), waiting: None, tx: frame, dropped: 0 })
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
    fn look(&mut self) -> bool;
}

impl Awaitable for Tap {
    fn descriptor(&self) -> BorrowedFd<'_> {
        borrow(&self.iface)
    }

    fn look(&mut self) -> bool {
        if self.waiting.is_none() {
            // An error: nothing there, or the link is down.
            self.waiting = self.iface.recv(&mut self.rx).ok();
        }
        self.waiting.is_some()
    }
}

impl Awaitable for Recorder<'_, Tap> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.device.descriptor()
    }

    fn look(&mut self) -> bool {
        self.device.look()
    }
}

// `tun-tap` predates `AsFd`.
#[allow(unsafe_code)]
fn borrow(iface: &Iface) -> BorrowedFd<'_> {
    // SAFETY: `iface` keeps its descriptor open for as long as the borrow lasts.
    unsafe { BorrowedFd::borrow_raw(iface.as_raw_fd()) }
}

impl Device for Tap {
    type RxToken<'t> = Received<'t>;
    type TxToken<'t> = Sending<'t>;

    fn receive(&mut self, _now: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        self.look();
        let frame = self.rx.get(..self.waiting.take()?)?;
        let sending = Sending { iface: &self.iface, tx: &mut self.tx, dropped: &mut self.dropped };
        Some((Received(frame), sending))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Sending<'_>> {
        Some(Sending { iface: &self.iface, tx: &mut self.tx, dropped: &mut self.dropped })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.mtu + ETHERNET_HEADER;
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
    iface: &'t Iface,
    tx: &'t mut [u8],
    dropped: &'t mut u64,
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let frame = &mut self.tx[..length];
        let result = f(frame);
        // A network may lose frames: whoever sent this one sends it again if it matters.
        if self.iface.send(frame).is_err() {
            *self.dropped += 1;
        }
        result
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
