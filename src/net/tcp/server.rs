//! A TCP service: a protocol core on a pool of sockets.
//!
//! All sockets of the pool serve all of its ports. A socket listens only for the moment it takes to
//! hand it one request out of the [`Backlog`](super::backlog::Backlog).

use smoltcp::{phy::Device, time::Instant};

use super::{
    erased::ErasedConnection,
    slot::{Driver, Slot, SlotState},
    timeouts::Timeouts,
};
use crate::net::setup_error::SetupError;
use crate::{
    clock::min_deadline, counters::Counters, net::stack::Stack, protocol::environment::Outcome,
};
use crate::{
    net::{
        listener::queue::QueueEnd,
        service::{Context, Service},
    },
    protocol::stream::Protocol,
};

/// Serves `P` on any number of ports.
pub struct TcpServer<'a, P: Protocol> {
    protocol: P,
    slots: &'a mut [Slot<P::Connection>],
    pool: Pool<'a>,
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
        mut protocol: P,
        ports: &'a [u16],
        memory: TcpMemory<'a, P::Connection>,
        counters: &'a Counters,
    ) -> Result<Self, SetupError> {
        let TcpMemory { slots, rx, tx } = memory;
        let size = slots.len();
        let mut members = Members { protocol: &mut protocol, slots };
        set_up(stack, &mut members, size, ports, (rx, tx), counters)?;
        Ok(Self { protocol, slots, pool: Pool::new(size, ports, counters) })
    }

    /// Changes the time limits: for quiet times, and for when somebody waits.
    #[must_use]
    pub fn with_timeouts(mut self, relaxed: &'a Timeouts, contended: &'a Timeouts) -> Self {
        self.pool.relaxed = relaxed;
        self.pool.contended = contended;
        self
    }

    /// The protocol, with all that its connections share.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.protocol
    }
}

impl<P: Protocol> Service for TcpServer<'_, P> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        let mut members = Members { protocol: &mut self.protocol, slots: self.slots };
        self.pool.poll(&mut members, cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.pool.poll_at
    }
}

/// The slots of a server, without the type of its connections: the pool's code is compiled once and
/// not for each protocol.
trait Slots {
    /// Takes a `step` with each slot.
    fn each(&mut self, step: Step<'_>);
}

/// Something done with a slot and the conversation in it.
type Step<'s> = &'s mut dyn FnMut(&mut SlotState, &mut dyn ErasedConnection);

struct Members<'m, P: Protocol> {
    protocol: &'m mut P,
    slots: &'m mut [Slot<P::Connection>],
}

impl<P: Protocol> Slots for Members<'_, P> {
    fn each(&mut self, step: Step<'_>) {
        for Slot { state, connection } in self.slots.iter_mut() {
            step(state, &mut (&mut *self.protocol, connection));
        }
    }
}

/// All of a server but its protocol and connections.
struct Pool<'a> {
    /// How many slots there are.
    size: usize,
    ports: &'a [u16],
    counters: &'a Counters,
    relaxed: &'a Timeouts,
    contended: &'a Timeouts,
    /// Requests taken up, modulo 256.
    taken: u8,
    /// Nobody was connected at the last look.
    is_empty: bool,
    poll_at: Option<Instant>,
}

/// Gives each of `size` slots a socket with its share of the buffers, and begins to serve `ports`.
fn set_up<'a, D: Device>(
    stack: &mut Stack<'a, D>,
    slots: &mut dyn Slots,
    size: usize,
    ports: &[u16],
    (rx, tx): (&'a mut [u8], &'a mut [u8]),
    counters: &Counters,
) -> Result<(), SetupError> {
    let share = |bytes: usize| bytes.checked_div(size).unwrap_or(0).max(1);
    let mut buffers =
        rx.chunks_exact_mut(share(rx.len())).zip(tx.chunks_exact_mut(share(tx.len())));
    let mut result = Ok(());
    slots.each(&mut |slot, _| {
        if let (Ok(()), Some((rx, tx))) = (result, buffers.next()) {
            result = stack.add_tcp_socket(rx, tx).map(|handle| slot.attach(handle));
        }
    });
    result?;
    for &port in ports {
        stack.serve(port)?;
    }
    counters.capacity.set(size as u32);
    Ok(())
}

impl<'a> Pool<'a> {
    fn new(size: usize, ports: &'a [u16], counters: &'a Counters) -> Self {
        Self {
            size,
            ports,
            counters,
            relaxed: &Timeouts::DEFAULT,
            contended: &Timeouts::CONTENDED,
            taken: 0,
            is_empty: false,
            poll_at: None,
        }
    }

    fn poll(&mut self, slots: &mut dyn Slots, cx: &mut Context<'_, '_>) {
        // Most services, most of the time.
        if self.is_empty && cx.backlog.waiting(self.ports) == 0 {
            return;
        }
        let mut driver = self.driver(cx);
        slots.each(&mut |slot, conversation| driver.poll(slot, conversation, self.relaxed));
        if cx.backlog.waiting(self.ports) > 0 {
            self.drop_duplicates(slots, cx);
            self.accept(slots, cx);
            self.make_room(slots, cx);
        }
        let waiting = cx.backlog.waiting(self.ports);
        self.counters.parked.set(waiting as u32);
        self.look_ahead(slots, waiting);
    }

    fn driver<'d, 'e, 's>(&'d self, cx: &'d mut Context<'e, 's>) -> Driver<'d, 's, 'e> {
        Driver {
            sockets: &mut *cx.sockets,
            counters: self.counters,
            min_progress: self.contended.min_progress,
            env: &mut cx.environment,
        }
    }

    /// Takes requests out of the backlog whose connection exists. Of a half-open one the socket
    /// itself repeats the answer. Any other challenges the peer with an ACK, to which one that has
    /// forgotten the connection replies with a reset (RFC 9293 section 3.10.7.4); then the peer's
    /// next SYN is a new request.
    fn drop_duplicates(&mut self, slots: &mut dyn Slots, cx: &mut Context<'_, '_>) {
        slots.each(&mut |slot, _| {
            while cx.backlog.take_if(self.ports, &|syn| slot.has_connection_of(syn)).is_some() {
                slot.challenge(cx.sockets);
            }
        });
    }

    /// Gives free slots to those who wait.
    fn accept(&mut self, slots: &mut dyn Slots, cx: &mut Context<'_, '_>) {
        slots.each(&mut |slot, _| {
            if !slot.is_free() || !cx.backlog.can_replay() {
                return;
            }
            let Some(syn) = cx.backlog.take(self.ports, QueueEnd::after(self.taken)) else {
                return;
            };
            self.taken = self.taken.wrapping_add(1);
            if self.driver(cx).answer(slot, &syn) {
                cx.backlog.replay(syn);
            }
        });
    }

    /// When more wait than slots are free or about to be, the connections furthest past their short
    /// limit go.
    fn make_room(&mut self, slots: &mut dyn Slots, cx: &mut Context<'_, '_>) {
        let now = cx.environment.now;
        let waiting = cx.backlog.waiting(self.ports);
        let contended = &self.contended.with_crowd(waiting, self.size);
        for _ in coming(slots)..waiting {
            let mut earliest: Option<Instant> = None;
            slots.each(&mut |slot, _| {
                if !slot.is_leaving() && slot.check_timeout(contended, now) {
                    earliest = min_deadline(earliest, slot.deadline(contended));
                }
            });
            let Some(earliest) = earliest else { break };
            let mut has_made_room = false;
            slots.each(&mut |slot, conversation| {
                let is_next = !slot.is_leaving() && slot.deadline(contended) == Some(earliest);
                if is_next && !has_made_room {
                    has_made_room = true;
                    self.driver(cx).expire(slot, conversation, Outcome::Evicted);
                }
            });
        }
        // Those on their way out are not given the usual time for it. One that was cut off is
        // not waited for once it knows: if it comes again at once, it would be in the queue before
        // its place is given away, as the newest, ahead of whoever waited for that place.
        slots.each(&mut |slot, conversation| {
            if slot.is_leaving() && (slot.peer_has_fin() || slot.check_timeout(contended, now)) {
                self.driver(cx).expire(slot, conversation, Outcome::Evicted);
            }
        });
    }

    /// Notes when there is something to do, and whether somebody is there at all.
    fn look_ahead(&mut self, slots: &mut dyn Slots, waiting: usize) {
        let contended = (waiting > 0).then(|| self.contended.with_crowd(waiting, self.size));
        let more_must_go = contended.is_some() && waiting > coming(slots);
        let mut next: Option<Instant> = None;
        let mut is_empty = waiting == 0;
        slots.each(&mut |slot, conversation| {
            if waiting == 0 && slot.is_free() {
                return;
            }
            is_empty = false;
            let at_once = slot.is_aborted() || waiting > 0 && slot.is_free();
            let limits = match &contended {
                Some(contended) if more_must_go || slot.is_leaving() => contended,
                _ => self.relaxed,
            };
            next = if at_once {
                Some(Instant::ZERO)
            } else {
                min_deadline(next, slot.deadline(limits))
            };
            next = min_deadline(next, slot.poll_at(conversation));
        });
        (self.poll_at, self.is_empty) = (next, is_empty);
    }
}

/// How many connections are free, or will be soon.
fn coming(slots: &mut dyn Slots) -> usize {
    let mut coming = 0;
    slots.each(&mut |slot, _| coming += usize::from(slot.is_free() || slot.is_leaving()));
    coming
}
