//! The contract between a client's core and whatever gives it bytes: [`TcpClient`] and
//! [`UdpClient`] over smoltcp, a host's own sockets elsewhere.
//!
//! [`TcpClient`]: super::tcp_client::TcpClient
//! [`UdpClient`]: super::udp_client::UdpClient

use core::fmt;

use smoltcp::time::Instant;

use super::environment::Environment;

/// A client's side of one TCP connection, without the socket.
///
/// Once connected, the adapter calls [`receive`](StreamSession::receive) and
/// [`transmit`](StreamSession::transmit) in any order for as long as either moves bytes, and
/// [`end_of_input`](StreamSession::end_of_input) once if the server half-closes, until
/// [`progress`](StreamSession::progress) is no longer [`Progress::Running`]. Then it delivers what
/// was transmitted and closes. [`end`](StreamSession::end) is the last call, however it came.
pub trait StreamSession {
    /// Takes bytes from the front of `input` and returns how many. The rest is offered again.
    fn receive(&mut self, input: &[u8], env: &mut Environment<'_>) -> usize;

    /// The server will send nothing more; all it sent has been received.
    fn end_of_input(&mut self, env: &mut Environment<'_>);

    /// Writes to the front of `output`, which may be as short as one byte, and returns how many.
    fn transmit(&mut self, output: &mut [u8], env: &mut Environment<'_>) -> usize;

    /// How far it is.
    fn progress(&self) -> Progress;

    /// The connection is gone, or never came to be. Release what is held; nothing half-written may
    /// stay.
    fn end(&mut self, result: Result<(), Failure>, env: &mut Environment<'_>);
}

/// A client that exchanges datagrams with one server, without the socket.
///
/// The adapter passes on only what comes from the server's address and port.
pub trait DatagramSession {
    /// A datagram has come from the server.
    fn receive(&mut self, datagram: &[u8], env: &mut Environment<'_>);

    /// Sees to what is due by time, and writes the next datagram, if there is one, to the front of
    /// `datagram` and returns its length. Called until it returns `None`.
    fn transmit(&mut self, datagram: &mut [u8], env: &mut Environment<'_>) -> Option<usize>;

    /// When [`DatagramSession::transmit`] wants to be called even if nothing arrives.
    fn poll_at(&self) -> Option<Instant>;

    /// How far it is.
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

/// How far a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    Running,
    /// It has what it wanted.
    Succeeded,
    /// It will not get what it wanted; the client itself knows why.
    Failed,
}

/// Why a client did not get what it wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no address of our own from which the server's can be reached.
    Unreachable,
    /// The server refused the connection.
    Refused,
    /// The server did not answer the connection request in time.
    ConnectTimedOut,
    /// The connection was open, then nothing moved for too long.
    Stalled,
    /// The server reset the connection before all was said.
    Reset,
    /// The client gave up on what the server sent, or could not do its own part.
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
