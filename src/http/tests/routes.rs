//! Tables of routes: paths, methods, bodies, JSON, events, and what the log gets.

use super::std::{format, string::String, string::ToString, vec, vec::Vec};

use smoltcp::time::{Duration, Instant};

use super::{Bench, statuses};
use crate::{
    http::{
        EventWriter, Methods, Reply, Request, Result, Route, Routes, Status, any, events, get,
        patch, post, put,
    },
    protocol::{
        environment::Environment,
        stream::{Phase, Protocol},
    },
    wire::{template::Value, writer::ResumableWriter},
};

/// One of everything.
#[derive(Default)]
struct App {
    /// Numbers of events that there are so far.
    count: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    name: Name,
    x: i16,
}

/// An owned string of 8 bytes at most.
#[derive(serde::Serialize, Debug)]
#[serde(transparent)]
struct Name(String);

impl core::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'d> serde::Deserialize<'d> for Name {
    fn deserialize<D: serde::Deserializer<'d>>(from: D) -> core::result::Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Name;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> core::result::Result<Name, E> {
                if name.len() > 8 { Err(E::custom("")) } else { Ok(Name(name.into())) }
            }
        }
        from.deserialize_str(Visitor)
    }
}

const ROUTES: &[Route<App>] = &[
    get("/", App::home),
    get("/points/:name/x", App::name),
    get("/points/origin", App::origin).json(),
    get("/points/:name", App::name),
    post("/points", App::echo).json().body(100),
    put("/points/:name", App::echo).body(2000),
    patch("/numbers/:n", App::number).json(),
    post("/text", App::text).body(10),
    get("/long/:n", App::long).json(),
    get("/streamed", App::head).streamed(App::body),
    any("/fields", App::fields).fields(&["x-a"]),
    Route::new(Methods::GET.and(Methods::DELETE), "/rest/*", App::rest),
    events("/events", App::events),
    events("/events/:kind", App::all_at_once),
    events("/events/too/long", App::too_long),
];

/// What `/streamed` answers with.
const LINES: u64 = 200;

impl App {
    fn home(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().text("home"))
    }

    fn name(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        assert_eq!(request.parameter("other"), None);
        Ok(reply.ok().text(request.parameter("name").unwrap()))
    }

    fn origin(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().json(&Point { name: Name("o".into()), x: 0 }))
    }

    fn echo(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let point: Point = request.json()?;
        let location = &[Value::Path(&point.name), Value::Signed(point.x.into())];
        let response = reply.status(Status::CREATED).field_with("Location", "/%?x=%", location);
        Ok(response.field_with("X-Evil", "%", &[Value::Text("a\r\nb")]).json(&point))
    }

    fn number(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let number: u8 = request.parse("n")?;
        match number {
            0 => Err(Status::CONFLICT.because("it is \"0\"")),
            1 => Err(Status::UNAUTHORIZED.into()),
            2 => Ok(reply.error(Status::CONFLICT.because("a reason"))),
            number => Ok(reply.ok().json(&number)),
        }
    }

    fn text(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().body("text/plain", request.body()))
    }

    fn long(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().json("x".repeat(request.parse("n")?).as_str()))
    }

    fn head(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().stream())
    }

    fn body(&self, request: &Request, out: &mut ResumableWriter) {
        for line in 0..LINES {
            out.render("% %\n", &[Value::Text(request.path()), Value::Number(line)]);
        }
    }

    fn fields(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let values = ["X-A", "X-B"].map(|name| request.field(name).unwrap_or("-"));
        Ok(reply.ok().text(&values.concat()))
    }

    fn rest(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().text(request.path()))
    }

    /// Each event once, as soon as there is one.
    fn events(&mut self, events: &mut EventWriter, _: &mut Environment) -> Option<Instant> {
        if events.last_id() < self.count {
            events.id(events.last_id() + 1);
            events.data("x");
        }
        None
    }

    fn all_at_once(&mut self, events: &mut EventWriter, env: &mut Environment) -> Option<Instant> {
        events.retry(Duration::from_millis(1500));
        events.end();
        events.event("two\nwords");
        events.id(7);
        events.data("one");
        events.data("two\nthree\r\nfour\rfive");
        events.put("\r");
        events.put("\n");
        events.render("% of %", &[Value::Number(1), Value::Text("a\nb")]);
        events.end();
        events.end();
        let kind = String::from(events.request().parameter("kind").unwrap());
        events.put(&kind);
        Some(env.now + Duration::from_secs(10))
    }

    fn too_long(&mut self, events: &mut EventWriter, _: &mut Environment) -> Option<Instant> {
        let length = if self.count == 0 { 450 } else { 4200 };
        self.count += 1;
        events.data(&"x".repeat(length));
        None
    }
}

/// Behind the routes another application answers.
fn bench() -> Bench<(Routes<App>, Routes<()>)> {
    const FALLBACK: &[Route<()>] = &[get("/fallback", |(), _, reply, _| Ok(reply.ok().text("2")))];
    Bench::new((Routes::new(ROUTES, App::default()), Routes::new(FALLBACK, ())))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("an empty line").1
}

fn request(method: &str, path: &str, media_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn requests_at_every_split() {
    let mut bench = bench();
    let json = "application/json";
    for (method, path, media_type, input, status, expected) in [
        ("GET", "/", "", "", 200, "home"),
        ("GET", "/points/a%20b", "", "", 200, "a b"),
        ("GET", "/points/%C3%A9/x", "", "", 200, "\u{e9}"),
        ("GET", "/points/origin", "", "", 200, r#"{"name":"o","x":0}"#),
        ("GET", "/fallback", "", "", 200, "2"),
        ("GET", "/rest/", "", "", 200, "rest/"),
        ("GET", "/rest/a/b", "", "", 200, "rest/a/b"),
        ("GET", "/rest", "", "", 200, "rest"),
        ("POST", "/points", json, r#"{"name":"p","x":7}"#, 201, r#"{"name":"p","x":7}"#),
        ("POST", "/text", "text/plain", "0123456789", 200, "0123456789"),
    ] {
        let input = request(method, path, media_type, input);
        let whole = bench.ask(input.as_bytes());
        assert_eq!((statuses(&whole), body(&whole)), (vec![status], expected), "{input}");
        for split in 1..input.len() {
            bench.open();
            let (first, second) = input.as_bytes().split_at(split);
            let taken = bench.feed(first);
            bench.feed(&[&first[taken..], second].concat());
            assert_eq!(bench.text(), whole, "{input:?} split at {split}");
        }
        for room in [1, 2, 9, 31] {
            bench.room = room;
            assert_eq!(bench.ask(input.as_bytes()), whole, "{input:?} with room for {room}");
        }
        bench.room = 4096;
    }
}

#[test]
fn the_table_determines_resources_and_methods() {
    let mut bench = bench();
    let mut ask = |method: &str, path: &str| {
        let answer = bench.ask(request(method, path, "", "").as_bytes());
        let allow = answer.split("\r\n").find_map(|line| line.strip_prefix("Allow: "));
        (statuses(&answer)[0], String::from(allow.unwrap_or_default()))
    };
    for path in ["/none", "/points/", "/points/a/", "/points/a/x/y", "//", "/numbers", "/numbers/"]
    {
        assert_eq!(ask("GET", path), (404, "".into()), "{path}");
    }
    assert_eq!(ask("DELETE", "/points/a"), (405, "GET, HEAD, PUT, OPTIONS".into()));
    assert_eq!(ask("GET", "/points"), (405, "POST, OPTIONS".into()));
    assert_eq!(ask("OPTIONS", "/rest/x"), (204, "GET, HEAD, DELETE, OPTIONS".into()));
    assert_eq!(ask("PUT", "/fallback"), (405, "GET, HEAD, OPTIONS".into()));
    assert_eq!(ask("BREW", "/"), (501, "".into()));
    let head = bench.ask(b"HEAD /points/abc HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(head.contains("\r\nContent-Length: 3\r\n") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn json_routes_answer_errors_in_json() {
    let mut bench = bench();
    let json = "application/json";
    let problem = |status: u16, detail: &str| {
        let title = Status(status).reason();
        match detail {
            "" => format!("{{\"title\": \"{title}\", \"status\": {status}}}\n"),
            _ => format!(
                "{{\"title\": \"{title}\", \"status\": {status}, \"detail\": \"{detail}\"}}\n"
            ),
        }
    };
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let escapes = format!("{{\"name\":\"{}\"}}", "\\n".repeat(20));
    let long = "x".repeat(101);
    for (method, path, media_type, body, status, detail) in [
        ("POST", "/points", json, "", 400, "incomplete JSON"),
        ("POST", "/points", json, "{\"name\":\"a", 400, "incomplete JSON"),
        ("POST", "/points", json, "nonsense", 400, "a JSON value of another type than expected"),
        (
            "POST",
            "/points",
            json,
            r#"{"name":1,"x":1}"#,
            400,
            "a JSON value of another type than expected",
        ),
        (
            "POST",
            "/points",
            json,
            r#"{"name":"a"}"#,
            400,
            "a JSON member is missing, unknown or out of range",
        ),
        (
            "POST",
            "/points",
            json,
            r#"{"name":"a","x":1,"y":1}"#,
            400,
            "a JSON member is missing, unknown or out of range",
        ),
        ("POST", "/points", json, r#"{"name":"a","x":1} 1"#, 400, "more than one JSON value"),
        ("POST", "/points", json, &deep, 400, "JSON nested too deeply"),
        (
            "POST",
            "/points",
            json,
            &escapes,
            400,
            "a JSON member is missing, unknown or out of range",
        ),
        ("POST", "/points", json, &long, 413, "the body is too long"),
        ("POST", "/points", "text/json", "{}", 415, "the body must be application/json"),
        ("POST", "/points", "", "", 415, "the body must be application/json"),
        ("PATCH", "/numbers/256", "", "", 404, ""),
        ("PATCH", "/numbers/x", "", "", 404, ""),
        ("PATCH", "/numbers/0", "", "", 409, "it is \\\"0\\\""),
        ("PATCH", "/numbers/1", "", "", 401, ""),
        ("PATCH", "/numbers/2", "", "", 409, "a reason"),
        ("GET", "/numbers/2", "", "", 405, ""),
        ("GET", "/long/2000", "", "", 500, "the response does not fit into the buffer"),
    ] {
        let answer = bench.ask(request(method, path, media_type, body).as_bytes());
        assert_eq!(statuses(&answer), [status], "{method} {path} {body}: {answer}");
        assert!(answer.contains("\r\nContent-Type: application/problem+json\r\n"), "{answer}");
        let expected = problem(status, detail);
        assert_eq!(self::body(&answer), expected, "{method} {path} {body}");
        assert_eq!(answer.contains("\r\nAllow: PATCH, OPTIONS\r\n"), status == 405);
        assert_eq!(answer.contains("\r\nWWW-Authenticate: "), status == 401);
    }
    let chunked = b"POST /points HTTP/1.1\r\nHost: a\r\nContent-Type: APPLICATION/json ;charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = bench.ask(&[&chunked[..], b"65\r\n", &[b' '; 101], b"\r\n0\r\n\r\n"].concat());
    assert_eq!(body(&answer), problem(413, "the body is too long"));
    let answer = bench.ask(&[&chunked[..], b"x\r\n"].concat());
    assert_eq!(body(&answer), problem(400, "malformed chunk"));
    // Elsewhere it is a page.
    let answer = bench.ask(request("POST", "/text", "", "0123456789x").as_bytes());
    assert!(answer.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert!(answer.ends_with("<h1>413 Content Too Large</h1>\n<p>the body is too long</p>\n"));
    let answer = bench.ask(request("PUT", "/points/a", json, "[]").as_bytes());
    assert!(
        answer.ends_with("</h1>\n<p>a JSON value of another type than expected</p>\n"),
        "{answer}"
    );
}

#[test]
fn fields_of_values_from_outside_stay_one_line() {
    let mut bench = bench();
    let point = r#"{"name":"a b","x":-7}"#;
    let answer = bench.ask(request("POST", "/points", "application/json", point).as_bytes());
    assert!(answer.contains("\r\nLocation: /a%20b?x=-7\r\n"), "{answer}");
    assert!(!answer.contains("X-Evil"), "{answer}");
}

#[test]
fn a_route_keeps_the_fields_it_names() {
    let mut bench = bench();
    let fields = "X-B: b\r\nX-A: a\r\n";
    let ask = |path: &str| format!("PUT {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    assert_eq!(body(&bench.ask(ask("/fields").as_bytes())), "a-");
    let all: &'static [Route<App>] = const { &[any("/fields", App::fields).fields(&["*"])] };
    let mut bench: Bench<Routes<App>> = Bench::new(Routes::new(all, App::default()));
    assert_eq!(body(&bench.ask(ask("/fields").as_bytes())), "ab");
}

#[test]
fn a_long_body_is_written_piece_by_piece() {
    let expected: String = (0..LINES).map(|line| format!("streamed {line}\n")).collect();
    for version in ["1.0", "1.1"] {
        let mut bench = bench();
        for room in [1, 7, 100, 511, 512, 513, 600, 4096] {
            bench.room = room;
            let answer =
                bench.ask(format!("GET /streamed HTTP/{version}\r\nHost: a\r\n\r\n").as_bytes());
            let sent =
                if version == "1.1" { dechunk(body(&answer)) } else { body(&answer).to_string() };
            assert_eq!(sent, expected, "{room}");
        }
    }
}

/// The data of a chunked body, complete or not.
fn dechunk(mut body: &str) -> String {
    let mut data = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect("a length");
        data += &rest[..length];
        body = &rest[length + 2..];
    }
    data
}

#[test]
fn events_are_written_whole_through_room_of_any_size() {
    let expected = "retry: 1500\n\nevent: twowords\nid: 7\ndata: one\ndata: two\ndata: three\n\
                    data: four\ndata: five\ndata: 1 of a\ndata: b\n\ndata: kind\n\n";
    for room in (1..200).chain([511, 512, 513, 4096]) {
        let mut bench = bench();
        bench.room = room;
        let answer = bench.ask(b"GET /events/kind HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(answer.contains("\r\nContent-Type: text/event-stream\r\n"));
        assert_eq!(dechunk(body(&answer)), expected, "{room}");
        assert_eq!(bench.phase(), Phase::StreamIdle);
        assert_eq!(bench.server.poll_at(&bench.connection), Some(Instant::from_secs(10)));
        bench.now = Instant::from_micros(9_999_999);
        bench.feed(b"");
        assert_eq!(bench.text(), answer);
        bench.now = Instant::from_secs(10);
        bench.feed(b"");
        assert_eq!(dechunk(body(&bench.text())), [expected, expected].concat(), "{room}");
    }
}

#[test]
fn a_stream_continues_behind_the_last_event() {
    let events = |answer: &str| -> Vec<u64> {
        let data = dechunk(body(answer));
        data.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect()
    };
    for (field, first) in [("", 1), ("Last-Event-ID: 3\r\n", 4), ("last-event-id: x\r\n", 1)] {
        let mut bench = bench();
        bench.server.application().0.application().count = 5;
        let answer =
            bench.ask(format!("GET /events HTTP/1.1\r\nHost: a\r\n{field}\r\n").as_bytes());
        assert_eq!(events(&answer), (first..=5).collect::<Vec<_>>());
        // Without a time to wait for, the handler is called in each poll.
        assert_eq!(bench.server.poll_at(&bench.connection), None);
        bench.server.application().0.application().count = 6;
        bench.feed(b"");
        assert_eq!(events(&bench.text()).last(), Some(&6));
        bench.end_of_input();
        assert!(bench.text().ends_with("\r\n0\r\n\r\n"));
    }
}

#[test]
fn an_event_that_does_not_fit_resets_the_connection() {
    for room in [1, 512, 4096] {
        let mut bench = bench();
        bench.room = room;
        let answer = bench.ask(b"GET /events/too/long HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(dechunk(body(&answer)).ends_with("x\n\n"), "the first of 450 bytes is sent");
        assert_eq!(dechunk(body(&answer)).len(), "data: \n\n".len() + 450);
        assert_eq!(bench.phase(), Phase::Broken);
        let event = bench.events.last().expect("an event");
        assert!(event.ends_with("the event does not fit into the buffer"), "{event}");
    }
}

#[test]
fn log_events_carry_the_request_and_the_reason_of_failure() {
    let mut bench = bench();
    for (input, expected) in [
        ("GET /points/a?token=x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /points/a 200 1 "),
        ("HEAD /points/a HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /points/a 200 0 "),
        ("GET / HTTP/1.1\r\n\r\n", "GET / 400 91 no Host field"),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "-  400 98 invalid request line"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / 400 91 invalid field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / 400 91 invalid field"),
        (
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            "PUT / 400 91 invalid field",
        ),
        ("PATCH /numbers/2 HTTP/1.1\r\nHost: a\r\n\r\n", "PATCH /numbers/2 409 59 a reason"),
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "- / 501 78 "),
    ] {
        bench.events.clear();
        bench.ask(input.as_bytes());
        assert_eq!(bench.events, [expected], "{input}");
    }
}
