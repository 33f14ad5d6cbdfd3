//! A UDP client: one session on one socket.

use smoltcp::{
    iface::SocketHandle,
    socket::udp::{RecvError, Socket},
    time::{Duration, Instant},
    wire::IpEndpoint,
};

use crate::{
    net::{
        service::{Context, Service},
        tcp::client::dynamic_port,
    },
    protocol::client::{DatagramSession, Progress},
};

/// The most datagrams received, and the most sent, in one poll.
const BUDGET: usize = 32;

/// The time until a session is polled again after its socket had no room for a datagram.
const NO_ROOM: Duration = Duration::from_millis(10);

/// Drives `S` from the first poll until its progress is no longer [`Progress::Running`]. The local port
/// is random.
pub struct UdpClient<'a, S> {
    session: S,
    port: BoundSocket<'a>,
}

/// The part of a client that does not depend on the type of its session, so that it is compiled once.
struct BoundSocket<'a> {
    handle: SocketHandle,
    remote: IpEndpoint,
    datagram: &'a mut [u8],
    poll_at: Option<Instant>,
}

impl<'a, S: DatagramSession> UdpClient<'a, S> {
    pub(in crate::net) fn new(
        session: S,
        handle: SocketHandle,
        remote: IpEndpoint,
        datagram: &'a mut [u8],
    ) -> Self {
        let poll_at = Some(Instant::ZERO);
        Self { session, port: BoundSocket { handle, remote, datagram, poll_at } }
    }

    /// The session. It may be replaced when it is done: the client continues with the new one.
    pub fn session(&mut self) -> &mut S {
        // The caller may make a datagram due.
        self.port.poll_at = Some(Instant::ZERO);
        &mut self.session
    }

    /// The session's progress.
    pub fn progress(&self) -> Progress {
        self.session.progress()
    }
}

impl<S: DatagramSession> Service for UdpClient<'_, S> {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.port.poll(&mut self.session, cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        self.port.poll_at
    }
}

impl BoundSocket<'_> {
    fn poll(&mut self, session: &mut dyn DatagramSession, cx: &mut Context<'_, '_>) {
        let socket = cx.sockets.get_mut::<Socket>(self.handle);
        let env = &mut cx.environment;
        if session.progress() != Progress::Running {
            socket.close();
            self.poll_at = None;
            return;
        }
        if !socket.is_open() && socket.bind(dynamic_port(env.entropy)).is_err() {
            return;
        }
        if !socket.can_recv() && self.poll_at.is_some_and(|due| env.now < due) {
            return;
        }
        for _ in 0..BUDGET {
            match socket.recv_slice(self.datagram) {
                Ok((length, meta)) if meta.endpoint == self.remote => {
                    session.receive(self.datagram.get(..length).unwrap_or_default(), env);
                }
                // From another peer, or longer than any answer can be.
                Ok(_) | Err(RecvError::Truncated) => {}
                Err(RecvError::Exhausted) => break,
            }
        }
        for _ in 0..BUDGET {
            if !socket.can_send() {
                break;
            }
            let Some(length) = session.transmit(self.datagram, env) else { break };
            let datagram = self.datagram.get(..length).unwrap_or_default();
            // A datagram that cannot be sent is lost, which a session has to expect anyway.
            let _ = socket.send_slice(datagram, self.remote);
        }
        self.poll_at = match session.progress() {
            Progress::Running if socket.can_recv() => Some(Instant::ZERO),
            // Egress at the end of this poll may make room, which no incoming frame announces.
            Progress::Running if !socket.can_send() => {
                session.poll_at().map(|at| at.max(env.now + NO_ROOM))
            }
            Progress::Running => session.poll_at(),
            _ => None,
        };
    }
}
