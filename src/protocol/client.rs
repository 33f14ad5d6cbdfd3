//! The contract between the core of a client and the adapter that drives it: [`TcpClient`] and
//! [`UdpClient`] over smoltcp, or the sockets of an operating system.
//!
//! [`TcpClient`]: crate::net::tcp::client::TcpClient
//! [`UdpClient`]: crate::net::udp::client::UdpClient

use core::fmt;

use smoltcp::time::Instant;

use super::environment::Environment;

/// A client's side of one TCP connection, without the socket.
///
/// Once connected, the adapter calls [`receive`](StreamSession::receive) and
/// [`transmit`](StreamSession::transmit) in any order for as long as either moves bytes, and
/// [`end_of_input`](StreamSession::end_of_input) once if the server half-closes, until
/// [`progress`](StreamSession::progress) is no longer [`Progress::Running`]. Then it delivers what
/// was transmitted and closes. [`end`](StreamSession::end) is the last call for each connection, also
/// after an error.
pub trait StreamSession {
    /// Consumes bytes from the front of `input` and returns how many. The rest is offered again.
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize;

    /// The server will send nothing more; all it sent has been received.
    fn end_of_input(&mut self, env: &mut Environment<'_>);

    /// Writes to the front of `output`, which may be as short as one byte, and returns how many.
    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize;

    /// Whether the session is running or has ended.
    fn progress(&self) -> Progress;

    /// The connection has ended, or could not be established. Releases resources; no partly written
    /// file may remain.
    fn end(&mut self, result: Result<(), Failure>, env: &mut Environment<'_>);
}

/// A client that exchanges datagrams with one server, without the socket.
///
/// The adapter passes on only what comes from the server's address and port.
pub trait DatagramSession {
    /// A datagram from the server has arrived.
    fn receive(&mut self, datagram: &[u8], env: &mut Environment<'_>);

    /// Handles deadlines that have passed, writes the next datagram, if any, to the front of `datagram`,
    /// and returns its length. Called until it returns `None`.
    fn transmit(&mut self, datagram: &mut [u8], env: &mut Environment<'_>) -> Option<usize>;

    /// When to call [`DatagramSession::transmit`] even if no datagram arrives.
    fn poll_at(&self) -> Option<Instant>;

    /// Whether the session is running or has ended.
    fn progress(&self) -> Progress;
}

impl<S: StreamSession + ?Sized> StreamSession for &mut S {
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize {
        (**self).receive(input, env)
    }

    fn end_of_input(&mut self, env: &mut Environment<'_>) {
        (**self).end_of_input(env);
    }

    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize {
        (**self).transmit(output, env)
    }

    fn progress(&self) -> Progress {
        (**self).progress()
    }

    fn end(&mut self, result: Result<(), Failure>, env: &mut Environment<'_>) {
        (**self).end(result, env);
    }
}

impl<S: DatagramSession + ?Sized> DatagramSession for &mut S {
    fn receive(&mut self, datagram: &[u8], env: &mut Environment<'_>) {
        (**self).receive(datagram, env);
    }

    fn transmit(&mut self, datagram: &mut [u8], env: &mut Environment<'_>) -> Option<usize> {
        (**self).transmit(datagram, env)
    }

    fn poll_at(&self) -> Option<Instant> {
        (**self).poll_at()
    }

    fn progress(&self) -> Progress {
        (**self).progress()
    }
}

/// The state of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The exchange is not complete.
    Running,
    /// The exchange is complete.
    Succeeded,
    /// The exchange has failed. The session's own type provides the reason.
    Failed,
}

/// Why a client's exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No local address or route leads to the server.
    Unreachable,
    /// The server refused the connection.
    Refused,
    /// The server did not answer the connection request in time.
    ConnectTimedOut,
    /// The connection was established, then made no progress for too long.
    Stalled,
    /// The server reset the connection before the exchange was complete.
    Reset,
    /// The session rejected what the server sent, or failed itself.
    GaveUp,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "no route to the server",
            Self::Refused => "connection refused",
            Self::ConnectTimedOut => "connecting timed out",
            Self::Stalled => "the server stopped answering",
            Self::Reset => "connection reset by the server",
            Self::GaveUp => "the exchange failed",
        })
    }
}

impl core::error::Error for Failure {}
