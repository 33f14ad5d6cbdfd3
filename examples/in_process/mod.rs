//! Set-up of the examples: a device with one HTTP connection and no network. A program on a board or
//! a host has a [`Stack`](bareserve::Stack) in this place; the application is the same.

#![allow(dead_code, reason = "each example uses a part")]

use bareserve::{
    Environment,
    clock::WallClock,
    entropy::SeededEntropy,
    http::{Application, Connection, Server},
    protocol::{endpoints::Endpoints, stream::Protocol},
};
use smoltcp::{
    time::{Duration, Instant},
    wire::{IpAddress, IpEndpoint},
};

/// Bytes of the connection's buffer.
const BUFFER: usize = 1024;

/// The longest piece that the connection reads or writes at once.
const SEGMENT: usize = 100;

pub struct Device<A: Application> {
    server: Server<A, BUFFER>,
    connection: Connection<A, BUFFER>,
    wall_clock: WallClock,
    entropy: SeededEntropy,
    now: Instant,
}

impl<A: Application> Device<A> {
    pub fn new(application: A) -> Self {
        Self {
            server: Server::new(application),
            connection: Connection::new(),
            wall_clock: WallClock::new(),
            entropy: SeededEntropy::new(1),
            now: Instant::ZERO,
        }
    }

    /// Sends a request with a JSON body, unless that is empty, and prints the response.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) {
        let fields = match body.len() {
            0 => String::new(),
            length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
        };
        println!("> {method} {path} {}", body.trim());
        let response = self.exchange(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{body}"
        ));
        print_response(&response);
    }

    /// Opens a stream of events and prints what comes in so many seconds.
    pub fn listen(&mut self, path: &str, fields: &str, seconds: u32) {
        println!("> GET {path} {}", fields.trim());
        let mut response = self.exchange(&format!("GET {path} HTTP/1.0\r\n{fields}\r\n"));
        for _ in 1..seconds {
            self.now += Duration::from_secs(1);
            response += &self.receive();
        }
        print_response(&response);
    }

    fn exchange(&mut self, request: &str) -> String {
        let end = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);
        let peer = Endpoints { remote: end, local: end };
        self.call(|server, connection, env| server.open(connection, peer, env));
        let mut response = String::new();
        for mut segment in request.as_bytes().chunks(SEGMENT) {
            while !segment.is_empty() {
                let taken =
                    self.call(|server, connection, env| server.receive(connection, segment, env));
                segment = &segment[taken..];
                let sent = self.receive();
                response += &sent;
                if taken == 0 && sent.is_empty() {
                    break;
                }
            }
        }
        response + &self.receive()
    }

    /// What the server sends now.
    fn receive(&mut self) -> String {
        let mut response = Vec::new();
        loop {
            let mut segment = [0; SEGMENT];
            let length =
                self.call(|server, connection, env| server.transmit(connection, &mut segment, env));
            if length == 0 {
                return String::from_utf8_lossy(&response).into_owned();
            }
            response.extend_from_slice(&segment[..length]);
        }
    }

    fn call<T>(
        &mut self,
        call: impl FnOnce(&mut Server<A, BUFFER>, &mut Connection<A, BUFFER>, &mut Environment<'_>) -> T,
    ) -> T {
        let mut env = Environment {
            now: self.now,
            wall_clock: &mut self.wall_clock,
            entropy: &mut self.entropy,
            observer: &mut (),
            registry: Default::default(),
        };
        call(&mut self.server, &mut self.connection, &mut env)
    }
}

fn print_response(response: &str) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
    println!("{}", head.lines().next().unwrap_or_default());
    match body.trim_end() {
        "" => println!(),
        body => println!("{body}\n"),
    }
}
