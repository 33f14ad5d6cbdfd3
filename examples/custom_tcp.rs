//! A TCP protocol of one's own, in lines: `cargo run --example custom_tcp`.
//!
//! Each line is answered with a temperature; `SET 23` changes it first, `QUIT` closes.

use bareserve::{
    Environment,
    clock::WallClock,
    entropy::SeededEntropy,
    protocol::{
        endpoints::Endpoints,
        line::{Flow, LineConnection, LineProtocol, Lines},
        stream::{Phase, Protocol},
    },
    wire::{number::parse_decimal, template::Value, writer::ResumableWriter},
};
use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

/// The protocol, with the temperature that all its connections share.
struct Thermostat(u64);

impl LineProtocol for Thermostat {
    type Session = ();

    fn name(&self) -> &'static str {
        "thermostat"
    }

    fn line(
        &mut self,
        _: &mut (),
        line: &[u8],
        reply: &mut ResumableWriter<'_>,
        _: &mut Environment<'_>,
    ) -> Flow {
        if line == b"QUIT" {
            return Flow::Close;
        }
        if let Some(celsius) = line.strip_prefix(b"SET ").and_then(parse_decimal) {
            self.0 = celsius;
        }
        reply.render("% C\n", &[Value::Number(self.0)]);
        Flow::Continue
    }
}

fn main() {
    let mut server = Lines::<_, 64>(Thermostat(21));
    talk(&mut server, &["GET\n", "SET 23\n", "GET\r\nSET 24\r\n", "QUIT\n"]);
    talk(&mut server, &["GET\nQUIT\n"]);
}

/// Connects to `server`, sends each of `requests` and prints the replies. The protocol is driven
/// as `TcpServer` drives it, without sockets.
fn talk(server: &mut Lines<Thermostat, 64>, requests: &[&str]) {
    let (mut wall_clock, mut entropy) = (WallClock::new(), SeededEntropy::new(1));
    let env = &mut Environment {
        now: Instant::ZERO,
        wall_clock: &mut wall_clock,
        entropy: &mut entropy,
        observer: &mut (),
        registry: Default::default(),
    };
    let remote = IpEndpoint::new(IpAddress::v4(192, 168, 69, 100), 50_000);
    let local = IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), 4000);
    let mut connection = LineConnection::default();
    server.open(&mut connection, Endpoints { remote, local }, env);
    for request in requests {
        println!("> {}", request.escape_default());
        let mut rest = request.as_bytes();
        while !rest.is_empty() && server.phase(&connection) != Phase::Finished {
            let taken = server.receive(&mut connection, rest, env);
            rest = &rest[taken..];
            let mut reply = [0; 64];
            let length = server.transmit(&mut connection, &mut reply, env);
            print!("{}", String::from_utf8_lossy(&reply[..length]));
        }
    }
    server.close(&mut connection, env);
    println!("closed");
}
