//! A UDP client: a client's core on one socket.

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

/// Datagrams looked at, and sent, in one turn.
const BUDGET: usize = 32;

/// When a session that found no room for its datagram is asked again, at the earliest.
const NO_ROOM: Duration = Duration::from_millis(10);

/// Drives `S` from the first poll until its progress says that it is done. The local port is a
/// random one.
pub struct UdpClient<'a, S> {
    session: S,
    port: BoundSocket<'a>,
}

/// All of a client but its session, whose type is not known here: compiled once.
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

    /// The session. A session that is done may be replaced: the client goes on with the new one.
    pub fn session(&mut self) -> &mut S {
        // It may have become due.
        self.port.poll_at = Some(Instant::ZERO);
        &mut self.session
    }

    /// How far the session is.
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
                // From somebody else, or longer than any answer can be.
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
            // What cannot be sent is lost, as it may be on the way.
            let _ = socket.send_slice(datagram, self.remote);
        }
        self.poll_at = match session.progress() {
            Progress::Running if socket.can_recv() => Some(Instant::ZERO),
            // There may be room again at the end of this turn, of which nobody is told.
            Progress::Running if !socket.can_send() => {
                session.poll_at().map(|at| at.max(env.now + NO_ROOM))
            }
            Progress::Running => session.poll_at(),
            _ => None,
        };
    }
}
