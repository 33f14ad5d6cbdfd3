//! A device between the interface and the network device that parks and replays SYNs.

use smoltcp::{
    phy::{self, Device, DeviceCapabilities},
    time::Instant,
};

use super::{
    queue::Backlog,
    syn::{SYN_FRAME_SIZE, Syn},
    tx_monitor::{TxMonitor, TxToken},
};

/// The device as the interface sees it: SYNs that are parked do not arrive, SYNs that are replayed do.
/// Frames that are sent pass unchanged, and a [`TxMonitor`] inspects them.
pub struct SynFilter<'s, 'a, D> {
    /// The network device.
    pub device: &'s mut D,
    /// The queue of parked SYNs.
    pub backlog: &'s mut Backlog<'a>,
    /// Inspects the frames that are sent.
    pub monitor: &'s mut TxMonitor,
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
            let syn = self.backlog.next_replay()?;
            return Some((RxToken::Replayed(syn), self.monitor.monitor(tx)));
        }
        let checksums = self.device.capabilities().checksum;
        let (token, tx) = self.device.receive(now)?;
        let token = RxToken::Fresh { token, backlog: self.backlog, checksums, now };
        Some((token, self.monitor.monitor(tx)))
    }

    fn transmit(&mut self, now: Instant) -> Option<Self::TxToken<'_>> {
        self.monitor.monitor_if_any(self.device.transmit(now))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.device.capabilities()
    }
}

/// A frame for the interface.
pub enum RxToken<'t, 'a, T> {
    /// A SYN that was parked.
    Replayed(Syn),
    /// A frame that the device has received.
    Fresh {
        /// The device's token.
        token: T,
        /// Parks the frame if it is a SYN for a served port.
        backlog: &'t mut Backlog<'a>,
        /// The checksums that the device verifies itself.
        checksums: phy::ChecksumCapabilities,
        /// When it arrived.
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
