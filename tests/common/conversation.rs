//! Drives a protocol core as the adapter does, with input and output cut where a test wants.

use bareserve::{
    Environment,
    clock::WallClock,
    entropy::SeededEntropy,
    protocol::{
        endpoints::Endpoints,
        environment::{Event, Observer},
        stream::{Phase, Protocol},
    },
};
use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

/// The environment of one core.
pub struct Bench {
    wall_clock: WallClock,
    entropy: SeededEntropy,
    /// The most polls without output that are repeated, for a store that is not ready.
    pub patience: usize,
    /// Requests and transfers that were reported.
    pub log: Log,
}

#[derive(Default)]
pub struct Log(pub Vec<String>);

impl Observer for Log {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Answered { method, path, status, reason, bytes, .. } => {
                let path = String::from_utf8_lossy(path);
                self.0.push(format!("{method} {path} {status} {bytes} {reason}"));
            }
            Event::Transferred { file, result: Ok(bytes), .. } => {
                self.0.push(format!("{file}: {bytes} bytes"));
            }
            Event::Transferred { file, result: Err(reason), .. } => {
                self.0.push(format!("{file}: {reason}"));
            }
            _ => {}
        }
    }
}

impl Bench {
    pub fn new() -> Self {
        Self {
            wall_clock: WallClock::new(),
            entropy: SeededEntropy::new(1),
            patience: 0,
            log: Log::default(),
        }
    }

    pub fn env(&mut self) -> Environment<'_> {
        Environment {
            now: Instant::ZERO,
            wall_clock: &mut self.wall_clock,
            entropy: &mut self.entropy,
            observer: &mut self.log,
            registry: Default::default(),
        }
    }

    /// Opens a connection, sends the parts of `input` and then, if `half_close`, the end of input;
    /// takes the output in slices of `room` bytes. Returns all output and the last phase.
    pub fn converse<P: Protocol>(
        &mut self,
        protocol: &mut P,
        connection: &mut P::Connection,
        input: &[&[u8]],
        half_close: bool,
        room: usize,
    ) -> (Vec<u8>, Phase) {
        let mut output = Vec::new();
        protocol.open(connection, peer(), &mut self.env());
        self.take(protocol, connection, room, &mut output);
        for part in input {
            let mut rest = *part;
            // The adapter offers the rest again as long as any byte moves.
            while !rest.is_empty() && !is_over(protocol.phase(connection)) {
                let taken = protocol.receive(connection, rest, &mut self.env());
                assert!(taken <= rest.len());
                rest = &rest[taken..];
                if self.take(protocol, connection, room, &mut output) + taken == 0 {
                    break;
                }
            }
        }
        if half_close && !is_over(protocol.phase(connection)) {
            protocol.end_of_input(connection, &mut self.env());
            self.take(protocol, connection, room, &mut output);
        }
        let phase = protocol.phase(connection);
        protocol.close(connection, &mut self.env());
        (output, phase)
    }

    fn take<P: Protocol>(
        &mut self,
        protocol: &mut P,
        connection: &mut P::Connection,
        room: usize,
        output: &mut Vec<u8>,
    ) -> usize {
        let before = output.len();
        let mut slice = vec![0xee; room];
        let mut patience = self.patience;
        while !is_over(protocol.phase(connection)) {
            let given = protocol.transmit(connection, &mut slice, &mut self.env());
            assert!(given <= room);
            output.extend_from_slice(&slice[..given]);
            if given > 0 {
                patience = self.patience;
            } else if patience > 0 {
                patience -= 1;
            } else {
                break;
            }
        }
        output.len() - before
    }
}

fn is_over(phase: Phase) -> bool {
    matches!(phase, Phase::Finished | Phase::Broken)
}

pub fn peer() -> Endpoints {
    let endpoint = |last, port| IpEndpoint { addr: IpAddress::v4(192, 168, 69, last), port };
    Endpoints { remote: endpoint(100, 50000), local: endpoint(1, 5566) }
}
