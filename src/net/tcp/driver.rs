//! The steps of a server's connection: what happens to a [`Slot`] at each poll.

use smoltcp::{iface::SocketSet, socket::tcp::State};

use super::{
    erased::ErasedConnection,
    pump::{Moved, pump},
    slot::{Slot, Stage},
    timeouts::Timeouts,
};
use crate::{
    counters::{Counters, ServiceEntry, count, count_bytes},
    net::{guard::Flows, listener::syn::Syn},
    protocol::{
        endpoints::Endpoints,
        environment::{Environment, Event, Outcome},
        stream::Phase,
    },
};

/// The context of every step.
pub(super) struct Driver<'d, 'a, 'e> {
    pub sockets: &'d mut SocketSet<'a>,
    pub flows: &'d mut Flows<'a>,
    /// The registry.
    pub services: &'e [ServiceEntry],
    /// Bytes that count as progress while connection requests wait.
    pub min_progress: u32,
    pub env: &'d mut Environment<'e>,
}

impl Driver<'_, '_, '_> {
    /// Makes the socket of a free slot listen for `syn`, a request for the service of this number.
    /// Returns whether the request is to be replayed.
    pub fn accept(&mut self, slot: &mut Slot, syn: &Syn, service: u8) -> bool {
        let socket = slot.socket(self.sockets);
        if socket.listen(syn.addresses.local).is_err() {
            return false;
        }
        // A protocol writes each message in one piece, so a delay until the next ACK (RFC 9293 section
        // 3.7.4) saves no segment.
        socket.set_nagle_enabled(false);
        slot.stage = Stage::HalfOpen;
        slot.service = service;
        slot.endpoints = Endpoints { remote: syn.addresses.remote, local: syn.addresses.local };
        slot.outcome = None;
        slot.end_of_input = false;
        slot.undelivered = 0;
        slot.bytes_in = 0;
        slot.bytes_out = 0;
        slot.restart(self.env.now);
        self.flows.open(
            slot.flow,
            syn.addresses.remote,
            syn.addresses.local,
            syn.max_segment_size,
            self.env.now,
        );
        self.note(slot, |counters| counters.open.set(counters.open.get() + 1));
        true
    }

    /// Moves the bytes that can be moved, then checks the timeout.
    pub fn poll(
        &mut self,
        slot: &mut Slot,
        connection: &mut dyn ErasedConnection,
        relaxed: &Timeouts,
    ) {
        match slot.stage {
            Stage::Free => return,
            Stage::HalfOpen => self.complete_handshake(slot, connection),
            Stage::Open => self.exchange(slot, connection),
            Stage::Closing => self.drain(slot, connection),
            Stage::Aborted | Stage::Resetting => self.finish_reset(slot),
        }
        if slot.check_timeout(relaxed, self.env.now) {
            self.expire(slot, connection, Outcome::TimedOut);
        }
    }

    /// Ends a connection that has timed out or is evicted: lets the protocol send a last message. A
    /// connection that has expired before, is closing, or has unacknowledged bytes is reset; a handshake
    /// is dropped without a segment.
    pub fn expire(
        &mut self,
        slot: &mut Slot,
        connection: &mut dyn ErasedConnection,
        reason: Outcome,
    ) {
        match slot.stage {
            Stage::Free | Stage::Aborted => {}
            Stage::Resetting => slot.stage = Stage::Free,
            Stage::Open if slot.outcome.is_none() && slot.undelivered == 0 => {
                slot.outcome = Some(reason);
                slot.is_cut_off = slot.phase != Phase::Idle;
                self.note(slot, |counters| count(&counters.expired, 1));
                slot.restart(self.env.now);
                connection.expire(self.env);
                self.exchange(slot, connection);
            }
            Stage::HalfOpen => {
                self.note(slot, |counters| count(&counters.expired, 1));
                self.forget(slot, connection);
            }
            Stage::Open | Stage::Closing => {
                if slot.outcome.is_none() {
                    slot.outcome = Some(reason);
                    self.note(slot, |counters| count(&counters.expired, 1));
                }
                self.reset(slot, connection);
            }
        }
    }

    fn complete_handshake(&mut self, slot: &mut Slot, connection: &mut dyn ErasedConnection) {
        let socket = slot.socket(self.sockets);
        // When two requests for one port are replayed in one poll, either socket may accept either.
        if let (Some(remote), Some(local)) = (socket.remote_endpoint(), socket.local_endpoint()) {
            slot.endpoints = Endpoints { remote, local };
        }
        match socket.state() {
            State::SynReceived => {}
            // The interface did not take the request, or the peer answered with a reset.
            State::Listen | State::Closed => {
                socket.abort();
                self.release(slot, connection);
            }
            _ => {
                slot.stage = Stage::Open;
                slot.restart(self.env.now);
                self.flows.connected(slot.flow, self.env.now);
                self.note(slot, |counters| count(&counters.served, 1));
                let (service, endpoints) = (connection.name(), slot.endpoints);
                self.env.observer.event(Event::Connected {
                    service,
                    remote: endpoints.remote,
                    port: endpoints.local.port,
                });
                connection.open(endpoints, self.env);
                slot.phase = connection.phase();
                self.exchange(slot, connection);
            }
        }
    }

    /// Moves bytes between socket and protocol, and follows the connection's phase.
    fn exchange(&mut self, slot: &mut Slot, connection: &mut dyn ErasedConnection) {
        let socket = slot.socket(self.sockets);
        let flow = (&mut *self.flows, slot.flow);
        let moved = pump(socket, connection, &mut slot.end_of_input, flow, self.env);
        let (state, undelivered) = (socket.state(), socket.send_queue());
        self.note(slot, |counters| {
            count_bytes(&counters.bytes_in, moved.bytes_in);
            count_bytes(&counters.bytes_out, moved.bytes_out);
        });
        let phase = connection.phase();
        slot.measure(phase, moved, undelivered, self.min_progress, self.env.now);
        match phase {
            _ if state == State::Closed => {
                slot.outcome.get_or_insert(Outcome::Reset);
                connection.close(self.env);
                self.release(slot, connection);
            }
            Phase::Finished => {
                connection.close(self.env);
                slot.socket(self.sockets).close();
                slot.stage = Stage::Closing;
            }
            Phase::Broken => {
                slot.outcome.get_or_insert(Outcome::Aborted);
                self.reset(slot, connection);
            }
            _ => {}
        }
    }

    /// Discards what the peer still sends, so that it reads the response instead of a reset (RFC 9112
    /// section 9.6), until it closes too.
    fn drain(&mut self, slot: &mut Slot, connection: &mut dyn ErasedConnection) {
        let socket = slot.socket(self.sockets);
        while matches!(socket.recv(|input| (input.len(), input.len())), Ok(1..)) {}
        let undelivered = socket.send_queue();
        self.flows.update(slot.flow, undelivered, self.env.now);
        if matches!(socket.state(), State::Closed | State::TimeWait) {
            let is_lost = undelivered > 0;
            slot.outcome.get_or_insert(if is_lost { Outcome::Reset } else { Outcome::Completed });
            self.release(slot, connection);
        } else {
            // The linger timeout starts when the peer has acknowledged the FIN.
            let delivered = socket.state() == State::FinWait2;
            let phase = if delivered { Phase::Finished } else { Phase::Sending };
            let moved = Moved { bytes_in: 0, bytes_out: 0 };
            slot.measure(phase, moved, undelivered, self.min_progress, self.env.now);
        }
    }

    /// Ends the connection with a reset.
    fn reset(&mut self, slot: &mut Slot, connection: &mut dyn ErasedConnection) {
        slot.socket(self.sockets).abort();
        if slot.stage == Stage::Open {
            connection.close(self.env);
        }
        self.release(slot, connection);
        slot.stage = Stage::Aborted;
        slot.restart(self.env.now);
    }

    /// Ends a handshake without sending a segment, as other stacks do: a peer whose SYN-ACK was lost is
    /// not refused, and repeats its SYN.
    fn forget(&mut self, slot: &mut Slot, connection: &mut dyn ErasedConnection) {
        let socket = slot.socket(self.sockets);
        socket.abort();
        // An aborted socket in CLOSED still sends a reset; listening discards its peer.
        let _ = socket.listen(slot.endpoints.local);
        socket.close();
        self.release(slot, connection);
    }

    fn finish_reset(&mut self, slot: &mut Slot) {
        let is_sent = slot.socket(self.sockets).remote_endpoint().is_none();
        slot.stage = if is_sent { Stage::Free } else { Stage::Resetting };
    }

    /// Counts and reports the end of the connection, and frees the slot.
    fn release(&mut self, slot: &mut Slot, connection: &mut dyn ErasedConnection) {
        let outcome = slot.outcome.unwrap_or(Outcome::Completed);
        self.note(slot, |counters| {
            counters.open.set(counters.open.get().saturating_sub(1));
            if outcome == Outcome::Reset {
                count(&counters.peer_resets, 1);
            }
        });
        if slot.stage != Stage::HalfOpen {
            self.env.observer.event(Event::Closed {
                service: connection.name(),
                remote: slot.endpoints.remote,
                port: slot.endpoints.local.port,
                outcome,
                bytes_in: slot.bytes_in,
                bytes_out: slot.bytes_out,
            });
        }
        slot.stage = Stage::Free;
        self.flows.close(slot.flow);
    }

    fn note(&self, slot: &Slot, change: impl FnOnce(&Counters)) {
        if let Some(entry) = self.services.get(usize::from(slot.service)) {
            change(&entry.counters);
        }
    }
}
