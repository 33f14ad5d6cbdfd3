//! `echo`: what was sent comes back.
//!
//! | route | what |
//! |---|---|
//! | any method on `/echo` | the request's fields as `Name: Value` lines, in their order |
//! | any method on `/cookie` | its cookies as `name=value` lines |
//! | `POST`, `PUT`, `PATCH`, `DELETE` on any other path | the body |
//! | `GET` there | a greeting |
//!
//! A body is held in the connection's buffer until it is complete, as HTTP asks of an answer that
//! depends on all of it; one that does not fit is answered with 413.

use bareserve::{
    http::{Answer, Application, Begin, Method, Produced, Reply, Request, Status},
    protocol::environment::Environment,
};

/// The application: it needs no state.
pub struct Echo;

/// How many bytes of the answer are out.
pub struct Progress(usize);

const GREETING: &str = "Hello. POST something, and it comes back.\n";

impl Application for Echo {
    type Exchange = Progress;

    fn methods(&self, _: &str) -> Option<&'static [Method]> {
        Some(&[Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete])
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        match path {
            "echo" => true,
            "cookie" => name.eq_ignore_ascii_case("Cookie"),
            _ => name.eq_ignore_ascii_case("Content-Type"),
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        _: &mut Option<Progress>,
        _: &mut Environment<'_>,
    ) -> Result<Begin, Status> {
        Ok(match (request.path(), request.method()) {
            ("echo" | "cookie", _) | (_, Method::Get) => Begin::Respond,
            _ => Begin::Collect { limit: usize::MAX },
        })
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Progress>,
        reply: Reply<'_>,
        _: &mut Environment<'_>,
    ) -> Answer {
        let media_type = match (request.path(), request.method()) {
            ("echo" | "cookie", _) | (_, Method::Get) => "text/plain; charset=utf-8",
            _ => request.field("Content-Type").unwrap_or("application/octet-stream"),
        };
        *exchange = Some(Progress(0));
        reply
            .ok()
            .field("Content-Type", media_type)
            .field("Cache-Control", "no-store")
            // Whatever was sent, no browser is to take it for a page of this site.
            .field("X-Content-Type-Options", "nosniff")
            .field("Content-Security-Policy", "sandbox")
            .sized(text(request).map(|part| part.len() as u64).sum())
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        Progress(sent): &mut Progress,
        output: &mut [u8],
        _: &mut Environment<'_>,
    ) -> Produced {
        let (mut skipped, mut written) = (*sent, 0);
        for part in text(request) {
            let rest = part.get(skipped..).unwrap_or_default();
            skipped = skipped.saturating_sub(part.len());
            let room = output.get_mut(written..).unwrap_or_default();
            let length = rest.len().min(room.len());
            if let (Some(room), Some(rest)) = (room.get_mut(..length), rest.get(..length)) {
                room.copy_from_slice(rest);
            }
            written += length;
        }
        *sent += written;
        Produced::Bytes(written)
    }
}

/// What is answered, in pieces.
fn text<'b>(request: &Request<'b>) -> impl Iterator<Item = &'b [u8]> {
    let (path, method) = (request.path(), request.method());
    let has_body = !matches!(path, "echo" | "cookie") && method != Method::Get;
    let fields = (path == "echo").then(|| request.fields());
    let cookies = (path == "cookie").then(|| request.values("Cookie"));
    let plain = match has_body {
        true => request.body(),
        false if fields.is_none() && cookies.is_none() => GREETING.as_bytes(),
        false => b"",
    };
    let fields = fields
        .into_iter()
        .flatten()
        .flat_map(|(name, value)| [name.as_bytes(), b": ", value, b"\n"]);
    let cookies = cookies
        .into_iter()
        .flatten()
        .flat_map(|value| value.split(';'))
        .flat_map(|cookie| [cookie.trim().as_bytes(), b"\n"]);
    fields.chain(cookies).chain([plain])
}
