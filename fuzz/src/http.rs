//! The web server.

use bareserve::{
    Environment,
    http::{
        Connection, EventWriter, Files, Reply, Request, Result, Route, Routes, Server, Status,
        WriteAccess, any, auth::Token, events, get, post,
    },
    protocol::stream::Phase,
    wire::{template::Value, writer::ResumableWriter},
};
use smoltcp::time::{Duration, Instant};

use super::{conversation::Bench, cut::cut, memory_store::MemoryStore};

/// Seeds of [`http`].
pub const REQUESTS: &[&[u8]] = &[
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1,4-\r\nAccept-Encoding: gzip;q=0.5\r\n\r\n",
    b"GET /folder HTTP/1.1\r\nHost: [::1]:80\r\nIf-None-Match: \"x\", W/\"y\"\r\n\r\n",
    b"\r\nHEAD http://localhost/%61?b=c HTTP/1.0\r\nConnection: keep-alive\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PUT /new HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n\
      Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nT: u\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nCookie: bareserve-token-80=0123456789abcdef0123456789abcdef\r\n\
      Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 73\r\n\r\n\
      --B\r\nContent-Disposition: form-data; name=f; filename=g\r\n\r\nx\r\n--B--\r\n",
    b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhelloGET /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/7/%61?b=c HTTP/1.1\r\nHost: localhost\r\n\r\nDELETE /api/7/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n\
      [ 17, [true, \"a\\n\\u00e9\\\"\"] ]",
    b"GET /api/text HTTP/1.1\r\nHost: localhost\r\n\r\nOPTIONS /api/json HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 41\r\n\r\n",
];

/// Routes of each kind.
const ROUTES: &[Route<()>] = &[
    get("/api/:n/:name", number).json(),
    post("/api/json", json).json().body(100),
    any("/api/text", text).fields(&["*"]).streamed(fields),
    events("/api/events", tick),
];

fn number(_: &mut (), request: &Request, reply: Reply, _: &mut Environment) -> Result {
    let number: u32 = request.parse("n")?;
    let name = request.parameter("name").ok_or(Status::INTERNAL_SERVER_ERROR)?;
    assert!(!name.is_empty() && !name.contains('/'));
    let values = &[Value::Number(number.into()), Value::Path(name)];
    Ok(reply.ok().field_with("Location", "/%?%", values).json(&(number, name)))
}

fn json(_: &mut (), request: &Request, reply: Reply, _: &mut Environment) -> Result {
    Ok(reply.ok().json(&request.json::<(u32, (bool, String))>()?))
}

fn text(_: &mut (), _: &Request, reply: Reply, _: &mut Environment) -> Result {
    Ok(reply.ok().stream())
}

/// At most three fields of the request, in one piece at every buffer size.
fn fields(_: &(), request: &Request, out: &mut ResumableWriter) {
    for (name, value) in request.fields().take(3) {
        out.put(name.get(..20).unwrap_or(name));
        out.bytes(value.get(..20).unwrap_or(value));
    }
}

fn tick(_: &mut (), events: &mut EventWriter, env: &mut Environment) -> Option<Instant> {
    let (id, path) = (events.last_id().wrapping_add(1), events.request().path());
    let path = path.get(..path.len().min(50)).unwrap_or_default();
    events.id(id);
    events.render("%\r%\n", &[Value::Text(path), Value::Number(id)]);
    Some(env.now + Duration::from_secs(1))
}

/// The responses are the same at every split of the input, and at most one for each request; the
/// connection is closed in order; no file stays open.
pub fn http(data: &[u8]) {
    let whole = serve(&[data], 65536);
    let requests = data.windows(5).filter(|part| part == b"HTTP/").count();
    // All except 100 (Continue).
    let is_final = |part: &&[u8]| part.starts_with(b"HTTP/1.1 ") && !part.ends_with(b"1");
    let answers = whole.0.windows(10).filter(is_final).count();
    assert!(answers <= requests + 1, "{answers} answers to {requests} requests");
    for room in [1, 7] {
        assert_eq!(whole, serve(&cut(data), room));
    }
}

fn serve(parts: &[&[u8]], room: usize) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let store = MemoryStore::writable().with("a", b"content of a").with("folder/b", &[0; 300]);
    let token = Token::from_text("0123456789abcdef0123456789abcdef").expect("a token");
    let access = WriteAccess::with_token(token);
    let mut server: Server<_, 1024> =
        Server::new((Routes::new(ROUTES, ()), Files::new(&store).with_writing(access)))
            .with_links(access);
    let (answer, phase) =
        Bench::new().converse(&mut server, &mut Connection::new(), parts, true, room);
    assert_eq!(phase, Phase::Finished);
    assert_eq!(store.open_handles(), 0);
    let content = |name: String| (name.clone(), store.content(&name).unwrap());
    (answer, store.names().into_iter().map(content).collect())
}
