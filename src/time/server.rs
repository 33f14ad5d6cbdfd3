//! The servers of the time services: they send up to 56 bytes and ignore all input.

use super::format::{TimeFormat, TimeText};
use crate::protocol::{
    datagram::DatagramProtocol,
    endpoints::Endpoints,
    environment::Environment,
    loop_guard::may_answer,
    stream::{Phase, Protocol},
};

/// Over TCP: sends the time to each peer that connects, then closes. While the clock is unset it
/// closes without sending a byte. Input is dropped.
#[derive(Debug, Clone)]
pub struct TimeServer<F>(pub F);

/// One connection of a [`TimeServer`]: the bytes to send. 80 bytes or less.
#[derive(Debug, Clone)]
pub struct TimeConnection {
    text: TimeText,
    sent: usize,
    is_broken: bool,
}

impl TimeConnection {
    /// A connection without a peer.
    pub const fn new() -> Self {
        Self { text: TimeText::new(), sent: 0, is_broken: false }
    }

    fn unsent(&self) -> &[u8] {
        self.text.get(self.sent..).unwrap_or_default()
    }
}

impl Default for TimeConnection {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: TimeFormat> Protocol for TimeServer<F> {
    type Connection = TimeConnection;

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn open(
        &mut self,
        connection: &mut TimeConnection,
        _peer: Endpoints,
        env: &mut Environment<'_>,
    ) {
        *connection = TimeConnection::new();
        if write_now(&self.0, env, &mut connection.text).is_none() {
            connection.text.clear();
        }
    }

    fn receive(
        &mut self,
        _connection: &mut TimeConnection,
        input: &[u8],
        _env: &mut Environment<'_>,
    ) -> usize {
        input.len()
    }

    fn end_of_input(&mut self, _connection: &mut TimeConnection, _env: &mut Environment<'_>) {}

    fn transmit(
        &mut self,
        connection: &mut TimeConnection,
        output: &mut [u8],
        _env: &mut Environment<'_>,
    ) -> usize {
        let written =
            output.iter_mut().zip(connection.unsent()).map(|(to, from)| *to = *from).count();
        connection.sent += written;
        written
    }

    fn phase(&self, connection: &TimeConnection) -> Phase {
        match connection.unsent() {
            _ if connection.is_broken => Phase::Broken,
            [] => Phase::Finished,
            _ => Phase::Sending,
        }
    }

    fn expire(&mut self, connection: &mut TimeConnection, _env: &mut Environment<'_>) {
        connection.is_broken = true;
    }

    fn close(&mut self, connection: &mut TimeConnection, _env: &mut Environment<'_>) {
        *connection = TimeConnection::new();
    }
}

/// Over UDP: answers any datagram with the time, except those that could make a loop
/// ([`may_answer`]). While the clock is unset it answers none.
#[derive(Debug, Clone)]
pub struct UdpTime<F>(pub F);

impl<F: TimeFormat> DatagramProtocol for UdpTime<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn answer(
        &mut self,
        datagram: &mut [u8],
        _length: usize,
        endpoints: Endpoints,
        env: &mut Environment<'_>,
    ) -> Option<usize> {
        if !may_answer(&endpoints) {
            return None;
        }
        let mut text = TimeText::new();
        write_now(&self.0, env, &mut text)?;
        datagram.get_mut(..text.len())?.copy_from_slice(&text);
        Some(text.len())
    }
}

fn write_now(format: &impl TimeFormat, env: &Environment<'_>, text: &mut TimeText) -> Option<()> {
    format.write(env.date()?, env.wall_clock.utc_offset_seconds(), text)
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
        clock::{UnixTime, WallClock},
        entropy::SeededEntropy,
        time::{daytime::Daytime, seconds::Seconds, timestamp::Timestamp},
    };

    const REMOTE: IpEndpoint = IpEndpoint { addr: IpAddress::v4(192, 168, 69, 100), port: 40_000 };
    const LOCAL: IpEndpoint = IpEndpoint { addr: IpAddress::v4(192, 168, 69, 1), port: 9999 };

    /// A clock two hours ahead of UTC, at 2023-04-19 17:04:30.293444 UTC 5 seconds after the start.
    fn set_clock() -> WallClock {
        let mut clock = WallClock::new();
        clock.set(Instant::from_secs(4), UnixTime(1_681_923_869_293_444));
        clock.set_utc_offset_seconds(7200);
        clock
    }

    fn with_env<T>(mut clock: WallClock, work: impl FnOnce(&mut Environment<'_>) -> T) -> T {
        work(&mut Environment {
            now: Instant::from_secs(5),
            wall_clock: &mut clock,
            entropy: &mut SeededEntropy::new(0),
            observer: &mut (),
            registry: Default::default(),
        })
    }

    /// The output of a connection that may write `first` bytes at first and then any number.
    fn over_tcp(format: impl TimeFormat, clock: WallClock, first: usize) -> Vec<u8> {
        with_env(clock, |env| {
            let (mut server, mut connection) = (TimeServer(format), TimeConnection::new());
            server.open(&mut connection, Endpoints { remote: REMOTE, local: LOCAL }, env);
            let (mut sent, mut room) = (Vec::new(), first);
            while server.phase(&connection) == Phase::Sending {
                assert_eq!(server.receive(&mut connection, b"GET", env), 3);
                let mut output = [0; 100];
                let given = server.transmit(&mut connection, &mut output[..room], env);
                sent.extend_from_slice(&output[..given]);
                room = 100;
            }
            assert_eq!(server.phase(&connection), Phase::Finished);
            assert_eq!(server.transmit(&mut connection, &mut [0; 100], env), 0);
            sent
        })
    }

    #[test]
    fn tcp_sends_the_time_and_is_finished_however_it_is_cut() {
        for first in 1..100 {
            assert_eq!(over_tcp(Timestamp, set_clock(), first), b"2023-04-19 19:04:30.293444");
            let line = over_tcp(Daytime, set_clock(), first);
            assert_eq!(line, b"Wednesday, April 19, 2023 19:04:30-UTC+02:00\r\n");
            let bytes = over_tcp(Seconds, set_clock(), first);
            assert_eq!(bytes, 3_890_912_670_u32.to_be_bytes());
        }
    }

    #[test]
    fn an_unset_clock_sends_nothing() {
        assert_eq!(over_tcp(Timestamp, WallClock::new(), 1), b"");
        assert_eq!(over_tcp(Daytime, WallClock::new(), 1), b"");
        assert_eq!(over_tcp(Seconds, WallClock::new(), 1), b"");
        assert_eq!(over_udp(Seconds, WallClock::new(), REMOTE, 100), None);
    }

    #[test]
    fn a_peer_that_does_not_read_is_reset() {
        with_env(set_clock(), |env| {
            let (mut server, mut connection) = (TimeServer(Timestamp), TimeConnection::new());
            server.open(&mut connection, Endpoints { remote: REMOTE, local: LOCAL }, env);
            server.expire(&mut connection, env);
            assert_eq!(server.phase(&connection), Phase::Broken);
            server.open(&mut connection, Endpoints { remote: REMOTE, local: LOCAL }, env);
            assert_eq!(server.phase(&connection), Phase::Sending);
        });
    }

    fn over_udp(
        format: impl TimeFormat,
        clock: WallClock,
        remote: IpEndpoint,
        room: usize,
    ) -> Option<Vec<u8>> {
        with_env(clock, |env| {
            let mut datagram = [b'?'; 100];
            let endpoints = Endpoints { remote, local: LOCAL };
            let answer = UdpTime(format).answer(&mut datagram[..room], 0, endpoints, env);
            answer.map(|length| datagram[..length].to_vec())
        })
    }

    #[test]
    fn udp_answers_any_datagram_except_from_answering_services() {
        let seconds = 3_890_912_670_u32.to_be_bytes().to_vec();
        assert_eq!(over_udp(Seconds, set_clock(), REMOTE, 100), Some(seconds));
        let line = b"Wednesday, April 19, 2023 19:04:30-UTC+02:00\r\n".to_vec();
        assert_eq!(over_udp(Daytime, set_clock(), REMOTE, 100), Some(line));
        assert_eq!(over_udp(Daytime, set_clock(), REMOTE, 40), None);
        for port in [0, 7, 13, 17, 19, 37] {
            let remote = IpEndpoint { port, ..REMOTE };
            assert_eq!(over_udp(Seconds, set_clock(), remote, 100), None, "{port}");
        }
    }
}
