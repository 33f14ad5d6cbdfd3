//! The flows of a stack's TCP sockets.

use heapless::Vec;
use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use super::flow::{Flow, Repair};
use crate::{
    clock::min_deadline,
    net::segment::{Addresses, Segment},
    zeroed::fill,
};

/// Flows opened or found last, by the peer's port: most frames belong to one of them.
const RECENT: usize = 16;

/// One flow for each TCP socket.
#[derive(Debug)]
pub struct Flows<'a> {
    flows: &'a mut [Flow],
    taken: usize,
    recent: [u16; RECENT],
    /// Whether a flow may have a repair to make.
    has_repairs: bool,
    /// When the first flow is to be updated.
    poll_at: Option<Instant>,
    /// The longest IP packet of the device.
    mtu: u32,
}

/// The flows of `N` sockets, all zeros until the stack takes them.
#[derive(Debug)]
pub struct FlowTable<const N: usize>(Vec<Flow, N>);

impl<const N: usize> FlowTable<N> {
    /// All zeros.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The flows.
    pub fn flows(&mut self) -> &mut [Flow] {
        fill(&mut self.0, Flow::closed)
    }
}

impl<const N: usize> Default for FlowTable<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// A flow of [`Flows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowHandle(u16);

impl FlowHandle {
    /// The flow that is added first.
    pub const FIRST: Self = Self(0);
}

impl<'a> Flows<'a> {
    /// All flows are free. `mtu`: the longest IP packet of the device, in bytes.
    pub fn new(flows: &'a mut [Flow], mtu: u32) -> Self {
        Self { flows, taken: 0, recent: [0; RECENT], has_repairs: false, poll_at: None, mtu }
    }

    /// Takes a free flow for a socket.
    pub fn add(&mut self) -> Option<FlowHandle> {
        let handle = FlowHandle(u16::try_from(self.taken).ok()?);
        self.flows.get(self.taken)?;
        self.taken += 1;
        Some(handle)
    }

    /// A connection has been requested. `max_segment`: the peer's maximum segment size; 0 if it is not
    /// known (RFC 9293 section 3.7.1).
    pub fn open(
        &mut self,
        handle: FlowHandle,
        remote: IpEndpoint,
        local: IpEndpoint,
        max_segment: u16,
        now: Instant,
    ) {
        const DEFAULT_SEGMENT: u32 = 536;
        const MIN_SEGMENT: u32 = 48;
        let headers = match remote.addr {
            IpAddress::Ipv4(_) => 20 + 20,
            #[cfg(feature = "ipv6")]
            IpAddress::Ipv6(_) => 40 + 20,
        };
        let longest = self.mtu.saturating_sub(headers);
        let segment = if max_segment == 0 { DEFAULT_SEGMENT } else { max_segment.into() };
        if let Some(flow) = self.get(handle) {
            flow.open(remote, local, segment.min(longest).max(MIN_SEGMENT), now);
        }
        if let Some(recent) = self.recent.get_mut(hint(remote.port)) {
            *recent = handle.0;
        }
    }

    /// The handshake of the connection is complete.
    pub fn connected(&mut self, handle: FlowHandle, now: Instant) {
        if let Some(flow) = self.get(handle) {
            flow.connected(now);
        }
    }

    /// The connection is over.
    pub fn close(&mut self, handle: FlowHandle) {
        if let Some(flow) = self.get(handle) {
            flow.close();
        }
    }

    /// Updates the flow of a socket that holds `queue` bytes.
    pub fn update(&mut self, handle: FlowHandle, queue: usize, now: Instant) {
        let Some(flow) = self.flows.get_mut(usize::from(handle.0)) else { return };
        flow.update(queue, now);
        self.has_repairs |= flow.repair > 0;
        self.poll_at = min_deadline(self.poll_at, flow.poll_at(now));
    }

    /// How many bytes may be written to the socket of the flow, which holds `queue` bytes.
    pub fn room(&self, handle: FlowHandle, queue: usize) -> usize {
        self.flows.get(usize::from(handle.0)).map_or(usize::MAX, |flow| flow.room(queue))
    }

    /// The protocol has written `bytes` to the socket of the flow.
    pub fn wrote(&mut self, handle: FlowHandle, bytes: usize, now: Instant) {
        // Without a further byte, the deadline is the one that `update` noted.
        if bytes == 0 {
            return;
        }
        let Some(flow) = self.flows.get_mut(usize::from(handle.0)) else { return };
        flow.wrote(bytes, now);
        self.poll_at = min_deadline(self.poll_at, flow.poll_at(now));
    }

    /// Begins a poll.
    pub fn begin_poll(&mut self) {
        self.poll_at = None;
    }

    /// When the stack is to be polled even if no frame arrives.
    pub fn poll_at(&self) -> Option<Instant> {
        self.poll_at
    }

    /// A segment has arrived. Returns whether the interface need not receive it.
    pub fn received(&mut self, segment: &Segment<'_>) -> bool {
        let Some(addresses) = segment.addresses() else { return false };
        self.find(&addresses).is_some_and(|flow| flow.received(segment, &addresses))
    }

    /// Whether the interface has segments to receive for repairs.
    pub fn has_repairs(&self) -> bool {
        self.has_repairs
    }

    /// The next segment that the interface receives for a repair.
    pub fn next_repair(&mut self) -> Option<Repair> {
        let taken = self.flows.get_mut(..self.taken).unwrap_or_default();
        let next = taken.iter_mut().find(|flow| flow.repair > 0);
        self.has_repairs = next.is_some();
        next?.next_repair()
    }

    fn get(&mut self, handle: FlowHandle) -> Option<&mut Flow> {
        self.flows.get_mut(usize::from(handle.0))
    }

    fn find(&mut self, addresses: &Addresses) -> Option<&mut Flow> {
        let hint = hint(addresses.remote.port);
        let recent = self.recent.get(hint).copied().unwrap_or_default();
        let is_it = |flow: &Flow| flow.is_of(addresses);
        let place = if self.flows.get(usize::from(recent)).is_some_and(is_it) {
            usize::from(recent)
        } else {
            let place = self.flows.iter().take(self.taken).position(is_it)?;
            if let Some(recent) = self.recent.get_mut(hint) {
                *recent = place as u16;
            }
            place
        };
        self.flows.get_mut(place)
    }
}

/// The place in the list of recent flows for a port of a peer.
fn hint(port: u16) -> usize {
    usize::from(port) % RECENT
}
