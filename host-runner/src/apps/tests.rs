//! Each application behind a complete server, without sockets.

use bareserve::{
    Environment,
    clock::{UnixTime, WallClock},
    entropy::SeededEntropy,
    http::{Application, Connection, Routes, Server},
    protocol::{endpoints::Endpoints, stream::Protocol},
};
use smoltcp::{
    time::{Duration, Instant},
    wire::{IpAddress, IpEndpoint},
};

use super::{
    clock::{self, Clock},
    echo::{self, Echo},
    todo::{self, Todos},
};

const BUFFER: usize = 4096;

/// A server with one connection.
struct Bench<A: Application> {
    server: Server<A, BUFFER>,
    connection: Connection<A, BUFFER>,
    clock: WallClock,
    now: Instant,
    /// The longest output buffer that the server is given.
    room: usize,
}

impl<A: Application> Bench<A> {
    fn new(application: A) -> Self {
        let (server, connection) = (Server::new(application), Connection::new());
        Self { server, connection, clock: WallClock::new(), now: Instant::ZERO, room: 50 }
    }

    fn with<T>(
        &mut self,
        call: impl FnOnce(&mut Server<A, BUFFER>, &mut Connection<A, BUFFER>, &mut Environment<'_>) -> T,
    ) -> T {
        let mut env = Environment {
            now: self.now,
            wall_clock: &mut self.clock,
            entropy: &mut SeededEntropy::new(1),
            observer: &mut (),
            registry: Default::default(),
        };
        call(&mut self.server, &mut self.connection, &mut env)
    }

    /// The complete response to `request` on a new connection.
    fn ask(&mut self, request: &str) -> String {
        let end = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);
        self.with(|server, connection, env| {
            server.open(connection, Endpoints { remote: end, local: end }, env);
        });
        let (mut rest, mut answer) = (request.as_bytes(), String::new());
        loop {
            let taken = self.with(|server, connection, env| server.receive(connection, rest, env));
            rest = &rest[taken..];
            let received = self.receive();
            answer += &received;
            if taken == 0 && received.is_empty() {
                return answer;
            }
        }
    }

    fn receive(&mut self) -> String {
        let mut received = Vec::new();
        loop {
            let mut room = vec![0; self.room];
            let length =
                self.with(|server, connection, env| server.transmit(connection, &mut room, env));
            if length == 0 {
                return String::from_utf8(received).unwrap();
            }
            received.extend_from_slice(&room[..length]);
        }
    }

    /// Status and body of the response to a request with a body of `media_type`.
    fn send(&mut self, method: &str, path: &str, media_type: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let answer = self.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        parse(&answer)
    }

    fn get(&mut self, path: &str) -> (u16, String) {
        parse(&self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")))
    }
}

fn parse(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head["HTTP/1.1 ".len()..][..3].parse().unwrap(), body.to_string())
}

fn json(bench: &mut Bench<Routes<Todos>>, method: &str, path: &str, body: &str) -> (u16, String) {
    bench.send(method, path, "application/json", body)
}

#[test]
fn todos_come_and_go() {
    let mut bench = Bench::new(Routes::new(todo::ROUTES, Todos::new()));
    assert_eq!(bench.get("/todos"), (200, "[]".into()));
    let milk = r#"{"id":1,"title":"Buy milk","done":false}"#;
    assert_eq!(json(&mut bench, "POST", "/todos", r#"{"title":"Buy milk"}"#), (201, milk.into()));
    let body = r#"{"done" : true, "title": "T\u00fcr \"2\""}"#;
    let answer = bench.ask(&format!(
        "POST /todos HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(answer.contains("\r\nLocation: /todos/2\r\n"), "{answer}");
    let door = r#"{"id":2,"title":"Tür \"2\"","done":true}"#;
    assert_eq!(bench.get("/todos"), (200, format!("[{milk},{door}]")));
    assert_eq!(bench.get("/todos/2"), (200, door.into()));
    let done = r#"{"id":1,"title":"Buy milk","done":true}"#;
    let put = json(&mut bench, "PUT", "/todos/1", r#"{"title":"Buy milk","done":true}"#);
    assert_eq!(put, (200, done.into()));
    assert_eq!(json(&mut bench, "DELETE", "/todos/2", "").0, 204);
    assert_eq!(bench.get("/todos/2").0, 404);
    assert_eq!(bench.get("/todos"), (200, format!("[{done}]")));
    // An id is not reused.
    assert!(json(&mut bench, "POST", "/todos", r#"{"title":"x"}"#).1.contains("\"id\":3"));
}

#[test]
fn todos_refuse() {
    let mut bench = Bench::new(Routes::new(todo::ROUTES, Todos::new()));
    let (fits, too_long) = ("x".repeat(48), "x".repeat(49));
    let long = |title: &str| format!("{{\"title\":\"{title}\"}}");
    assert_eq!(json(&mut bench, "POST", "/todos", &long(&fits)).0, 201);
    assert_eq!(json(&mut bench, "POST", "/todos", &long("b")).0, 201);
    for (method, path, body, status) in [
        ("POST", "/todos", "", 400),
        ("POST", "/todos", "{}", 400),
        ("POST", "/todos", "[1]", 400),
        ("POST", "/todos", r#"{"title":""}"#, 400),
        ("POST", "/todos", r#"{"title":1}"#, 400),
        ("POST", "/todos", r#"{"title":"a","done":"yes"}"#, 400),
        ("POST", "/todos", r#"{"title":"a","id":7}"#, 400),
        ("POST", "/todos", r#"{"title":"a","x":[[[[[[]]]]]]}"#, 400),
        ("POST", "/todos", r#"{"title":"a"} {"title":"b"}"#, 400),
        ("POST", "/todos", &long(&too_long), 400),
        ("POST", "/todos", &long(&"x".repeat(400)), 413),
        ("POST", "/todos", &long("b"), 409),
        ("PUT", "/todos/1", &long("b"), 409),
        ("PUT", "/todos/2", &long("b"), 200),
        ("PUT", "/todos/3", &long("c"), 404),
        ("GET", "/todos/one", "", 404),
        ("GET", "/todos/-1", "", 404),
        ("GET", "/todos/", "", 404),
        ("GET", "/todos/1/2", "", 404),
        ("DELETE", "/todos", "", 405),
        ("POST", "/todos/1", &long("c"), 405),
    ] {
        assert_eq!(json(&mut bench, method, path, body).0, status, "{method} {path} {body}");
    }
    assert_eq!(bench.send("POST", "/todos", "text/plain", &long("c")).0, 415);
    for n in 3..=16 {
        assert_eq!(json(&mut bench, "POST", "/todos", &long(&n.to_string())).0, 201);
    }
    assert_eq!(json(&mut bench, "POST", "/todos", &long("17")).0, 507);
    let (status, all) = bench.get("/todos");
    assert_eq!((status, all.matches("\"id\"").count()), (200, 16));
}

#[test]
fn the_clock_ticks_with_the_seconds() {
    let mut bench = Bench::new(Routes::new(clock::ROUTES, Clock));
    assert!(bench.get("/clock").1.contains("EventSource(\"/clock/events\")"));
    assert!(
        bench
            .ask("GET /clock/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .contains("data: The clock is not set.\n\n")
    );
    // 0.75 s before the next second.
    bench.clock.set(Instant::ZERO, UnixTime(1_700_000_000_250_000));
    for room in [1, 7, 50, 500] {
        (bench.room, bench.now) = (room, Instant::ZERO);
        let answer = bench.ask("GET /clock/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(answer.contains("\r\nContent-Type: text/event-stream\r\n"));
        let plain =
            |received: &str| -> String { received.split("\r\n").skip(1).step_by(2).collect() };
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(plain(body), "data: Tue, 14 Nov 2023 22:13:20 GMT\n\n");
        for second in [21, 22] {
            let due = bench.with(|server, connection, _| server.poll_at(connection)).unwrap();
            assert_eq!(due, Instant::from_micros(750_000) + Duration::from_secs(second - 21));
            bench.now = due - Duration::from_micros(1);
            assert_eq!(bench.receive(), "");
            bench.now = due;
            let event = format!("data: Tue, 14 Nov 2023 22:13:{second} GMT\n\n");
            assert_eq!(plain(&bench.receive()), event);
        }
    }
}

#[test]
fn the_echo_repeats_bodies() {
    let mut bench = Bench::new(Routes::new(echo::ROUTES, Echo));
    for room in [1, 50, 5000] {
        bench.room = room;
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = bench.send(method, "/", "text/x", "hello");
            assert_eq!(answer, (200, "hello".into()), "{method}");
        }
        let chunked = "POST /a/b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nT: u\r\n\r\n";
        let answer = bench.ask(chunked);
        assert!(answer.contains("\r\nContent-Length: 5\r\n") && answer.ends_with("\r\n\r\nhello"));
    }
    assert_eq!(bench.send("POST", "/", "text/x", ""), (200, "".into()));
    assert!(
        bench
            .ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .contains("\r\nContent-Length: 0\r\n")
    );
    assert_eq!(bench.get("/").0, 200);
    assert_eq!(bench.get("/whatever?x").0, 200);
    let longest = "x".repeat(BUFFER - bareserve::http::RESERVE - 100);
    assert_eq!(bench.send("POST", "/", "text/x", &longest), (200, longest));
    assert_eq!(bench.send("POST", "/", "text/x", &"x".repeat(BUFFER)).0, 413);
    let chunk = format!("{BUFFER:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(BUFFER));
    let chunked =
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
    assert_eq!(parse(&bench.ask(&chunked)).0, 413);
    let options = bench.ask("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(options.starts_with("HTTP/1.1 204"), "{options}");
    assert!(options.contains("\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"));
}

#[test]
fn the_echo_shows_fields_and_cookies() {
    let mut bench = Bench::new(Routes::new(echo::ROUTES, Echo));
    for room in [1, 50, 5000] {
        bench.room = room;
        let fields =
            "Host: localhost\r\nX-Odd:  a b \r\nCookie: a=1; b=2\r\nCookie: c\r\nEmpty:\r\n";
        let echo = bench.ask(&format!("GET /echo HTTP/1.1\r\n{fields}\r\n"));
        let expected = "Host: localhost\nX-Odd: a b\nCookie: a=1; b=2\nCookie: c\nEmpty: \n";
        assert_eq!(parse(&echo), (200, expected.into()));
        let cookies = bench.ask(&format!("GET /cookie HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(parse(&cookies), (200, "a=1\nb=2\nc\n".into()));
        let head = bench.ask(&format!("HEAD /cookie HTTP/1.1\r\n{fields}\r\n"));
        assert!(head.contains("\r\nContent-Length: 10\r\n") && head.ends_with("\r\n\r\n"));
    }
    assert_eq!(
        parse(&bench.ask("GET /cookie HTTP/1.1\r\nHost: localhost\r\n\r\n")),
        (200, "".into())
    );
}
