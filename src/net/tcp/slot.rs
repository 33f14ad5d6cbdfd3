//! One connection of a [`TcpServer`](super::tcp_server::TcpServer), from its SYN to its end.

use smoltcp::{
    iface::{SocketHandle, SocketSet},
    socket::tcp::{Socket, State},
    time::{Duration, Instant},
    wire::{IpAddress, IpEndpoint},
};

use super::{
    erased::ErasedConnection,
    pump::{Moved, pump},
    timeouts::Timeouts,
};
use crate::{
    counters::{Counters, count, count_bytes},
    protocol::environment::{Environment, Event, Outcome},
};
use crate::{
    net::listener::syn::Syn,
    protocol::stream::{Endpoints, Phase},
};

/// How long an aborted socket may take to send its reset: a peer whose hardware address is unknown
/// never gets one.
const RESET_LIMIT: Duration = Duration::from_secs(1);

/// One connection's place in the pool.
pub struct Slot<C> {
    pub(super) state: SlotState,
    pub(super) connection: C,
}

impl<C> Slot<C> {
    /// A free slot around a connection's memory.
    pub const fn new(connection: C) -> Self {
        Self { state: SlotState::new(), connection }
    }
}

/// What the pool knows of a connection whatever its protocol.
pub(super) struct SlotState {
    handle: Option<SocketHandle>,
    stage: Stage,
    peer: Endpoints,
    /// What it is held to, since when, and the bytes moved since.
    phase: Phase,
    since: Instant,
    moved: usize,
    /// Bytes the peer had not acknowledged at the last look.
    undelivered: usize,
    end_of_input: bool,
    /// When it was told to go it had begun something, or had never said a word.
    is_cut_off: bool,
    /// Why it ends, once that is known.
    outcome: Option<Outcome>,
    bytes_in: u64,
    bytes_out: u64,
}

/// What the pool is doing with a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its socket is closed, or in TIME-WAIT, from which it can listen again.
    Free,
    /// A request was given to its socket; the handshake is not complete.
    HalfOpen,
    /// The protocol has the connection.
    Open,
    /// The protocol is done; the socket delivers what is left and waits for the peer's FIN.
    Closing,
    /// Aborted in this turn, at whose end the socket sends its reset.
    Aborted,
    /// The reset could not be sent yet.
    Resetting,
}

impl SlotState {
    const fn new() -> Self {
        let nobody = IpEndpoint { addr: IpAddress::v4(0, 0, 0, 0), port: 0 };
        Self {
            handle: None,
            stage: Stage::Free,
            peer: Endpoints { remote: nobody, local: nobody },
            phase: Phase::FirstByte,
            since: Instant::ZERO,
            moved: 0,
            undelivered: 0,
            end_of_input: false,
            is_cut_off: false,
            outcome: None,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Gives the slot its socket.
    pub fn attach(&mut self, handle: SocketHandle) {
        self.handle = Some(handle);
    }

    // Asked for everywhere, and not short with its checks.
    #[inline(never)]
    fn socket<'s, 'a>(&self, sockets: &'s mut SocketSet<'a>) -> &'s mut Socket<'a> {
        sockets.get_mut(self.handle.unwrap_or_default())
    }

    /// Whether it can take up a request.
    pub fn is_free(&self) -> bool {
        self.stage == Stage::Free && self.handle.is_some()
    }

    /// Whether it will be free soon without anybody's doing.
    pub fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Aborted | Stage::Resetting)
            || self.outcome == Some(Outcome::Evicted) && self.stage != Stage::Free
    }

    /// Whether it makes room in the middle of something and its peer has been told: it has our FIN.
    pub(super) fn peer_has_fin(&self) -> bool {
        self.is_leaving()
            && self.is_cut_off
            && self.stage == Stage::Closing
            && self.phase == Phase::Finished
    }

    /// Whether it is probably free by the next turn, which nothing that arrives will tell.
    pub fn is_aborted(&self) -> bool {
        self.stage == Stage::Aborted
    }

    /// Whether `syn` asks for the connection it has.
    pub fn has_connection_of(&self, syn: &Syn) -> bool {
        self.stage != Stage::Free && self.peer.remote == syn.remote && self.peer.local == syn.local
    }

    /// Asks the peer whether it still knows the connection, by a keep-alive segment (RFC 9293
    /// section 3.8.4): a peer that does not answers with a reset. smoltcp itself says nothing to a
    /// SYN on a connection that exists.
    pub fn challenge(&self, sockets: &mut SocketSet<'_>) {
        if matches!(self.stage, Stage::Open | Stage::Closing) {
            let socket = self.socket(sockets);
            // Switched on it sends one segment at once; switched off it sends no second.
            socket.set_keep_alive(Some(Duration::from_secs(1)));
            socket.set_keep_alive(None);
        }
    }

    /// When it has used up its time by `limits`.
    pub fn deadline(&self, limits: &Timeouts) -> Option<Instant> {
        let limit = match self.stage {
            Stage::Free | Stage::Aborted => return None,
            Stage::HalfOpen => limits.half_open,
            Stage::Open | Stage::Closing => limits.of(self.phase)?,
            Stage::Resetting => RESET_LIMIT,
        };
        Some(self.since + limit)
    }

    /// Whether time ran out by `limits` and not enough was done in it. If enough was, the time
    /// starts anew.
    pub fn check_timeout(&mut self, limits: &Timeouts, now: Instant) -> bool {
        if self.deadline(limits).is_none_or(|deadline| now < deadline) {
            return false;
        }
        if self.makes_progress(limits.min_progress) {
            self.restart(now);
            return false;
        }
        true
    }

    fn makes_progress(&self, min_progress: u32) -> bool {
        // One that makes room has its time in all, however it moves.
        matches!(self.phase, Phase::Body | Phase::Sending)
            && matches!(self.stage, Stage::Open | Stage::Closing)
            && !self.is_leaving()
            && self.moved >= min_progress as usize
    }

    /// When the protocol itself wants to be asked again.
    pub fn poll_at(&self, conversation: &dyn ErasedConnection) -> Option<Instant> {
        (self.stage == Stage::Open).then(|| conversation.poll_at()).flatten()
    }

    /// Notes what the connection is about and what has moved. Its time starts anew when that is
    /// something else than before, with each message in the phases between messages, and when
    /// `least` bytes of one have moved.
    fn measure(
        &mut self,
        phase: Phase,
        bytes_in: usize,
        bytes_out: usize,
        undelivered: usize,
        min_progress: u32,
        now: Instant,
    ) {
        let delivered = (self.undelivered + bytes_out).saturating_sub(undelivered);
        self.undelivered = undelivered;
        self.bytes_in += bytes_in as u64;
        self.bytes_out += bytes_out as u64;
        // A protocol that has handed over all its bytes is not done until the peer has them.
        let phase = match phase {
            Phase::Idle | Phase::StreamIdle | Phase::Finished if undelivered > 0 => Phase::Sending,
            phase => phase,
        };
        let new_message = match phase {
            Phase::Idle | Phase::StreamIdle => bytes_in + bytes_out > 0,
            // The request before was answered in the same go.
            Phase::Head => bytes_out > 0,
            _ => false,
        };
        self.moved = self.moved.saturating_add(bytes_in + delivered);
        if phase != self.phase || new_message || self.makes_progress(min_progress) {
            self.phase = phase;
            self.restart(now);
        }
    }

    fn restart(&mut self, now: Instant) {
        self.since = now;
        self.moved = 0;
    }
}

/// What every step in a slot's life works with.
pub(super) struct Driver<'d, 'a, 'e> {
    pub sockets: &'d mut SocketSet<'a>,
    pub counters: &'d Counters,
    /// Bytes that count as progress when somebody waits.
    pub min_progress: u32,
    pub env: &'d mut Environment<'e>,
}

impl Driver<'_, '_, '_> {
    /// Prepares a free slot's socket for `syn`. Says whether the request is to be replayed.
    pub fn answer(&mut self, slot: &mut SlotState, syn: &Syn) -> bool {
        let socket = slot.socket(self.sockets);
        if socket.listen(syn.local).is_err() {
            return false;
        }
        // What belongs together is written together, so nothing is gained by waiting for an ACK.
        socket.set_nagle_enabled(false);
        slot.stage = Stage::HalfOpen;
        slot.peer = Endpoints { remote: syn.remote, local: syn.local };
        slot.outcome = None;
        slot.end_of_input = false;
        slot.undelivered = 0;
        slot.bytes_in = 0;
        slot.bytes_out = 0;
        slot.restart(self.env.now);
        self.counters.open.set(self.counters.open.get() + 1);
        true
    }

    /// Moves what can be moved, then sees to the time limits.
    pub fn poll(
        &mut self,
        slot: &mut SlotState,
        conversation: &mut dyn ErasedConnection,
        relaxed: &Timeouts,
    ) {
        match slot.stage {
            Stage::Free => return,
            Stage::HalfOpen => self.complete_handshake(slot, conversation),
            Stage::Open => self.exchange(slot, conversation),
            Stage::Closing => self.drain(slot, conversation),
            Stage::Aborted | Stage::Resetting => self.finish_reset(slot),
        }
        if slot.check_timeout(relaxed, self.env.now) {
            self.expire(slot, conversation, Outcome::TimedOut);
        }
    }

    /// The slot's time is up, or it is to make room: asks the protocol to say goodbye. One that was
    /// asked before, has no protocol, or whose peer does not take what was said already, is reset.
    pub fn expire(
        &mut self,
        slot: &mut SlotState,
        conversation: &mut dyn ErasedConnection,
        why: Outcome,
    ) {
        match slot.stage {
            Stage::Free | Stage::Aborted => {}
            Stage::Resetting => slot.stage = Stage::Free,
            Stage::Open if slot.outcome.is_none() && slot.undelivered == 0 => {
                slot.outcome = Some(why);
                slot.is_cut_off = slot.phase != Phase::Idle;
                count(&self.counters.expired, 1);
                slot.restart(self.env.now);
                conversation.expire(self.env);
                self.exchange(slot, conversation);
            }
            Stage::HalfOpen => {
                count(&self.counters.expired, 1);
                self.forget(slot, conversation);
            }
            Stage::Open | Stage::Closing => {
                if slot.outcome.is_none() {
                    slot.outcome = Some(why);
                    count(&self.counters.expired, 1);
                }
                self.reset(slot, conversation);
            }
        }
    }

    fn complete_handshake(
        &mut self,
        slot: &mut SlotState,
        conversation: &mut dyn ErasedConnection,
    ) {
        let socket = slot.socket(self.sockets);
        match socket.state() {
            State::SynReceived => {}
            // The interface did not take the request, or the peer answered with a reset.
            State::Listen | State::Closed => {
                socket.abort();
                self.release(slot, conversation);
            }
            _ => {
                slot.stage = Stage::Open;
                slot.restart(self.env.now);
                count(&self.counters.served, 1);
                let (service, peer) = (conversation.name(), slot.peer);
                self.env.observer.event(Event::Connected {
                    service,
                    remote: peer.remote,
                    port: peer.local.port,
                });
                conversation.open(peer, self.env);
                slot.phase = conversation.phase();
                self.exchange(slot, conversation);
            }
        }
    }

    /// Moves bytes between socket and protocol, and sees what has become of the connection.
    fn exchange(&mut self, slot: &mut SlotState, conversation: &mut dyn ErasedConnection) {
        let socket = slot.socket(self.sockets);
        let Moved { bytes_in, bytes_out } =
            pump(socket, conversation, &mut slot.end_of_input, self.env);
        let (state, undelivered) = (socket.state(), socket.send_queue());
        count_bytes(&self.counters.bytes_in, bytes_in);
        count_bytes(&self.counters.bytes_out, bytes_out);
        let phase = conversation.phase();
        slot.measure(phase, bytes_in, bytes_out, undelivered, self.min_progress, self.env.now);
        match phase {
            _ if state == State::Closed => {
                slot.outcome.get_or_insert(Outcome::Reset);
                conversation.close(self.env);
                self.release(slot, conversation);
            }
            Phase::Finished => {
                conversation.close(self.env);
                slot.socket(self.sockets).close();
                slot.stage = Stage::Closing;
            }
            Phase::Broken => {
                slot.outcome.get_or_insert(Outcome::Aborted);
                self.reset(slot, conversation);
            }
            _ => {}
        }
    }

    /// Throws away what the peer still sends, so that it reads the answer instead of a reset (RFC
    /// 9112 section 9.6), until it closes too.
    fn drain(&mut self, slot: &mut SlotState, conversation: &mut dyn ErasedConnection) {
        let socket = slot.socket(self.sockets);
        while matches!(socket.recv(|input| (input.len(), input.len())), Ok(1..)) {}
        let undelivered = socket.send_queue();
        if matches!(socket.state(), State::Closed | State::TimeWait) {
            slot.outcome.get_or_insert(if undelivered > 0 {
                Outcome::Reset
            } else {
                Outcome::Completed
            });
            self.release(slot, conversation);
        } else {
            // The peer has time to close from when it has our FIN.
            let delivered = socket.state() == State::FinWait2;
            let phase = if delivered { Phase::Finished } else { Phase::Sending };
            slot.measure(phase, 0, 0, undelivered, self.min_progress, self.env.now);
        }
    }

    /// Gives up on the peer and tells it so.
    fn reset(&mut self, slot: &mut SlotState, conversation: &mut dyn ErasedConnection) {
        slot.socket(self.sockets).abort();
        if slot.stage == Stage::Open {
            conversation.close(self.env);
        }
        self.release(slot, conversation);
        slot.stage = Stage::Aborted;
        slot.restart(self.env.now);
    }

    /// Gives up on a handshake without a word, as other stacks do: a peer whose SYN|ACK was lost is
    /// not refused but repeats its SYN.
    fn forget(&mut self, slot: &mut SlotState, conversation: &mut dyn ErasedConnection) {
        let socket = slot.socket(self.sockets);
        socket.abort();
        // From CLOSED a socket owes a reset; one that listens has no peer.
        let _ = socket.listen(slot.peer.local);
        socket.close();
        self.release(slot, conversation);
    }

    fn finish_reset(&mut self, slot: &mut SlotState) {
        let sent = slot.socket(self.sockets).remote_endpoint().is_none();
        slot.stage = if sent { Stage::Free } else { Stage::Resetting };
    }

    /// The connection is over.
    fn release(&mut self, slot: &mut SlotState, conversation: &mut dyn ErasedConnection) {
        self.counters.open.set(self.counters.open.get().saturating_sub(1));
        let outcome = slot.outcome.unwrap_or(Outcome::Completed);
        if outcome == Outcome::Reset {
            count(&self.counters.refused, 1);
        }
        if slot.stage != Stage::HalfOpen {
            self.env.observer.event(Event::Closed {
                service: conversation.name(),
                remote: slot.peer.remote,
                port: slot.peer.local.port,
                outcome,
                bytes_in: slot.bytes_in,
                bytes_out: slot.bytes_out,
            });
        }
        slot.stage = Stage::Free;
    }
}
