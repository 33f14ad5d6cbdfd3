//! The filter between interface and device.

use smoltcp::{
    phy::{self, Device, DeviceCapabilities},
    time::Instant,
};

use super::{
    queue::Backlog,
    syn::{SYN_FRAME_SIZE, Syn},
    tx_monitor::{TxMonitor, TxToken},
};

/// A device as the interface sees it: without the SYNs that are parked, with those that are
/// replayed. What is sent passes unchanged, and is watched.
pub struct SynFilter<'s, 'a, D> {
    /// The device itself.
    pub device: &'s mut D,
    /// Where SYNs wait.
    pub backlog: &'s mut Backlog<'a>,
    /// What is to be noted of frames sent.
    pub sent: &'s mut TxMonitor,
}

impl<'a, D: Device> Device for SynFilter<'_, 'a, D> {
    type RxToken<'t>
        = RxToken<'t, 'a, D::RxToken<'t>>
    where
        Self: 't;
    type TxToken<'t>
        = TxToken<'t, D::TxToken<'t>>
    where
        Self: 't;

    fn receive(&mut self, now: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        if self.backlog.has_replays() {
            let tx = self.device.transmit(now)?;
            let syn = self.backlog.replays.pop()?;
            return Some((RxToken::Replayed(syn), self.sent.monitor(tx)));
        }
        let checksums = self.device.capabilities().checksum;
        let (token, tx) = self.device.receive(now)?;
        let token = RxToken::Fresh { token, backlog: self.backlog, checksums, now };
        Some((token, self.sent.monitor(tx)))
    }

    fn transmit(&mut self, now: Instant) -> Option<Self::TxToken<'_>> {
        self.sent.monitor_if_any(self.device.transmit(now))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.device.capabilities()
    }
}

/// A frame on its way to the interface.
pub enum RxToken<'t, 'a, T> {
    /// One that was parked.
    Replayed(Syn),
    /// One the device has just received.
    Fresh {
        /// The device's token.
        token: T,
        /// Where it goes if it is a SYN for a served port.
        backlog: &'t mut Backlog<'a>,
        /// What the device verifies itself.
        checksums: phy::ChecksumCapabilities,
        /// When it came.
        now: Instant,
    },
}

impl<T: phy::RxToken> phy::RxToken for RxToken<'_, '_, T> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        match self {
            Self::Replayed(syn) => {
                let mut frame = [0; SYN_FRAME_SIZE];
                let length = syn.emit(&mut frame);
                f(frame.get(..length).unwrap_or_default())
            }
            Self::Fresh { token, backlog, checksums, now } => token.consume(|frame| {
                // The interface ignores an empty frame.
                if backlog.park(frame, &checksums, now) { f(&[]) } else { f(frame) }
            }),
        }
    }

    fn meta(&self) -> phy::PacketMeta {
        match self {
            Self::Replayed(_) => phy::PacketMeta::default(),
            Self::Fresh { token, .. } => token.meta(),
        }
    }
}
