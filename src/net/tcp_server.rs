//! A TCP service: a protocol core on a pool of sockets.
//!
//! All sockets of the pool serve all of its ports. A socket listens only for the moment it takes to
//! hand it one request out of the [`Backlog`](super::backlog::Backlog).

use smoltcp::{phy::Device, time::Instant};

use super::{
    backlog::{TooManyPorts, Turn},
    limits::Limits,
    protocol::Protocol,
    service::{Context, Service},
    slot::{Driver, Slot},
    syn::Syn,
};
use crate::{
    counters::Counters,
    environment::Outcome,
    stack::{NoSocketLeft, Stack},
};

/// Serves `P` on any number of ports.
pub struct TcpServer<'a, P: Protocol> {
    protocol: P,
    ports: &'a [u16],
    slots: &'a mut [Slot<P::Connection>],
    counters: &'a Counters,
    patient: Limits,
    pressed: Limits,
    /// Requests taken up, modulo 256.
    taken: u8,
    poll_at: Option<Instant>,
}

/// The memory of a [`TcpServer`]: as many connections as there are slots, between which the two
/// buffers are divided evenly.
pub struct TcpMemory<'a, C> {
    /// One for each connection.
    pub slots: &'a mut [Slot<C>],
    /// Receive buffers; each connection's share is its TCP window.
    pub rx: &'a mut [u8],
    /// Transmit buffers.
    pub tx: &'a mut [u8],
}

impl<'a, P: Protocol> TcpServer<'a, P> {
    /// Adds the pool's sockets to the stack and begins to serve `ports`.
    ///
    /// # Errors
    /// [`SetupError`] when the stack has too few places.
    pub fn new<D: Device>(
        stack: &mut Stack<'a, D>,
        protocol: P,
        ports: &'a [u16],
        memory: TcpMemory<'a, P::Connection>,
        counters: &'a Counters,
    ) -> Result<Self, SetupError> {
        let TcpMemory { slots, rx, tx } = memory;
        let share = |bytes: usize| bytes.checked_div(slots.len()).unwrap_or(0).max(1);
        let buffers =
            rx.chunks_exact_mut(share(rx.len())).zip(tx.chunks_exact_mut(share(tx.len())));
        for (slot, (rx, tx)) in slots.iter_mut().zip(buffers) {
            slot.attach(stack.add_tcp_socket(rx, tx)?);
        }
        for &port in ports {
            stack.serve(port)?;
        }
        counters.capacity.set(slots.len() as u32);
        Ok(Self {
            protocol,
            ports,
            slots,
            counters,
            patient: Limits::PATIENT,
            pressed: Limits::PRESSED,
            taken: 0,
            poll_at: None,
        })
    }

    /// Changes the time limits: for quiet times, and for when somebody waits.
    #[must_use]
    pub fn with_limits(mut self, patient: Limits, pressed: Limits) -> Self {
        self.patient = patient;
        self.pressed = pressed;
        self
    }

    /// The protocol, with all that its connections share.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.protocol
    }
}

impl<P: Protocol> Service for TcpServer<'_, P> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        let mut driver = Driver {
            protocol: &mut self.protocol,
            sockets: &mut *cx.sockets,
            counters: self.counters,
            least: self.pressed.least,
            env: &mut cx.environment,
        };
        for slot in self.slots.iter_mut() {
            driver.poll(slot, &self.patient);
        }
        if cx.backlog.waiting(self.ports) > 0 {
            self.drop_duplicates(cx);
            self.accept(cx);
            self.make_room(cx);
        }
        let waiting = cx.backlog.waiting(self.ports);
        self.counters.parked.set(waiting as u32);
        self.poll_at = self.next_poll(waiting);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.poll_at
    }
}

impl<P: Protocol> TcpServer<'_, P> {
    /// Takes requests out of the backlog whose connection exists. Of a half-open one the socket
    /// itself repeats the answer. Any other challenges the peer with an ACK, to which one that has
    /// forgotten the connection replies with a reset (RFC 9293 section 3.10.7.4); then the peer's
    /// next SYN is a new request.
    fn drop_duplicates(&mut self, cx: &mut Context<'_, '_>) {
        let slots = &*self.slots;
        let holder = |syn: &Syn| slots.iter().find(|slot| slot.has_connection_of(syn));
        while let Some(syn) = cx.backlog.take_if(self.ports, |syn| holder(syn).is_some()) {
            if let Some(slot) = holder(&syn) {
                slot.challenge(cx.sockets);
            }
        }
    }

    /// Gives free slots to those who wait.
    fn accept(&mut self, cx: &mut Context<'_, '_>) {
        let mut driver = Driver {
            protocol: &mut self.protocol,
            sockets: &mut *cx.sockets,
            counters: self.counters,
            least: self.pressed.least,
            env: &mut cx.environment,
        };
        for slot in self.slots.iter_mut().filter(|slot| slot.is_free()) {
            if !cx.backlog.can_replay() {
                break;
            }
            let Some(syn) = cx.backlog.take(self.ports, Turn::after(self.taken)) else {
                break;
            };
            self.taken = self.taken.wrapping_add(1);
            if driver.answer(slot, &syn) {
                cx.backlog.replay(syn);
            }
        }
    }

    /// When more wait than slots are free or about to be, the connections furthest past their short
    /// limit go.
    fn make_room(&mut self, cx: &mut Context<'_, '_>) {
        let now = cx.environment.now;
        let waiting = cx.backlog.waiting(self.ports);
        let pressed = &self.pressed.with_crowd(waiting, self.slots.len());
        for _ in self.coming()..waiting {
            let Some(slot) = self
                .slots
                .iter_mut()
                .filter(|slot| !slot.is_leaving())
                .filter_map(|slot| slot.is_overdue(pressed, now).then_some(slot))
                .min_by_key(|slot| slot.deadline(pressed))
            else {
                break;
            };
            let mut driver = Driver {
                protocol: &mut self.protocol,
                sockets: &mut *cx.sockets,
                counters: self.counters,
                least: self.pressed.least,
                env: &mut cx.environment,
            };
            driver.expire(slot, Outcome::MadeRoom);
        }
        // Those on their way out are not given the usual time for it. One that was cut off is
        // not waited for once it knows: if it comes again at once, it would be in the queue before
        // its place is given away, as the newest, ahead of whoever waited for that place.
        for slot in self.slots.iter_mut().filter(|slot| slot.is_leaving()) {
            if slot.is_told() || slot.is_overdue(pressed, now) {
                let mut driver = Driver {
                    protocol: &mut self.protocol,
                    sockets: &mut *cx.sockets,
                    counters: self.counters,
                    least: self.pressed.least,
                    env: &mut cx.environment,
                };
                driver.expire(slot, Outcome::MadeRoom);
            }
        }
    }

    /// How many connections are free, or will be soon.
    fn coming(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_free() || slot.is_leaving()).count()
    }

    fn next_poll(&self, waiting: usize) -> Option<Instant> {
        let free = waiting > 0 && self.slots.iter().any(Slot::is_free);
        if free || self.slots.iter().any(Slot::is_aborted) {
            return Some(Instant::ZERO);
        }
        let more_must_go = waiting > self.coming();
        let pressed = &self.pressed.with_crowd(waiting, self.slots.len());
        let limits = |slot: &Slot<_>| {
            let is_pressed = more_must_go || waiting > 0 && slot.is_leaving();
            if is_pressed { pressed } else { &self.patient }
        };
        self.slots
            .iter()
            .flat_map(|slot| [slot.deadline(limits(slot)), slot.poll_at(&self.protocol)])
            .flatten()
            .min()
    }
}

/// Why a service could not be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupError {
    /// The stack's resources have fewer places for sockets than its services need.
    NoSocketLeft,
    /// More than [`MAX_PORTS`](super::backlog::MAX_PORTS).
    TooManyPorts,
    /// Port 0.
    InvalidPort,
}

impl From<NoSocketLeft> for SetupError {
    fn from(_: NoSocketLeft) -> Self {
        Self::NoSocketLeft
    }
}

impl From<TooManyPorts> for SetupError {
    fn from(_: TooManyPorts) -> Self {
        Self::TooManyPorts
    }
}

impl core::fmt::Display for SetupError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoSocketLeft => "services need more sockets than the stack has places for",
            Self::TooManyPorts => "too many TCP ports",
            Self::InvalidPort => "port 0 cannot be served",
        })
    }
}

impl core::error::Error for SetupError {}
