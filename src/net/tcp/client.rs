//! A TCP client: one session on one socket.

use smoltcp::{
    iface::SocketHandle,
    socket::tcp::{Socket, State},
    time::{Duration, Instant},
    wire::IpEndpoint,
};

use super::pump::{ByteStream, Moved, pump};
use crate::{entropy::Entropy, protocol::environment::Environment};
use crate::{
    net::{
        guard::{FlowHandle, Flows},
        service::{Context, Service},
    },
    protocol::client::{Failure, Progress, StreamSession},
};

/// Connects to a server on request, and drives `S` over the connection.
pub struct TcpClient<S> {
    session: S,
    handle: SocketHandle,
    flow: FlowHandle,
    remote: Option<IpEndpoint>,
    stage: Stage,
    timeouts: ClientTimeouts,
    /// The start of the stage, or the last progress in it.
    since: Instant,
    /// Bytes that the server had not acknowledged at the last poll.
    undelivered: usize,
    end_of_input: bool,
    result: Result<(), Failure>,
}

/// The memory of a [`TcpClient`]'s socket.
/// [`TcpClientResources`](crate::net::resources::TcpClientResources) provides it in a constant size.
pub struct TcpClientMemory<'a> {
    /// Receive buffer: the TCP window.
    pub rx: &'a mut [u8],
    /// Transmit buffer.
    pub tx: &'a mut [u8],
}

/// The stage of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No connection has been requested.
    New,
    /// Connects at the next poll.
    Requested,
    /// Waits for the handshake.
    Connecting,
    /// The session has the connection.
    Open,
    /// The session is done; the socket delivers the remaining bytes and waits for the server's FIN.
    Closing,
    /// The connection is over.
    Over,
}

/// Time limits of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// From the request to connect to the end of the handshake.
    pub connect: Duration,
    /// Without a byte received or acknowledged while the session runs or bytes are undelivered.
    pub progress: Duration,
    /// From the end of the session, or the acknowledgement of its last byte if that is later, to the
    /// server's FIN.
    pub linger: Duration,
}

impl ClientTimeouts {
    /// Long enough for the retransmission of several lost segments.
    pub const DEFAULT: Self = Self {
        connect: Duration::from_secs(10),
        progress: Duration::from_secs(30),
        linger: Duration::from_secs(2),
    };
}

/// The client already has a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// The first of the dynamic ports, which end at 65535 (RFC 6335 section 6).
const FIRST_DYNAMIC_PORT: u16 = 49152;

/// A random dynamic port, which is hard to guess for an attacker.
pub(in crate::net) fn dynamic_port(entropy: &mut dyn Entropy) -> u16 {
    FIRST_DYNAMIC_PORT | entropy.next_u64() as u16
}

impl<S: StreamSession> TcpClient<S> {
    pub(in crate::net) fn new(session: S, handle: SocketHandle, flow: FlowHandle) -> Self {
        Self {
            session,
            handle,
            flow,
            remote: None,
            stage: Stage::New,
            timeouts: ClientTimeouts::DEFAULT,
            since: Instant::ZERO,
            undelivered: 0,
            end_of_input: false,
            result: Ok(()),
        }
    }

    /// Changes the time limits.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: ClientTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Connects to `remote` at the next poll. Before a second connection, replace or reset the
    /// [`session`](TcpClient::session).
    ///
    /// # Errors
    /// [`Busy`] until the present connection is over.
    pub fn connect(&mut self, remote: IpEndpoint) -> Result<(), Busy> {
        if !matches!(self.stage, Stage::New | Stage::Over) {
            return Err(Busy);
        }
        self.remote = Some(remote);
        self.stage = Stage::Requested;
        Ok(())
    }

    /// The session.
    pub fn session(&mut self) -> &mut S {
        &mut self.session
    }

    /// How the last connection ended; `None` before and during a connection.
    pub fn outcome(&self) -> Option<Result<(), Failure>> {
        (self.stage == Stage::Over).then_some(self.result)
    }

    fn start(&mut self, cx: &mut Context<'_, '_>) {
        let socket = cx.sockets.get_mut::<Socket>(self.handle);
        socket.abort();
        let port = dynamic_port(cx.environment.entropy);
        let connected = self
            .remote
            .is_some_and(|remote| socket.connect(cx.interface.context(), remote, port).is_ok());
        if let (Some(remote), Some(local)) = (socket.remote_endpoint(), socket.local_endpoint()) {
            cx.flows.open(self.flow, remote, local, u16::MAX, cx.environment.now);
        }
        // A session writes each message in one piece, so a delay until the next ACK (RFC 9293 section
        // 3.7.4) saves no segment.
        socket.set_nagle_enabled(false);
        (self.end_of_input, self.undelivered, self.result) = (false, 0, Ok(()));
        self.enter(Stage::Connecting, cx.environment.now);
        if !connected {
            self.finish(Err(Failure::Unreachable), &mut cx.environment, cx.flows);
        }
    }

    fn wait_for_handshake(&mut self, cx: &mut Context<'_, '_>) {
        let socket = cx.sockets.get_mut::<Socket>(self.handle);
        let (env, flows) = (&mut cx.environment, &mut *cx.flows);
        match socket.state() {
            State::Closed => self.finish(Err(Failure::Refused), env, flows),
            State::SynSent | State::SynReceived if self.check_timeout(env.now) => {
                socket.abort();
                self.finish(Err(Failure::ConnectTimedOut), env, flows);
            }
            State::SynSent | State::SynReceived => {}
            _ => {
                self.enter(Stage::Open, env.now);
                flows.connected(self.flow, env.now);
                self.exchange(socket, env, flows);
            }
        }
    }

    /// Moves bytes between socket and session, and follows the session's progress and the socket's
    /// state.
    fn exchange(
        &mut self,
        socket: &mut Socket<'_>,
        env: &mut Environment<'_>,
        flows: &mut Flows<'_>,
    ) {
        let stream = &mut SessionStream(&mut self.session);
        let Moved { bytes_in, bytes_out } =
            pump(socket, stream, &mut self.end_of_input, (flows, self.flow), env);
        let moved = bytes_in + bytes_out > 0;
        self.note_progress(moved, socket, env.now);
        match self.session.progress() {
            Progress::Running if socket.state() == State::Closed => {
                self.finish(Err(Failure::Reset), env, flows);
            }
            Progress::Running if self.check_timeout(env.now) => {
                socket.abort();
                self.finish(Err(Failure::Stalled), env, flows);
            }
            Progress::Running => {}
            Progress::Succeeded => {
                socket.close();
                self.enter(Stage::Closing, env.now);
                self.drain(socket, env, flows);
            }
            Progress::Failed => {
                socket.abort();
                self.finish(Err(Failure::GaveUp), env, flows);
            }
        }
    }

    /// Discards what the server still sends until it has acknowledged every byte and closed too.
    fn drain(&mut self, socket: &mut Socket<'_>, env: &mut Environment<'_>, flows: &mut Flows<'_>) {
        while matches!(socket.recv(|input| (input.len(), input.len())), Ok(1..)) {}
        self.note_progress(false, socket, env.now);
        flows.update(self.flow, self.undelivered, env.now);
        let is_delivered = self.undelivered == 0;
        match socket.state() {
            State::Closed | State::TimeWait if is_delivered => self.finish(Ok(()), env, flows),
            State::Closed => self.finish(Err(Failure::Reset), env, flows),
            _ if self.check_timeout(env.now) => {
                socket.abort();
                let result = if is_delivered { Ok(()) } else { Err(Failure::Stalled) };
                self.finish(result, env, flows);
            }
            _ => {}
        }
    }

    /// Restarts the timeout if bytes have moved or been acknowledged.
    fn note_progress(&mut self, moved: bool, socket: &Socket<'_>, now: Instant) {
        let undelivered = socket.send_queue();
        if moved || undelivered != self.undelivered {
            self.undelivered = undelivered;
            self.since = now;
        }
    }

    fn enter(&mut self, stage: Stage, now: Instant) {
        self.stage = stage;
        self.since = now;
    }

    fn finish(
        &mut self,
        result: Result<(), Failure>,
        env: &mut Environment<'_>,
        flows: &mut Flows<'_>,
    ) {
        flows.close(self.flow);
        self.stage = Stage::Over;
        self.result = result;
        self.session.end(result, env);
    }

    fn check_timeout(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    fn deadline(&self) -> Option<Instant> {
        let limit = match self.stage {
            Stage::New | Stage::Requested | Stage::Over => return None,
            Stage::Connecting => self.timeouts.connect,
            Stage::Closing if self.undelivered == 0 => self.timeouts.linger,
            Stage::Open | Stage::Closing => self.timeouts.progress,
        };
        Some(self.since + limit)
    }
}

impl<S: StreamSession> Service for TcpClient<S> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        match self.stage {
            Stage::New | Stage::Over => {}
            Stage::Requested => self.start(cx),
            Stage::Connecting => self.wait_for_handshake(cx),
            Stage::Open => {
                let socket = cx.sockets.get_mut::<Socket>(self.handle);
                self.exchange(socket, &mut cx.environment, cx.flows);
            }
            Stage::Closing => {
                let socket = cx.sockets.get_mut::<Socket>(self.handle);
                self.drain(socket, &mut cx.environment, cx.flows);
            }
        }
    }

    fn poll_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::Requested => Some(Instant::ZERO),
            _ => self.deadline(),
        }
    }
}

/// A session as a [`ByteStream`].
struct SessionStream<'s, S>(&'s mut S);

impl<S: StreamSession> ByteStream for SessionStream<'_, S> {
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize {
        self.0.receive(input, env)
    }

    fn end_of_input(&mut self, env: &mut Environment<'_>) {
        self.0.end_of_input(env);
    }

    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize {
        self.0.transmit(output, env)
    }

    fn is_over(&self) -> bool {
        self.0.progress() != Progress::Running
    }
}
