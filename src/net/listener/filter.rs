//! A device between the interface and the network device that parks and replays SYNs.

use smoltcp::{
    phy::{self, Device, DeviceCapabilities},
    time::Instant,
};

use super::{
    queue::Backlog,
    syn::Syn,
    tx_monitor::{TxMonitor, TxToken},
};
use crate::net::{
    guard::{Flows, Repair},
    segment::{FRAME_SIZE, Segment},
};

/// The device as the interface sees it: SYNs that are parked and ACKs that are repeated do not arrive,
/// SYNs that are replayed and ACKs that repair a loss do. Frames that are sent pass unchanged, and a
/// [`TxMonitor`] inspects them.
pub struct SynFilter<'s, 'a, D> {
    /// The network device.
    pub device: &'s mut D,
    /// The queue of parked SYNs.
    pub backlog: &'s mut Backlog<'a>,
    /// The connections.
    pub flows: &'s mut Flows<'a>,
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
        if self.backlog.has_replays() || self.flows.has_repairs() {
            let tx = self.device.transmit(now)?;
            let token = match self.backlog.next_replay() {
                Some(syn) => RxToken::Replayed(syn),
                None => RxToken::Repair(self.flows.next_repair()?),
            };
            return Some((token, self.monitor.monitor(tx)));
        }
        let checksums = self.device.capabilities().checksum;
        let (token, tx) = self.device.receive(now)?;
        let token =
            RxToken::Fresh { token, backlog: self.backlog, flows: self.flows, checksums, now };
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
    /// An ACK that repairs a loss.
    Repair(Repair),
    /// A frame that the device has received.
    Fresh {
        /// The device's token.
        token: T,
        /// Parks the frame if it is a SYN for a served port.
        backlog: &'t mut Backlog<'a>,
        /// Drops the frame if it only repeats an ACK.
        flows: &'t mut Flows<'a>,
        /// The checksums that the device verifies itself.
        checksums: phy::ChecksumCapabilities,
        /// When it arrived.
        now: Instant,
    },
}

impl<T: phy::RxToken> phy::RxToken for RxToken<'_, '_, T> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let mut frame = [0; FRAME_SIZE];
        let length = match self {
            Self::Replayed(syn) => syn.emit(&mut frame),
            Self::Repair(repair) => repair.emit(&mut frame),
            Self::Fresh { token, backlog, flows, checksums, now } => {
                return token.consume(|frame| {
                    // The interface ignores an empty frame.
                    let is_taken = match Segment::parse(frame) {
                        Some(segment) if segment.is_syn_or_rst() => {
                            backlog.park(&segment, &checksums, now)
                        }
                        Some(segment) => flows.received(&segment),
                        None => false,
                    };
                    f(if is_taken { &[] } else { frame })
                });
            }
        };
        f(frame.get(..length).unwrap_or_default())
    }

    fn meta(&self) -> phy::PacketMeta {
        match self {
            Self::Replayed(_) | Self::Repair(_) => phy::PacketMeta::default(),
            Self::Fresh { token, .. } => token.meta(),
        }
    }
}
