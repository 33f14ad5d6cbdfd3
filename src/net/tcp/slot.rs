//! One connection of a [`TcpServer`](super::server::TcpServer), from its SYN to its end.

use smoltcp::{
    iface::{SocketHandle, SocketSet},
    socket::tcp::Socket,
    time::{Duration, Instant},
};

use super::{erased::ErasedConnection, pump::Moved, timeouts::Timeouts};
use crate::{
    net::{guard::FlowHandle, listener::syn::Syn},
    protocol::{endpoints::Endpoints, environment::Outcome, stream::Phase},
};

/// How long an aborted socket may take to send its reset. To a peer whose hardware address cannot be
/// resolved it is never sent.
const RESET_TIMEOUT: Duration = Duration::from_secs(1);

/// The state of a connection that does not depend on its protocol: 112 bytes on a 64-bit machine with
/// IPv6, 80 on a 32-bit one without.
pub struct Slot {
    handle: Option<SocketHandle>,
    pub(super) flow: FlowHandle,
    /// The index of the protocol state of the connection.
    pub(super) connection: u16,
    /// The number of its service in the registry.
    pub(super) service: u8,
    pub(super) stage: Stage,
    pub(super) endpoints: Endpoints,
    /// The phase whose timeout runs, since when, and the bytes moved since.
    pub(super) phase: Phase,
    since: Instant,
    moved: usize,
    /// Bytes that the peer had not acknowledged at the last poll.
    pub(super) undelivered: usize,
    pub(super) end_of_input: bool,
    /// Whether it expired in a phase other than [`Phase::Idle`].
    pub(super) is_cut_off: bool,
    /// The reason of its end, once it is known.
    pub(super) outcome: Option<Outcome>,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

/// The stage of a slot's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its socket is closed, or in TIME-WAIT, from which it can listen again.
    Free,
    /// The socket has been given a request; the handshake is not complete.
    HalfOpen,
    /// The protocol exchanges bytes with the peer.
    Open,
    /// The protocol is done; the socket delivers the remaining bytes and waits for the peer's FIN.
    Closing,
    /// Aborted in this poll; the socket sends its reset at the end of the poll.
    Aborted,
    /// The reset has not been sent yet.
    Resetting,
}

impl Slot {
    /// A slot without a socket.
    pub const fn new() -> Self {
        Self {
            handle: None,
            flow: FlowHandle::FIRST,
            connection: 0,
            service: 0,
            stage: Stage::Free,
            endpoints: Endpoints::UNSPECIFIED,
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

    /// Gives the slot its socket, its flow and the index of its protocol state.
    pub(in crate::net) fn attach(
        &mut self,
        handle: SocketHandle,
        flow: FlowHandle,
        connection: usize,
    ) {
        self.handle = Some(handle);
        self.flow = flow;
        self.connection = connection as u16;
    }

    // Called from many places; not inlined, to save flash.
    #[inline(never)]
    pub(super) fn socket<'s, 'a>(&self, sockets: &'s mut SocketSet<'a>) -> &'s mut Socket<'a> {
        sockets.get_mut(self.handle.unwrap_or_default())
    }

    /// Whether it can accept a request.
    pub(super) fn is_free(&self) -> bool {
        self.stage == Stage::Free
    }

    /// Whether it is being evicted or reset, and so becomes free without further action.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Aborted | Stage::Resetting)
            || self.outcome == Some(Outcome::Evicted) && self.stage != Stage::Free
    }

    /// Whether it is being evicted in the middle of a request, and its peer has acknowledged the FIN.
    pub(super) fn peer_has_fin(&self) -> bool {
        self.is_leaving()
            && self.is_cut_off
            && self.stage == Stage::Closing
            && self.phase == Phase::Finished
    }

    /// Whether it has been aborted in this poll. It is usually free at the next one, for which no frame
    /// needs to arrive.
    pub(super) fn is_aborted(&self) -> bool {
        self.stage == Stage::Aborted
    }

    /// Whether `syn` requests the connection that the slot holds.
    pub(super) fn has_connection_of(&self, syn: &Syn) -> bool {
        self.stage != Stage::Free
            && self.endpoints.remote == syn.addresses.remote
            && self.endpoints.local == syn.addresses.local
    }

    /// Sends a keep-alive segment (RFC 9293 section 3.8.4), which a peer that no longer knows the
    /// connection answers with a reset. smoltcp does not answer a SYN on an existing connection.
    pub(super) fn challenge(&self, sockets: &mut SocketSet<'_>) {
        if matches!(self.stage, Stage::Open | Stage::Closing) {
            let socket = self.socket(sockets);
            // Enabling it sends one segment at once; disabling it prevents further ones.
            socket.set_keep_alive(Some(Duration::from_secs(1)));
            socket.set_keep_alive(None);
        }
    }

    /// When its present timeout of `timeouts` ends.
    pub(super) fn deadline(&self, timeouts: &Timeouts) -> Option<Instant> {
        let timeout = match self.stage {
            Stage::Free | Stage::Aborted => return None,
            Stage::HalfOpen => timeouts.half_open,
            Stage::Open | Stage::Closing => timeouts.of(self.phase)?,
            Stage::Resetting => RESET_TIMEOUT,
        };
        Some(self.since + timeout)
    }

    /// Whether its present timeout of `timeouts` has ended without enough progress. With enough
    /// progress, the timeout is restarted.
    pub(super) fn check_timeout(&mut self, timeouts: &Timeouts, now: Instant) -> bool {
        if self.deadline(timeouts).is_none_or(|deadline| now < deadline) {
            return false;
        }
        if self.makes_progress(timeouts.min_progress) {
            self.restart(now);
            return false;
        }
        true
    }

    fn makes_progress(&self, min_progress: u32) -> bool {
        // Progress does not extend the time of an evicted connection.
        matches!(self.phase, Phase::Body | Phase::Sending)
            && matches!(self.stage, Stage::Open | Stage::Closing)
            && !self.is_leaving()
            && self.moved >= min_progress as usize
    }

    /// The protocol's own deadline.
    pub(super) fn poll_at(&self, connection: &dyn ErasedConnection) -> Option<Instant> {
        (self.stage == Stage::Open).then(|| connection.poll_at()).flatten()
    }

    /// Records the connection's phase and the bytes that have moved. The timeout is restarted when the
    /// phase changes, at each message in the phases between messages, and when `min_progress` bytes of a
    /// message have moved.
    pub(super) fn measure(
        &mut self,
        phase: Phase,
        moved: Moved,
        undelivered: usize,
        min_progress: u32,
        now: Instant,
    ) {
        let Moved { bytes_in, bytes_out } = moved;
        let delivered = (self.undelivered + bytes_out).saturating_sub(undelivered);
        self.undelivered = undelivered;
        self.bytes_in += bytes_in as u64;
        self.bytes_out += bytes_out as u64;
        // The sending phase lasts until the peer has acknowledged every byte.
        let phase = match phase {
            Phase::Idle | Phase::StreamIdle | Phase::Finished if undelivered > 0 => Phase::Sending,
            phase => phase,
        };
        let new_message = match phase {
            Phase::Idle | Phase::StreamIdle => bytes_in + bytes_out > 0,
            // The previous request was answered in the same poll.
            Phase::Head => bytes_out > 0,
            _ => false,
        };
        self.moved = self.moved.saturating_add(bytes_in + delivered);
        if phase != self.phase || new_message || self.makes_progress(min_progress) {
            self.phase = phase;
            self.restart(now);
        }
    }

    pub(super) fn restart(&mut self, now: Instant) {
        self.since = now;
        self.moved = 0;
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}
