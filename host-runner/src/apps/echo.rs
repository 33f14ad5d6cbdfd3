//! `echo`: returns what the client sent.
//!
//! | route | response |
//! |---|---|
//! | any method on `/echo` | the request's fields as `Name: Value` lines, in their order |
//! | any method on `/cookie` | its cookies as `name=value` lines |
//! | `POST`, `PUT`, `PATCH`, `DELETE` on any other path | the body |
//! | `GET` on any other path | a greeting |
//!
//! A body is kept in the connection's buffer until it is complete, because the response has its length;
//! a body that does not fit is answered with 413.

use bareserve::{
    http::{BodyHandler, Methods, Reply, Request, Response, Result, Route, any, get},
    protocol::environment::Environment,
    wire::writer::ResumableWriter,
};

/// The application: it needs no state.
pub struct Echo;

const CHANGES: Methods = Methods::POST.and(Methods::PUT).and(Methods::PATCH).and(Methods::DELETE);

pub const ROUTES: &[Route<Echo>] = &[
    any("/echo", Echo::show_fields).fields(&["*"]).streamed(Echo::fields),
    any("/cookie", Echo::show_cookies).fields(&["Cookie"]).streamed(Echo::cookies),
    Route::new(CHANGES, "/*", Echo::show_body).body(usize::MAX).streamed(Echo::body),
    get("/*", Echo::greet),
];

impl Echo {
    fn greet(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(guarded(reply.ok()).text("Hello. POST something, and it comes back.\n"))
    }

    fn show_fields(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let response = reply.ok().field("Content-Type", "text/plain; charset=utf-8");
        Ok(guarded(response).sized(length(Self::fields, request)))
    }

    fn fields(&self, request: &Request, out: &mut ResumableWriter) {
        for (name, value) in request.fields() {
            for part in [name.as_bytes(), b": ", value, b"\n"] {
                out.bytes(part);
            }
        }
    }

    fn show_cookies(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let response = reply.ok().field("Content-Type", "text/plain; charset=utf-8");
        Ok(guarded(response).sized(length(Self::cookies, request)))
    }

    fn cookies(&self, request: &Request, out: &mut ResumableWriter) {
        for cookie in request.values("Cookie").flat_map(|value| value.split(';')) {
            out.put(cookie.trim());
            out.put("\n");
        }
    }

    fn show_body(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let media_type = request.field("Content-Type").unwrap_or("application/octet-stream");
        let response = reply.ok().field("Content-Type", media_type);
        Ok(guarded(response).sized(length(Self::body, request)))
    }

    fn body(&self, request: &Request, out: &mut ResumableWriter) {
        out.bytes(request.body());
    }
}

/// Prevents browsers from rendering the body as a page of this site.
fn guarded(response: Response<'_>) -> Response<'_> {
    response
        .field("Cache-Control", "no-store")
        .field("X-Content-Type-Options", "nosniff")
        .field("Content-Security-Policy", "sandbox")
}

/// Bytes that `body` writes.
fn length(body: BodyHandler<Echo>, request: &Request<'_>) -> u64 {
    let mut out = ResumableWriter::new(&mut [], 0);
    body(&Echo, request, &mut out);
    out.length() as u64
}
