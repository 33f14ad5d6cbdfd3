//! How the services of a pool share its connections.
//!
//! A free connection goes to the service that has the fewest open among those that requests wait for
//! and that are below their cap. While requests wait and no connection is free, the connections that are
//! furthest past their [contended timeout](Timeouts::CONTENDED) are evicted: of the service itself, or
//! of one that has more. So a flood on one service starves no other, as long as its cap leaves them a
//! connection.

use smoltcp::time::Instant;

use super::{driver::Driver, erased::ErasedConnection, slot::Slot, timeouts::Timeouts};
use crate::{
    clock::min_deadline,
    counters::ServiceEntry,
    net::{
        listener::queue::{Backlog, QueueEnd},
        service::Context,
    },
    protocol::environment::Outcome,
};

/// The connections of a server, without their type: the pool's code is compiled once and not for each
/// server.
pub(super) trait Connections {
    /// Makes a connection anew, for the protocol of this number.
    fn renew(&mut self, connection: u16, number: usize);

    /// Takes a `step` with a connection.
    fn with(&mut self, connection: u16, step: &mut dyn FnMut(&mut dyn ErasedConnection));
}

/// All of a server but its protocols and their connections.
pub(in crate::net) struct Pool<'a> {
    /// The first `active` are not free.
    slots: &'a mut [Slot],
    active: usize,
    /// Its services in the registry: the first one's number, and how many.
    first_service: u8,
    services: u8,
    relaxed: &'a Timeouts,
    contended: &'a Timeouts,
    /// Requests accepted, modulo 256.
    accepted: u8,
    /// [`Backlog::arrivals`] at the last search for duplicates.
    arrivals: u32,
    /// Whether requests waited at the last poll.
    has_waiting: bool,
    poll_at: Option<Instant>,
}

impl<'a> Pool<'a> {
    pub(in crate::net) fn new(slots: &'a mut [Slot], first_service: u8, services: u8) -> Self {
        // Each connection begins as one of the first protocol.
        slots.iter_mut().for_each(|slot| slot.service = first_service);
        Self {
            slots,
            active: 0,
            first_service,
            services,
            relaxed: &Timeouts::DEFAULT,
            contended: &Timeouts::CONTENDED,
            accepted: 0,
            arrivals: 0,
            has_waiting: false,
            poll_at: None,
        }
    }

    pub(super) fn set_timeouts(&mut self, relaxed: &'a Timeouts, contended: &'a Timeouts) {
        (self.relaxed, self.contended) = (relaxed, contended);
    }

    pub(super) fn poll_at(&self) -> Option<Instant> {
        self.poll_at
    }

    pub(super) fn poll(&mut self, connections: &mut dyn Connections, cx: &mut Context<'_, '_>) {
        // Most pools, most of the time.
        if self.active == 0 && !self.has_waiting && cx.backlog.is_empty() {
            return;
        }
        let relaxed = self.relaxed;
        self.each_active(connections, cx, &mut |driver, slot, connection| {
            driver.poll(slot, connection, relaxed);
        });
        let queue = Queue { pool_services: self.services(cx) };
        if queue.waiting(cx.backlog) > 0 {
            self.drop_duplicates(queue, cx);
            self.accept(queue, connections, cx);
            self.evict(queue, connections, cx);
        }
        let waiting = queue.waiting(cx.backlog);
        if self.has_waiting || waiting > 0 {
            queue.count_parked(cx.backlog);
        }
        self.has_waiting = waiting > 0;
        self.schedule(queue, waiting, connections, cx.backlog);
    }

    /// Its services in the registry.
    fn services<'e>(&self, cx: &Context<'e, '_>) -> &'e [ServiceEntry] {
        let first = usize::from(self.first_service);
        let all = cx.environment.registry.services;
        all.get(first..first + usize::from(self.services)).unwrap_or_default()
    }

    /// Takes a step with each slot that is not free, and then lets those go that have become free.
    fn each_active(
        &mut self,
        connections: &mut dyn Connections,
        cx: &mut Context<'_, '_>,
        step: &mut dyn FnMut(&mut Driver<'_, '_, '_>, &mut Slot, &mut dyn ErasedConnection),
    ) {
        let mut driver = Driver {
            services: cx.environment.registry.services,
            sockets: &mut *cx.sockets,
            flows: &mut *cx.flows,
            min_progress: self.contended.min_progress,
            env: &mut cx.environment,
        };
        let active = self.slots.get_mut(..self.active).unwrap_or_default();
        for slot in active {
            connections
                .with(slot.connection, &mut |connection| step(&mut driver, slot, connection));
        }
        self.compact();
    }

    /// Brings the free slots behind the others.
    fn compact(&mut self) {
        let mut place = 0;
        while place < self.active {
            if self.slots.get(place).is_some_and(Slot::is_free) {
                self.active -= 1;
                if let Ok([free, last]) = self.slots.get_disjoint_mut([place, self.active]) {
                    core::mem::swap(free, last);
                }
            } else {
                place += 1;
            }
        }
    }

    fn active(&self) -> &[Slot] {
        self.slots.get(..self.active).unwrap_or_default()
    }

    fn has_free_slot(&self) -> bool {
        self.active < self.slots.len()
    }

    /// Takes requests out of the queue whose connection exists. For a half-open one the socket itself
    /// repeats the SYN|ACK. Any other challenges the peer with an ACK, to which a peer that has no such
    /// connection replies with a reset (RFC 9293 section 3.10.7.4); then its next SYN is a new request.
    fn drop_duplicates(&mut self, queue: Queue<'_>, cx: &mut Context<'_, '_>) {
        let arrivals = cx.backlog.arrivals();
        if core::mem::replace(&mut self.arrivals, arrivals) == arrivals {
            return;
        }
        for entry in queue.pool_services {
            if cx.backlog.waiting(&entry.ports) == 0 {
                continue;
            }
            for slot in self.active() {
                let is_it = |syn: &_| slot.has_connection_of(syn);
                while cx.backlog.take_if(&entry.ports, &is_it).is_some() {
                    slot.challenge(cx.sockets);
                }
            }
        }
    }

    /// Gives free connections to requests.
    fn accept(
        &mut self,
        queue: Queue<'_>,
        connections: &mut dyn Connections,
        cx: &mut Context<'_, '_>,
    ) {
        while self.has_free_slot() && cx.backlog.can_replay() {
            let Some((number, entry)) = queue.next(cx.backlog) else { return };
            let end = QueueEnd::after(self.accepted);
            let Some(syn) = cx.backlog.take(&entry.ports, end) else { return };
            self.accepted = self.accepted.wrapping_add(1);
            let Some(slot) = self.slots.get_mut(self.active) else { return };
            let mut driver = Driver {
                services: cx.environment.registry.services,
                sockets: &mut *cx.sockets,
                flows: &mut *cx.flows,
                min_progress: self.contended.min_progress,
                env: &mut cx.environment,
            };
            let (before, service) = (slot.service, self.first_service + number as u8);
            if driver.accept(slot, &syn, service) {
                if before != service {
                    connections.renew(slot.connection, number);
                }
                self.active += 1;
                cx.backlog.replay(syn);
            }
        }
    }

    /// While connections are wanting, those furthest past their contended timeout go.
    fn evict(
        &mut self,
        queue: Queue<'_>,
        connections: &mut dyn Connections,
        cx: &mut Context<'_, '_>,
    ) {
        let contended = self.contended_timeouts(queue.waiting(cx.backlog));
        for number in 0..queue.pool_services.len() {
            loop {
                let services = self.victims(number, queue, cx.backlog);
                if services == 0 || !self.evict_one(&contended, services, connections, cx) {
                    break;
                }
            }
        }
        // An evicted connection does not have the usual time to close. One that was cut off is reset
        // once its peer has our FIN: a peer that reconnects at once would be in the queue before the
        // connection is free, as the newest, ahead of the requests that waited for it.
        let now = cx.environment.now;
        self.each_active(connections, cx, &mut |driver, slot, connection| {
            if slot.is_leaving() && (slot.peer_has_fin() || slot.check_timeout(&contended, now)) {
                driver.expire(slot, connection, Outcome::Evicted);
            }
        });
    }

    /// The services of which a connection must go for the requests for service `number`, a bit for each;
    /// 0 if enough connections are free or leaving. For a service at its cap it is the service itself,
    /// else also those with more connections: a flood on one takes nothing from the others.
    #[inline(never)]
    fn victims(&self, number: usize, queue: Queue<'_>, backlog: &Backlog<'_>) -> u32 {
        let Some(entry) = queue.pool_services.get(number) else { return 0 };
        let waiting = backlog.waiting(&entry.ports);
        let open = entry.counters.open.get();
        let own = 1_u32.unbounded_shl(number as u32);
        let below_cap = entry.counters.capacity.get().saturating_sub(open) as usize;
        if below_cap == 0 {
            return if waiting > self.leaving(own) { own } else { 0 };
        }
        let coming = self.slots.len() - self.active + self.leaving(u32::MAX);
        if waiting.min(below_cap) <= coming {
            return 0;
        }
        let others = queue.pool_services.iter().zip(0_u32..);
        let busier = others.filter(|(other, _)| other.counters.open.get() > open);
        busier.fold(own, |services, (_, number)| services | 1_u32.unbounded_shl(number))
    }

    /// Evicts the connection, of one of these services, that is furthest past its contended timeout.
    /// Returns whether there was one.
    fn evict_one(
        &mut self,
        contended: &Timeouts,
        services: u32,
        connections: &mut dyn Connections,
        cx: &mut Context<'_, '_>,
    ) -> bool {
        let (now, first_service) = (cx.environment.now, self.first_service);
        let may_go = |slot: &Slot| !slot.is_leaving() && is_among(slot, first_service, services);
        let mut earliest: Option<Instant> = None;
        for slot in self.slots.iter_mut().take(self.active) {
            if may_go(slot) && slot.check_timeout(contended, now) {
                earliest = min_deadline(earliest, slot.deadline(contended));
            }
        }
        let Some(earliest) = earliest else { return false };
        let mut is_evicted = false;
        self.each_active(connections, cx, &mut |driver, slot, connection| {
            if !is_evicted && may_go(slot) && slot.deadline(contended) == Some(earliest) {
                is_evicted = true;
                driver.expire(slot, connection, Outcome::Evicted);
            }
        });
        is_evicted
    }

    /// Notes when the pool is to be polled even if no frame arrives.
    fn schedule(
        &mut self,
        queue: Queue<'_>,
        waiting: usize,
        connections: &mut dyn Connections,
        backlog: &Backlog<'_>,
    ) {
        let contended = (waiting > 0).then(|| self.contended_timeouts(waiting));
        let mut short = 0;
        if waiting > 0 {
            for number in 0..queue.pool_services.len() {
                short |= self.victims(number, queue, backlog);
            }
        }
        let free = self.slots.len() - self.active;
        let mut next: Option<Instant> = None;
        if waiting > 0 && free > 0 && queue.next(backlog).is_some() {
            next = Some(Instant::ZERO);
        }
        for slot in self.active() {
            let timeouts = match &contended {
                Some(contended)
                    if slot.is_leaving() || is_among(slot, self.first_service, short) =>
                {
                    contended
                }
                _ => self.relaxed,
            };
            let deadline =
                if slot.is_aborted() { Some(Instant::ZERO) } else { slot.deadline(timeouts) };
            next = min_deadline(next, deadline);
            connections.with(slot.connection, &mut |connection| {
                next = min_deadline(next, slot.poll_at(connection));
            });
        }
        self.poll_at = next;
    }

    fn contended_timeouts(&self, waiting: usize) -> Timeouts {
        self.contended.with_crowd(waiting, self.slots.len())
    }

    /// How many connections of these services will be free soon.
    #[inline(never)]
    fn leaving(&self, services: u32) -> usize {
        let is_it =
            |slot: &&Slot| slot.is_leaving() && is_among(slot, self.first_service, services);
        self.active().iter().filter(is_it).count()
    }
}

/// Whether a connection is of one of these services of its pool.
fn is_among(slot: &Slot, first_service: u8, services: u32) -> bool {
    let number = slot.service.wrapping_sub(first_service);
    services.unbounded_shr(number.into()) & 1 == 1
}

/// The requests that wait for a pool.
#[derive(Clone, Copy)]
struct Queue<'e> {
    pool_services: &'e [ServiceEntry],
}

impl<'e> Queue<'e> {
    /// How many there are.
    #[inline(never)]
    fn waiting(self, backlog: &Backlog<'_>) -> usize {
        if backlog.is_empty() {
            return 0;
        }
        self.pool_services.iter().map(|entry| backlog.waiting(&entry.ports)).sum()
    }

    /// The service to accept a request for, and its number: of those with a request and below their cap, the
    /// one with the fewest connections.
    #[inline(never)]
    fn next(self, backlog: &Backlog<'_>) -> Option<(usize, &'e ServiceEntry)> {
        let entries = self.pool_services.iter().enumerate();
        entries
            .filter(|(_, entry)| !is_at_cap(entry) && backlog.waiting(&entry.ports) > 0)
            .min_by_key(|(_, entry)| entry.counters.open.get())
    }

    fn count_parked(self, backlog: &Backlog<'_>) {
        for entry in self.pool_services {
            entry.counters.parked.set(backlog.waiting(&entry.ports) as u32);
        }
    }
}

/// Whether a service has as many connections as it may have.
fn is_at_cap(entry: &ServiceEntry) -> bool {
    entry.counters.open.get() >= entry.counters.capacity.get()
}
