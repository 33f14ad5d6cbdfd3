//! Whole requests through the whole server, without sockets.

extern crate std;

mod access;
mod applications;
mod attacks;
mod combined;
mod files;
mod framing;
mod memory_store;
#[cfg(feature = "json")]
mod routes;

use std::{format, string::String, vec, vec::Vec};

use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use self::memory_store::MemoryStore;
use super::{Application, Connection, Files, Server, WriteAccess};
use crate::{
    clock::{UnixTime, WallClock},
    entropy::SeededEntropy,
    protocol::{
        endpoints::Endpoints,
        environment::{Environment, Event, Observer},
        stream::{Phase, Protocol},
    },
};

/// 2023-11-14 22:13:20 UTC.
const NOW: i64 = 1_700_000_000;

/// A server with one connection, and the device around it.
struct Bench<A: Application, const BUFFER: usize = 1024> {
    server: Server<A, BUFFER>,
    connection: Connection<A, BUFFER>,
    clock: WallClock,
    now: Instant,
    entropy: SeededEntropy,
    output: Vec<u8>,
    /// Reports of answered requests.
    events: Vec<String>,
    /// The length of the output slices that the server gets.
    room: usize,
}

impl<A: Application, const BUFFER: usize> Bench<A, BUFFER> {
    fn new(application: A) -> Self {
        let mut clock = WallClock::new();
        clock.set(Instant::ZERO, UnixTime(NOW * 1_000_000));
        let mut bench = Self {
            server: Server::new(application).with_host_names(&["a", "b", "x"]),
            connection: Connection::new(),
            clock,
            now: Instant::ZERO,
            entropy: SeededEntropy::new(1),
            output: vec![],
            events: vec![],
            room: 4096,
        };
        bench.open();
        bench
    }

    fn with<T>(
        &mut self,
        call: impl FnOnce(&mut Server<A, BUFFER>, &mut Connection<A, BUFFER>, &mut Environment<'_>) -> T,
    ) -> T {
        let mut env = Environment {
            now: self.now,
            wall_clock: &mut self.clock,
            entropy: &mut self.entropy,
            observer: &mut Reports(&mut self.events),
            registry: Default::default(),
        };
        call(&mut self.server, &mut self.connection, &mut env)
    }

    fn open(&mut self) {
        let end = IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), 80);
        self.output.clear();
        self.with(|server, connection, env| {
            server.open(connection, Endpoints { remote: end, local: end }, env)
        });
    }

    /// Receives until no input is taken and transmits until there is no output, as `net` does.
    /// Returns the number of bytes taken.
    fn feed(&mut self, input: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let mut still = true;
            loop {
                let rest = &input[at..];
                if rest.is_empty() {
                    break;
                }
                let taken =
                    self.with(|server, connection, env| server.receive(connection, rest, env));
                at += taken;
                still &= taken == 0;
                if taken == 0 {
                    break;
                }
            }
            loop {
                let mut room = vec![0; self.room];
                let len = self
                    .with(|server, connection, env| server.transmit(connection, &mut room, env));
                self.output.extend_from_slice(&room[..len]);
                still &= len == 0;
                if len == 0 {
                    break;
                }
            }
            if still {
                return at;
            }
        }
    }

    fn end_of_input(&mut self) {
        self.with(|server, connection, env| server.end_of_input(connection, env));
        self.feed(b"");
    }

    fn expire(&mut self) {
        self.with(|server, connection, env| server.expire(connection, env));
        self.feed(b"");
    }

    fn phase(&self) -> Phase {
        self.server.phase(&self.connection)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    /// All that the server sends for `input` on a fresh connection.
    fn ask(&mut self, input: &[u8]) -> String {
        self.open();
        self.feed(input);
        self.text()
    }

    /// The status codes of all responses to `input`.
    fn statuses(&mut self, input: &[u8]) -> Vec<u16> {
        statuses(&self.ask(input))
    }
}

/// Keeps what a log would show of requests.
struct Reports<'e>(&'e mut Vec<String>);

impl Observer for Reports<'_> {
    fn event(&mut self, event: Event<'_>) {
        if let Event::Answered { method, path, status, reason, bytes, .. } = event {
            let path = String::from_utf8_lossy(path);
            self.0.push(format!("{method} {path} {status} {bytes} {reason}"));
        }
    }
}

fn statuses(output: &str) -> Vec<u16> {
    output.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().expect("a status")).collect()
}

fn files() -> Bench<Files<MemoryStore>> {
    Bench::new(Files::new(MemoryStore::sample()))
}
