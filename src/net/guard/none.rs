//! The types of a stack without the feature `guard`: every path has room for all that a socket holds, and
//! smoltcp alone repairs losses.

use core::marker::PhantomData;

use smoltcp::{time::Instant, wire::IpEndpoint};

use crate::net::segment::{FRAME_SIZE, Segment};

/// A connection, of which nothing is known.
#[derive(Debug, Clone)]
pub struct Flow;

impl Flow {
    /// The flow of no connection.
    pub const fn closed() -> Self {
        Self
    }
}

/// The flows of `N` sockets, in no memory.
#[derive(Debug)]
pub struct FlowTable<const N: usize>;

impl<const N: usize> FlowTable<N> {
    /// No flow.
    pub const fn new() -> Self {
        Self
    }

    /// No flow.
    pub fn flows(&mut self) -> &mut [Flow] {
        &mut []
    }
}

/// An ACK that smoltcp receives for a repair, which never happens.
#[derive(Debug, Clone, Copy)]
pub enum Repair {}

impl Repair {
    /// Never called.
    pub fn emit(&self, _: &mut [u8; FRAME_SIZE]) -> usize {
        match *self {}
    }
}

/// A flow of [`Flows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowHandle;

impl FlowHandle {
    /// The flow that is added first.
    pub const FIRST: Self = Self;
}

/// The flows of a stack.
#[derive(Debug)]
pub struct Flows<'a>(PhantomData<&'a mut Flow>);

#[allow(missing_docs, reason = "see the module `flows`")]
impl<'a> Flows<'a> {
    pub fn new(_: &'a mut [Flow], _mtu: u32) -> Self {
        Self(PhantomData)
    }

    pub fn add(&mut self) -> Option<FlowHandle> {
        Some(FlowHandle)
    }

    pub fn open(&mut self, _: FlowHandle, _: IpEndpoint, _: IpEndpoint, _: u16, _: Instant) {}

    pub fn connected(&mut self, _: FlowHandle, _: Instant) {}

    pub fn close(&mut self, _: FlowHandle) {}

    pub fn begin_poll(&mut self) {}

    pub fn update(&mut self, _: FlowHandle, _queue: usize, _: Instant) {}

    pub fn room(&self, _: FlowHandle, _queue: usize) -> usize {
        usize::MAX
    }

    pub fn wrote(&mut self, _: FlowHandle, _bytes: usize, _: Instant) {}

    pub fn poll_at(&self) -> Option<Instant> {
        None
    }

    pub fn received(&mut self, _: &Segment<'_>) -> bool {
        false
    }

    pub fn has_repairs(&self) -> bool {
        false
    }

    pub fn next_repair(&mut self) -> Option<Repair> {
        None
    }
}
