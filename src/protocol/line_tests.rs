extern crate std;

use std::{string::String, vec, vec::Vec};

use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use super::*;
use crate::{clock::WallClock, entropy::SeededEntropy, wire::template::Value};

const SIZE: usize = 16;

/// Numbers the lines of a connection and repeats them in brackets. `quit` closes, `flood` replies
/// with more than fits.
struct Counted {
    skips: bool,
}

impl LineProtocol for Counted {
    type Session = u64;

    fn name(&self) -> &'static str {
        "counted"
    }

    fn open(
        &mut self,
        _session: &mut u64,
        _peer: Endpoints,
        reply: &mut ResumableWriter<'_>,
        _env: &mut Environment<'_>,
    ) -> Flow {
        reply.put("hello\n");
        Flow::Continue
    }

    fn line(
        &mut self,
        session: &mut u64,
        line: &[u8],
        reply: &mut ResumableWriter<'_>,
        _env: &mut Environment<'_>,
    ) -> Flow {
        *session += 1;
        match line {
            b"quit" => {
                reply.put("closing\n");
                Flow::Close
            }
            b"flood" => {
                reply.put("more than sixteen bytes\n");
                Flow::Continue
            }
            _ => {
                reply.render("%[%]\n", &[Value::Number(*session), Value::Bytes(line)]);
                Flow::Continue
            }
        }
    }

    fn too_long(
        &mut self,
        _session: &mut u64,
        reply: &mut ResumableWriter<'_>,
        _env: &mut Environment<'_>,
    ) -> Flow {
        reply.put("too long\n");
        if self.skips { Flow::Continue } else { Flow::Close }
    }
}

type Connection = LineConnection<u64, SIZE>;

fn with_env<T>(work: impl FnOnce(&mut Environment<'_>) -> T) -> T {
    work(&mut Environment {
        now: Instant::ZERO,
        wall_clock: &mut WallClock::new(),
        entropy: &mut SeededEntropy::new(0),
        observer: &mut (),
        registry: Default::default(),
    })
}

fn peer() -> Endpoints {
    let remote = IpEndpoint::new(IpAddress::v4(192, 168, 69, 100), 40_000);
    Endpoints { remote, local: IpEndpoint::new(IpAddress::v4(192, 168, 69, 1), 4000) }
}

fn is_over(phase: Phase) -> bool {
    matches!(phase, Phase::Finished | Phase::Broken)
}

/// Sends `parts` and then half-closes, as the adapter of a socket does: an untaken rest is offered
/// again after at most `room` bytes at a time were sent. Returns the output and the last phase.
fn converse(skips: bool, parts: &[&[u8]], room: usize) -> (String, Phase) {
    with_env(|env| {
        let (mut server, mut connection) = (Lines::<_, SIZE>(Counted { skips }), Connection::new());
        let (mut output, mut buffer) = (Vec::new(), vec![0; room]);
        server.open(&mut connection, peer(), env);
        for part in parts.iter().map(Some).chain([None]) {
            let mut rest = part.copied().unwrap_or_default();
            if part.is_none() && !is_over(server.phase(&connection)) {
                server.end_of_input(&mut connection, env);
            }
            loop {
                let mut moved = 0;
                while !rest.is_empty() && !is_over(server.phase(&connection)) {
                    let taken = server.receive(&mut connection, rest, env);
                    if taken == 0 {
                        break;
                    }
                    moved += taken;
                    rest = &rest[taken..];
                }
                while !is_over(server.phase(&connection)) {
                    let given = server.transmit(&mut connection, &mut buffer, env);
                    if given == 0 {
                        break;
                    }
                    moved += given;
                    output.extend_from_slice(&buffer[..given]);
                }
                if moved == 0 {
                    break;
                }
            }
        }
        (String::from_utf8(output).unwrap(), server.phase(&connection))
    })
}

/// Input, whether lines that are too long are skipped, output, and how it ends.
const CONVERSATIONS: &[(&str, bool, &str, Phase)] = &[
    ("", false, "hello\n", Phase::Finished),
    ("a\nb\r\n\n\r\nc", false, "hello\n1[a]\n2[b]\n3[]\n4[]\n", Phase::Finished),
    ("a\rb\r\r\n", false, "hello\n1[a\rb\r]\n", Phase::Finished),
    ("123456789012\n1\n", false, "hello\n1[123456789012]\n2[1]\n", Phase::Finished),
    ("quit\nnot read\n", false, "hello\nclosing\n", Phase::Finished),
    ("a\nflood\nb\n", false, "hello\n1[a]\n", Phase::Broken),
    ("12345678901234567\na\n", false, "hello\ntoo long\n", Phase::Finished),
    ("1234567890123456\r\na\n", false, "hello\ntoo long\n", Phase::Finished),
    ("12345678901234567 and more\na\n", true, "hello\ntoo long\n1[a]\n", Phase::Finished),
    ("12345678901234567\n\nquit\n", true, "hello\ntoo long\n1[]\nclosing\n", Phase::Finished),
    ("1234567890123456789", true, "hello\ntoo long\n", Phase::Finished),
];

#[test]
fn conversations_are_the_same_at_every_cut_and_room() {
    for (input, skips, output, end) in CONVERSATIONS {
        let input = input.as_bytes();
        let expected = (String::from(*output), *end);
        for room in [1, 2, 5, 64] {
            for cut in 0..=input.len() {
                let (left, right) = input.split_at(cut);
                let found = converse(*skips, &[left, right], room);
                assert_eq!(found, expected, "{} cut at {cut}", input.escape_ascii());
            }
            let bytes: Vec<&[u8]> = input.chunks(1).collect();
            assert_eq!(converse(*skips, &bytes, room), expected);
        }
    }
}

#[test]
fn lines_and_replies_have_exactly_size_bytes() {
    /// Replies with the line alone.
    struct Repeat;
    impl LineProtocol for Repeat {
        type Session = ();
        fn name(&self) -> &'static str {
            "repeat"
        }
        fn line(
            &mut self,
            _session: &mut (),
            line: &[u8],
            reply: &mut ResumableWriter<'_>,
            _env: &mut Environment<'_>,
        ) -> Flow {
            reply.bytes(line);
            Flow::Continue
        }
    }
    with_env(|env| {
        for length in 0..20 {
            let mut server = Lines::<_, SIZE>(Repeat);
            let mut connection = LineConnection::new();
            server.open(&mut connection, peer(), env);
            let line = [&vec![b'x'; length][..], b"\n"].concat();
            assert_eq!(server.receive(&mut connection, &line, env), line.len());
            let mut output = [0; 64];
            let given = server.transmit(&mut connection, &mut output, env);
            let expected = if length <= SIZE { length } else { 0 };
            assert_eq!(given, expected);
            let is_idle = server.phase(&connection) == Phase::Idle;
            assert_eq!(is_idle, length <= SIZE, "{length}");
        }
    });
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    with_env(|env| {
        let (mut server, mut connection) =
            (Lines::<_, SIZE>(Counted { skips: false }), Connection::new());
        server.open(&mut connection, peer(), env);
        assert_eq!(server.receive(&mut connection, b"a\nb\n", env), 0);
        assert_eq!(server.transmit(&mut connection, &mut [0; 6], env), 6);
        assert_eq!(server.receive(&mut connection, b"a\nb\n", env), 2);
        assert_eq!(server.receive(&mut connection, b"b\n", env), 0);
        assert_eq!(server.transmit(&mut connection, &mut [0; 4], env), 4);
        assert_eq!(server.receive(&mut connection, b"b\n", env), 0);
        assert_eq!(server.transmit(&mut connection, &mut [0; 4], env), 1);
        assert_eq!(server.receive(&mut connection, b"b\n", env), 2);
    });
}

#[test]
fn each_phase_has_its_timeout_and_its_end() {
    with_env(|env| {
        let (mut server, mut connection) =
            (Lines::<_, SIZE>(Counted { skips: true }), Connection::new());
        server.open(&mut connection, peer(), env);
        let steps: [(&[u8], usize, Phase, Phase); 7] = [
            (b"", 0, Phase::Sending, Phase::Broken),
            (b"", 6, Phase::FirstByte, Phase::Finished),
            (b"a", 0, Phase::Head, Phase::Finished),
            (b"\n", 0, Phase::Sending, Phase::Broken),
            (b"", 64, Phase::Idle, Phase::Finished),
            (b"12345678901234567", 64, Phase::Head, Phase::Finished),
            (b"\n", 0, Phase::Idle, Phase::Finished),
        ];
        for (input, room, phase, end) in steps {
            assert_eq!(server.receive(&mut connection, input, env), input.len());
            server.transmit(&mut connection, &mut vec![0; room], env);
            assert_eq!(server.phase(&connection), phase);
            let mut expired = connection.clone();
            server.expire(&mut expired, env);
            assert_eq!(server.phase(&expired), end, "{phase:?}");
        }
    });
}

#[test]
fn a_new_connection_keeps_nothing_of_the_last() {
    with_env(|env| {
        let (mut server, mut connection) =
            (Lines::<_, SIZE>(Counted { skips: false }), Connection::new());
        for _ in 0..2 {
            server.open(&mut connection, peer(), env);
            let mut output = [0; 64];
            assert_eq!(server.transmit(&mut connection, &mut output, env), 6);
            server.receive(&mut connection, b"a\n", env);
            assert_eq!(server.transmit(&mut connection, &mut output, env), 5);
            assert_eq!(&output[..5], b"1[a]\n");
            server.receive(&mut connection, b"left over", env);
            server.close(&mut connection, env);
        }
    });
}

#[test]
fn a_connection_has_the_documented_size() {
    assert!(size_of::<LineConnection<(), 128>>() <= 2 * 128 + 32);
}
