//! Echo, RFC 862: sends back the bytes that it receives, over TCP and UDP.

use crate::protocol::{
    datagram::DatagramProtocol,
    endpoints::Endpoints,
    environment::Environment,
    loop_guard::may_answer,
    stream::{Phase, Protocol},
};

/// The port, TCP and UDP.
pub const PORT: u16 = 7;

/// Over UDP: sends each datagram back, except those that could make a loop ([`may_answer`]).
#[derive(Debug, Clone, Copy)]
pub struct UdpEcho;

impl DatagramProtocol for UdpEcho {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn answer(
        &mut self,
        _datagram: &mut [u8],
        length: usize,
        endpoints: Endpoints,
        _env: &mut Environment<'_>,
    ) -> Option<usize> {
        may_answer(&endpoints).then_some(length)
    }
}

/// Over TCP, through a buffer of `SIZE` bytes: sends back every byte until the peer half-closes. While
/// the buffer is full, nothing is received.
#[derive(Debug, Clone, Copy)]
pub struct TcpEcho<const SIZE: usize>;

/// One connection of a [`TcpEcho`]: its buffer and 24 bytes or less.
#[derive(Debug, Clone)]
pub struct EchoConnection<const SIZE: usize> {
    bytes: [u8; SIZE],
    /// Bytes in use: from `start` up to `end`.
    start: usize,
    end: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No byte has been received.
    New,
    Open,
    /// The peer has half-closed.
    HalfClosed,
    /// A timeout has passed.
    Expired,
}

impl<const SIZE: usize> EchoConnection<SIZE> {
    /// A connection without a peer.
    pub const fn new() -> Self {
        Self { bytes: [0; SIZE], start: 0, end: 0, state: State::New }
    }

    fn clear(&mut self) {
        (self.start, self.end, self.state) = (0, 0, State::New);
    }
}

impl<const SIZE: usize> Default for EchoConnection<SIZE> {
    #[inline(never)]
    fn default() -> Self {
        Self::new()
    }
}

impl<const SIZE: usize> Protocol for TcpEcho<SIZE> {
    type Connection = EchoConnection<SIZE>;

    fn name(&self) -> &'static str {
        "echo"
    }

    fn open(&mut self, connection: &mut Self::Connection, _: Endpoints, _: &mut Environment<'_>) {
        connection.clear();
    }

    fn receive(
        &mut self,
        connection: &mut Self::Connection,
        input: &[u8],
        _env: &mut Environment<'_>,
    ) -> usize {
        connection.state = State::Open;
        let room = connection.bytes.get_mut(connection.end..).unwrap_or_default();
        let taken = copy(input, room);
        connection.end += taken;
        taken
    }

    fn end_of_input(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.state = State::HalfClosed;
    }

    fn transmit(
        &mut self,
        connection: &mut Self::Connection,
        output: &mut [u8],
        _env: &mut Environment<'_>,
    ) -> usize {
        let pending = connection.bytes.get(connection.start..connection.end).unwrap_or_default();
        let given = copy(pending, output);
        connection.start += given;
        if connection.start == connection.end {
            (connection.start, connection.end) = (0, 0);
        }
        given
    }

    fn phase(&self, connection: &Self::Connection) -> Phase {
        let is_empty = connection.start == connection.end;
        match connection.state {
            State::HalfClosed | State::Expired if is_empty => Phase::Finished,
            State::Expired => Phase::Broken,
            State::New => Phase::FirstByte,
            State::Open if is_empty => Phase::Idle,
            State::Open | State::HalfClosed => Phase::Sending,
        }
    }

    fn expire(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.state = State::Expired;
    }

    fn close(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.clear();
    }
}

/// Copies as many bytes as fit, and returns how many.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    to.iter_mut().zip(from).map(|(to, from)| *to = *from).count()
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use smoltcp::{
        time::Instant,
        wire::{IpAddress, IpEndpoint},
    };

    use super::*;
    use crate::{
        clock::WallClock,
        entropy::{Entropy, SeededEntropy},
    };

    fn peer(port: u16) -> Endpoints {
        let remote = IpEndpoint::new(IpAddress::v4(192, 168, 69, 100), port);
        Endpoints { remote, local: IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), PORT) }
    }

    fn with_env<T>(work: impl FnOnce(&mut Environment<'_>) -> T) -> T {
        work(&mut Environment {
            now: Instant::ZERO,
            wall_clock: &mut WallClock::new(),
            entropy: &mut SeededEntropy::new(0),
            observer: &mut (),
            registry: Default::default(),
        })
    }

    /// Receives and sends pieces of random sizes, and never buffers more than `SIZE` bytes.
    #[test]
    fn every_byte_is_sent_back_in_order() {
        with_env(|env| {
            let mut random = SeededEntropy::new(7);
            for _ in 0..500 {
                let mut input = [0; 300];
                random.fill(&mut input);
                let (mut echo, mut connection) = (TcpEcho::<16>, EchoConnection::new());
                echo.open(&mut connection, peer(40_000), env);
                assert_eq!(echo.phase(&connection), Phase::FirstByte);
                let (mut offered, mut output) = (0, Vec::new());
                while output.len() < input.len() {
                    let piece = random.next_u64() as usize % 40;
                    let rest = &input[offered..];
                    offered += echo.receive(&mut connection, &rest[..piece.min(rest.len())], env);
                    assert!(offered - output.len() <= 16);
                    if offered == input.len() && random.next_u64().is_multiple_of(2) {
                        echo.end_of_input(&mut connection, env);
                    }
                    let mut room = [0; 40];
                    let size = random.next_u64() as usize % 40 + 1;
                    let given = echo.transmit(&mut connection, &mut room[..size], env);
                    output.extend_from_slice(&room[..given]);
                }
                assert_eq!(output, input);
                echo.end_of_input(&mut connection, env);
                assert_eq!(echo.phase(&connection), Phase::Finished);
            }
        });
    }

    #[test]
    fn a_timeout_closes_in_order_only_with_an_empty_buffer() {
        with_env(|env| {
            let (mut echo, mut connection) = (TcpEcho::<16>, EchoConnection::new());
            echo.open(&mut connection, peer(40_000), env);
            echo.receive(&mut connection, b"x", env);
            assert_eq!(echo.phase(&connection), Phase::Sending);
            let mut idle = connection.clone();
            assert_eq!(echo.transmit(&mut idle, &mut [0; 2], env), 1);
            assert_eq!(echo.phase(&idle), Phase::Idle);
            echo.expire(&mut idle, env);
            assert_eq!(echo.phase(&idle), Phase::Finished);
            echo.expire(&mut connection, env);
            assert_eq!(echo.phase(&connection), Phase::Broken);
        });
    }

    #[test]
    fn datagrams_are_sent_back_except_to_answering_services() {
        with_env(|env| {
            let mut answer = |port| UdpEcho.answer(&mut [1; 1472], 1472, peer(port), env);
            assert_eq!(answer(40_000), Some(1472));
            for port in [7, 13, 19, 37] {
                assert_eq!(answer(port), None);
            }
        });
    }
}
