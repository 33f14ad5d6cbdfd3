//! Applications: bodies whole and streamed, answers streamed, JSON, events.

use super::std::{format, string::String, vec::Vec};

use smoltcp::time::{Duration, Instant};

use super::{Bench, files, statuses};
use crate::{
    http::{
        Answer, Application, BodyMode, BodyPoll, BodyWriter, Method, Methods, Reply, Request,
        Result, Status, WriteAccess, auth::Token, segments,
    },
    protocol::{environment::Environment, stream::Phase},
};

/// One of everything.
#[derive(Default)]
struct Sample {
    released: bool,
}

enum Exchange {
    /// The sum of what has come.
    Sum(u64),
    /// Numbers yet to be counted down.
    Countdown(u32),
    Events {
        next: Instant,
    },
    Endless,
    Short(u64),
}

#[derive(serde::Serialize)]
struct Point<'a> {
    name: &'a str,
    x: u32,
}

impl Application for Sample {
    type Exchange = Exchange;

    fn methods(&self, path: &str) -> Option<Methods> {
        match segments(path, &mut [""; 3]) {
            ["echo"] => Some(Methods::GET.and(Methods::POST)),
            ["sum"] => Some(Methods::PUT),
            ["point", _] | ["countdown", _] | ["events"] | ["endless"] | ["short"] => {
                Some(Methods::GET)
            }
            _ => None,
        }
    }

    fn wants_field(&self, path: &str, _name: &str) -> bool {
        path == "echo"
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Exchange>,
        _env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        Ok(match request.method() {
            Method::Post => BodyMode::Collect { limit: 20 },
            Method::Put => {
                *exchange = Some(Exchange::Sum(0));
                BodyMode::Stream { limit: 1000 }
            }
            _ => BodyMode::Ignore,
        })
    }

    fn receive(
        &mut self,
        _request: &Request<'_>,
        exchange: &mut Exchange,
        piece: &[u8],
        _scratch: &mut [u8],
        _env: &mut Environment<'_>,
    ) -> Result<usize> {
        let Exchange::Sum(sum) = exchange else { panic!("another exchange") };
        if piece.contains(&b'!') {
            return Err(Status::UNPROCESSABLE_CONTENT.into());
        }
        // At most three at a time, and none once in a while.
        let taken = piece.len().min(3);
        *sum += piece[..taken].iter().map(|&byte| u64::from(byte)).sum::<u64>();
        Ok(taken)
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        let sum = match exchange {
            Some(Exchange::Sum(sum)) => Some(*sum),
            _ => None,
        };
        match (request.method(), request.segments(&mut [""; 2]), sum) {
            (Method::Post, ["echo"], _) => reply.ok().body("text/plain", request.body()),
            (_, ["echo"], _) => reply.ok().composed("text/plain", |room| {
                let mut len = 0;
                for (name, value) in request.fields() {
                    for part in [name.as_bytes(), b": ", value, b"\n"] {
                        room.get_mut(len..len + part.len())?.copy_from_slice(part);
                        len += part.len();
                    }
                }
                Some(len)
            }),
            (_, ["sum"], Some(sum)) => reply.ok().text(&format!("{sum}")),
            (_, ["point", name], _) => {
                let x = request.query_parameter("x").and_then(|x| x.parse().ok()).unwrap_or(0);
                reply.status(Status::CREATED).field("Expires", "0").json(&Point { name, x })
            }
            (_, ["countdown", from], _) => match from.parse() {
                Ok(from) => {
                    *exchange = Some(Exchange::Countdown(from));
                    reply.ok().stream()
                }
                Err(_) => reply.error(Status::BAD_REQUEST),
            },
            (_, ["events"], _) => {
                *exchange = Some(Exchange::Events { next: env.now });
                reply.ok().events()
            }
            (_, ["endless"], _) => {
                *exchange = Some(Exchange::Endless);
                reply.ok().stream()
            }
            (_, ["short"], _) => {
                *exchange = Some(Exchange::Short(5));
                reply.ok().sized(10)
            }
            _ => reply.error(Status::NOT_FOUND),
        }
    }

    fn produce(
        &mut self,
        _request: &Request<'_>,
        exchange: &mut Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        let output = output.room();
        match exchange {
            Exchange::Countdown(0) => BodyPoll::End,
            Exchange::Countdown(left) => {
                *left -= 1;
                output[0] = b'0' + (*left % 10) as u8;
                BodyPoll::Bytes(1)
            }
            Exchange::Events { next } if self.released || *next <= env.now => {
                self.released = false;
                *next = env.now + Duration::from_secs(1);
                output[..9].copy_from_slice(b"data: x\n\n");
                BodyPoll::Bytes(9)
            }
            Exchange::Events { next } => BodyPoll::Wait(Some(*next)),
            Exchange::Endless => BodyPoll::Wait(None),
            Exchange::Short(0) => BodyPoll::End,
            Exchange::Short(left) => {
                *left -= 1;
                output[0] = b'.';
                BodyPoll::Bytes(1)
            }
            Exchange::Sum(_) => BodyPoll::End,
        }
    }
}

fn bench() -> Bench<(Sample, ())> {
    Bench::new((Sample::default(), ()))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("an empty line").1
}

#[test]
fn requests_at_every_split() {
    let mut bench = bench();
    for (input, expected, end) in [
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", &[200][..], "hello"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\n\r\n", &[200], "\r\n\r\n"),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: u\r\n\r\n",
            &[200],
            "hello",
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n123456789012345678901",
            &[413],
            "\n",
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n123456789012345678901\r\n0\r\n\r\n",
            &[413],
            "\n",
        ),
        ("PUT /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", &[200], "525"),
        ("PUT /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n01!", &[422], "\n"),
        ("PUT /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n0", &[413], "\n"),
        (
            "PUT /sum HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n01",
            &[100, 200],
            "97",
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 21\r\n\r\n",
            &[413],
            "\n",
        ),
        ("GET /point/p?x=7&y HTTP/1.1\r\nHost: a\r\n\r\n", &[201], "{\"name\":\"p\",\"x\":7}"),
        ("HEAD /point/p HTTP/1.1\r\nHost: a\r\n\r\n", &[201], "Content-Length: 18\r\n\r\n"),
        ("GET /countdown/0 HTTP/1.1\r\nHost: a\r\n\r\n", &[200], "\r\n\r\n0\r\n\r\n"),
        (
            "GET /countdown/3 HTTP/1.1\r\nHost: a\r\n\r\n",
            &[200],
            "0001\r\n2\r\n0001\r\n1\r\n0001\r\n0\r\n0\r\n\r\n",
        ),
        ("HEAD /countdown/3 HTTP/1.1\r\nHost: a\r\n\r\n", &[200], "chunked\r\n\r\n"),
        ("GET /countdown/3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &[200], "close\r\n\r\n210"),
        ("DELETE /sum HTTP/1.1\r\nHost: a\r\n\r\n", &[405], "\n"),
        (
            "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n",
            &[204],
            "Allow: GET, HEAD, POST, OPTIONS\r\n\r\n",
        ),
        ("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", &[404], "\n"),
        (
            "GET /echo HTTP/1.1\r\nHost: a\r\nX-Y:  z \r\nCookie: a=b\r\nContent-Length: 0\r\n\r\n",
            &[200],
            "\r\n\r\nHost: a\nX-Y: z\nCookie: a=b\nContent-Length: 0\n",
        ),
    ] {
        let whole = bench.ask(input.as_bytes());
        assert_eq!(statuses(&whole), expected, "{input:?}");
        assert!(whole.ends_with(end), "{input:?}: {whole:?}");
        for split in 1..input.len() {
            bench.open();
            let (first, second) = input.as_bytes().split_at(split);
            let left = first.len() - bench.feed(first);
            bench.feed(&[&first[first.len() - left..], second].concat());
            assert_eq!(bench.text(), whole, "{input:?} split at {split}");
        }
        for room in [1, 2, 9, 31, 33] {
            bench.room = room;
            assert_eq!(bench.ask(input.as_bytes()), whole, "{input:?} with room for {room}");
        }
        bench.room = 4096;
    }
}

#[test]
fn all_fields_that_do_not_fit_are_too_many() {
    let fields = |count| -> String { (0..count).map(|i| format!("F{i}: value\r\n")).collect() };
    let mut bench = bench();
    let mut ask = |path, count| {
        bench.statuses(
            format!("GET /{path} HTTP/1.1\r\nHost: a\r\n{}\r\n", fields(count)).as_bytes(),
        )
    };
    assert_eq!(ask("echo", 20), [200]);
    assert_eq!(ask("echo", 60), [431]);
    assert_eq!(ask("point/a", 60), [201]);
    assert_eq!(ask("point/a", 100), [431]);
}

#[test]
fn a_stream_of_events_waits_for_a_time_or_a_change() {
    let mut bench = bench();
    let answer = bench.ask(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.contains("Content-Type: text/event-stream\r\n"));
    assert!(body(&answer).ends_with("0009\r\ndata: x\n\n\r\n"));
    assert_eq!(bench.phase(), Phase::StreamIdle);
    assert!(!bench.server.application().0.released);
    let due = crate::protocol::stream::Protocol::poll_at(&bench.server, &bench.connection);
    assert_eq!(due, Some(Instant::from_secs(1)));
    let before = bench.output.len();
    bench.feed(b"");
    assert_eq!(bench.output.len(), before);
    // A due time, then a change that the application notices when polled.
    bench.now = Instant::from_secs(1);
    bench.feed(b"");
    bench.server.application().0.released = true;
    bench.feed(b"");
    assert_eq!(bench.text().matches("data: x").count(), 3);
    // An evicted stream ends with the last chunk.
    bench.expire();
    assert!(bench.text().ends_with("\r\n0\r\n\r\n"));
    assert_eq!(bench.phase(), Phase::Finished);
}

#[test]
fn a_half_closed_client_gets_its_answer_and_no_events() {
    let mut bench = bench();
    bench.room = 1;
    bench.ask(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    bench.end_of_input();
    assert!(bench.text().ends_with("\r\n\r\n0\r\n\r\n"));
    assert_eq!(bench.phase(), Phase::Finished);
    bench.ask(b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    bench.end_of_input();
    assert_eq!(statuses(&bench.text()), [200]);
    assert_eq!(bench.phase(), Phase::Finished);
}

#[test]
fn a_body_that_ends_too_early_breaks_the_connection() {
    let mut bench = bench();
    let answer = bench.ask(b"GET /short HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(body(&answer), ".....");
    assert_eq!(bench.phase(), Phase::Broken);
}

#[test]
fn time_limits() {
    let mut bench = files();
    for (input, statuses_expected) in [
        ("", &[][..]),
        ("\r\n", &[]),
        ("G", &[408]),
        ("GET / HTTP/1.1\r\nHost: a\r\n", &[408]),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[200]),
    ] {
        bench.ask(input.as_bytes());
        bench.expire();
        assert_eq!(statuses(&bench.text()), statuses_expected, "{input:?}");
        assert_eq!(bench.phase(), Phase::Finished, "{input:?}");
    }
}

#[test]
fn phases() {
    let mut bench = bench();
    assert_eq!(bench.phase(), Phase::FirstByte);
    let steps: Vec<Phase> = [
        "\r\n",
        "PUT /sum",
        " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n",
        "\r\n",
        "0",
        "1",
        "P",
    ]
    .into_iter()
    .map(|piece| {
        bench.feed(piece.as_bytes());
        bench.phase()
    })
    .collect();
    use Phase::*;
    assert_eq!(steps, [FirstByte, Head, Head, Body, Body, Idle, Head]);
}

#[test]
fn a_redirect_that_does_not_fit_is_answered_with_an_error() {
    let token = "0123456789abcdef0123456789abcdef";
    let access = WriteAccess::with_token(Token::from_text(token).expect("a token"));
    for (length, status) in [(5, 303), (100, 303), (400, 500)] {
        let path = "x".repeat(length);
        let input = format!(
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nGET /{path}?token={token} HTTP/1.1\r\nHost: a\r\n\r\n"
        );
        let mut bench: Bench<Everything> = Bench::new(Everything);
        bench.server.admission.links = access;
        assert_eq!(bench.statuses(input.as_bytes()), [204, status], "{length}");
    }
}

/// Has every path, and a reason that is longer than any buffer.
struct Everything;

impl Application for Everything {
    type Exchange = ();

    fn methods(&self, _: &str) -> Option<Methods> {
        Some(Methods::GET)
    }

    fn respond(
        &mut self,
        _: &Request<'_>,
        _: &mut Option<()>,
        reply: Reply<'_>,
        _: &mut Environment<'_>,
    ) -> Answer {
        const LONG: &str = match core::str::from_utf8(&[b'<'; 300]) {
            Ok(text) => text,
            Err(_) => "",
        };
        reply.error(Status::CONFLICT.because(LONG))
    }
}

#[test]
fn a_reason_that_does_not_fit_is_left_out() {
    let mut bench: Bench<Everything> = Bench::new(Everything);
    let answer =
        bench.ask(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(470)).as_bytes());
    assert!(answer.ends_with("<h1>409 Conflict</h1>\n"), "{answer}");
}
