//! Composing a response's head, and its body too where that is short (RFC 9112 sections 2.1 and 4).

use super::{
    method::{Method, Version},
    methods::Methods,
    output::Output,
    problem::Problem,
    status::Status,
};
use crate::wire::template::Value;

/// What is known of the response before it is composed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResponseContext<'t> {
    /// The Date field's value.
    pub date: Option<&'t [u8; 29]>,
    pub version: Version,
    pub persistent: bool,
    pub is_head: bool,
    /// Whether the content comes from a client.
    pub is_untrusted: bool,
    /// For the Allow field of 405 and 204.
    pub allow: Methods,
}

/// The response builder before the status is chosen.
pub struct Reply<'r> {
    draft: &'r mut Draft<'r>,
}

/// The response builder: status line and some fields are written. The last method gives an
/// [`Answer`].
pub struct Response<'r> {
    draft: &'r mut Draft<'r>,
    status: Status,
}

/// What is composed. It stays in place: [`Response`] is passed on by value with each field.
pub(super) struct Draft<'r> {
    pub output: Output<'r>,
    pub context: ResponseContext<'r>,
}

impl<'r> Draft<'r> {
    /// The builder that applications get.
    pub fn reply(&'r mut self) -> Reply<'r> {
        Reply { draft: self }
    }

    /// Adds the Connection field where the version's default is another (RFC 9112 section 9.3).
    fn connection(&mut self, persistent: bool) {
        let Self { output, context } = self;
        match (persistent, context.version) {
            (false, _) => output.field("Connection", b"close"),
            (true, Version::Http10) => output.field("Connection", b"keep-alive"),
            (true, Version::Http11) => {}
        }
    }
}

/// A response that is ready to be sent, or a problem that the server answers with. Comes from the
/// methods of [`Reply`] and [`Response`], and from a [`Problem`].
#[derive(Debug)]
pub struct Answer(pub(super) Result<Composed, Problem>);

/// A response in the connection's buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Composed {
    pub status: Status,
    /// Bytes composed.
    pub len: usize,
    /// Of these, the body.
    pub body_len: usize,
    /// What is yet to be produced.
    pub rest: Option<BodyFraming>,
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Self(Err(problem))
    }
}

/// The answer to a request whose response is longer than the free part of the connection's buffer.
pub(super) const TOO_LONG: Problem =
    Status::INTERNAL_SERVER_ERROR.because("the response does not fit into the buffer");

/// Writes a body to the front of a slice and returns its length, or `None` when it does not fit.
type Compose<'c> = &'c mut dyn FnMut(&mut [u8]) -> Option<usize>;

/// What marks the end of a body that is yet to be produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFraming {
    /// This number of bytes.
    Sized(u64),
    /// The last chunk.
    Chunked,
    /// The end of the connection: HTTP/1.0 has no chunks.
    UntilClose,
}

impl<'r> Reply<'r> {
    /// Begins a response.
    pub fn status(self, status: Status) -> Response<'r> {
        let Draft { output, context } = &mut *self.draft;
        match status {
            // The most frequent status line, as a constant.
            Status::OK => output.bytes(b"HTTP/1.1 200 OK\r\n"),
            status => {
                output.bytes(b"HTTP/1.1 ");
                output.status(status);
                output.bytes(b"\r\n");
            }
        }
        if let Some(date) = context.date {
            output.field("Date", date);
        }
        if context.is_untrusted {
            output
                .bytes(b"X-Content-Type-Options: nosniff\r\nContent-Security-Policy: sandbox\r\n");
        }
        Response { draft: self.draft, status }
    }

    /// Adds, if `is_untrusted`, the fields with which a browser neither guesses another media type
    /// (Fetch standard, section 3.6) nor runs scripts, and gives a page an origin of its own (Content
    /// Security Policy Level 3, section 6.3.2).
    pub(super) fn sandboxed_if(self, is_untrusted: bool) -> Self {
        self.draft.context.is_untrusted = is_untrusted;
        self
    }

    /// Begins a response of [`Status::OK`].
    pub fn ok(self) -> Response<'r> {
        self.status(Status::OK)
    }

    /// A redirect to `location`, which is percent-encoded already.
    pub fn redirect(self, status: Status, location: &str) -> Answer {
        self.status(status).field("Location", location).page("")
    }

    /// An error: a [`Status`], or a [`Problem`] with a reason. The body is a short page, or
    /// JSON where the resource [speaks it](super::Application::speaks_json).
    pub fn error(self, problem: impl Into<Problem>) -> Answer {
        refuse(problem.into())
    }
}

#[inline(never)]
fn refuse(problem: Problem) -> Answer {
    Answer(Err(problem))
}

impl<'r> Response<'r> {
    /// Adds a field. One whose value has control characters is left out, so that a value from
    /// outside cannot add lines of its own (RFC 9110 section 5.5).
    pub fn field(self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.add_field(name, value.as_ref())
    }

    /// Adds a field whose value is `template`, with each `%` in it replaced by the next of `values`:
    /// `.field_with("Location", "/todos/%", &[Value::Number(7)])`. One with control characters is
    /// left out.
    pub fn field_with(self, name: &'static str, template: &str, values: &[Value<'_>]) -> Self {
        self.draft.output.field_with(name, template, values);
        self
    }

    /// Adds a field whose value is the server's own, without a check: for files, whose responses
    /// have six of them.
    pub(super) fn own_field(self, name: &'static str, value: &[u8]) -> Self {
        self.draft.output.field(name, value);
        self
    }

    #[inline(never)]
    fn add_field(self, name: &'static str, value: &[u8]) -> Self {
        if super::bytes::is_field_content(value) {
            self.draft.output.field(name, value);
        }
        self
    }

    /// Ends the response without a body.
    pub fn empty(self) -> Answer {
        self.body("", b"")
    }

    /// Ends the response with a text.
    pub fn text(self, text: &str) -> Answer {
        self.body("text/plain; charset=utf-8", text.as_bytes())
    }

    /// Ends the response with a page of HTML.
    pub fn html(self, html: &str) -> Answer {
        self.body("text/html; charset=utf-8", html.as_bytes())
    }

    /// Ends the response with `body`, of that media type unless it is empty.
    ///
    /// The whole response must fit into the free part of the connection's buffer, which is
    /// [`RESERVE`](super::RESERVE) bytes at least, or the client gets a 500 with that reason. The head
    /// takes some 150 bytes of it, fields of the application's own not counted.
    pub fn body(self, media_type: &str, body: &[u8]) -> Answer {
        self.compose(media_type, &mut |room| {
            room.get_mut(..body.len())?.copy_from_slice(body);
            Some(body.len())
        })
    }

    /// Ends the response with a body that `compose` writes to the front of the slice it gets, which
    /// is the free part of the connection's buffer; it returns the length, or `None` when the body
    /// does not fit.
    pub fn composed(
        self,
        media_type: &str,
        compose: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Answer {
        let mut compose = Some(compose);
        self.compose(media_type, &mut |room| compose.take()?(room))
    }

    fn compose(self, media_type: &str, compose: Compose<'_>) -> Answer {
        if !media_type.is_empty() {
            self.draft.output.field("Content-Type", media_type.as_bytes());
        }
        self.draft.connection(self.draft.context.persistent);
        let Draft { output, context } = self.draft;
        let body_len = output.body(self.status, context.is_head, compose);
        finish(self.status, output, body_len, None)
    }

    /// Ends the head; [`Application::produce`](super::Application::produce) writes a body of `len`
    /// bytes.
    pub fn sized(self, len: u64) -> Answer {
        self.draft.connection(self.draft.context.persistent);
        self.draft.output.end_head(len);
        self.leave((len > 0).then_some(BodyFraming::Sized(len)))
    }

    /// Ends the head; [`Application::produce`](super::Application::produce) writes a body of unknown
    /// length.
    pub fn stream(self) -> Answer {
        let version = self.draft.context.version;
        self.draft.connection(self.draft.context.persistent && version == Version::Http11);
        // RFC 9112 section 6.1: HTTP/1.0 clients know no transfer codings.
        let rest = match version {
            Version::Http10 => BodyFraming::UntilClose,
            Version::Http11 => {
                self.draft.output.field("Transfer-Encoding", b"chunked");
                BodyFraming::Chunked
            }
        };
        self.draft.output.bytes(b"\r\n");
        self.leave(Some(rest))
    }

    /// Leaves `rest` to the application.
    fn leave(self, rest: Option<BodyFraming>) -> Answer {
        let Draft { output, context } = self.draft;
        finish(self.status, output, 0, rest.filter(|_| !context.is_head))
    }

    /// Ends the head of a stream of server-sent events;
    /// [`Application::produce`](super::Application::produce) writes them, with an
    /// [`EventWriter`](super::EventWriter) or otherwise.
    pub fn events(self) -> Answer {
        self.field("Content-Type", "text/event-stream").field("Cache-Control", "no-store").stream()
    }

    /// Ends the response with a short page of HTML that shows the status and, unless it is empty,
    /// the reason.
    pub fn page(self, reason: &str) -> Answer {
        let status = self.status;
        self.compose("text/html; charset=utf-8", &mut |room| {
            let mut page = Output::new(room);
            page.bytes(b"<!doctype html><title>");
            page.status(status);
            page.bytes(b"</title><h1>");
            page.status(status);
            page.bytes(b"</h1>\n");
            if !reason.is_empty() {
                page.render_if_it_fits("<p>%</p>\n", &[Value::Html(reason)]);
            }
            page.finish()
        })
    }

    /// Ends the response with problem details in JSON (RFC 9457).
    pub(super) fn problem_details(self, reason: &str) -> Answer {
        let status = self.status;
        self.compose("application/problem+json", &mut |room| {
            let mut json = Output::new(room);
            let values = &[Value::Json(status.reason()), Value::Number(status.0.into())];
            json.render("{\"title\": %, \"status\": %", values);
            if !reason.is_empty() {
                json.render_if_it_fits(", \"detail\": %", &[Value::Json(reason)]);
            }
            json.bytes(b"}\n");
            json.finish()
        })
    }

    /// Adds the fields that the status demands (RFC 9110 sections 10.2.1 and 11.6.1).
    pub(super) fn demanded_fields(self) -> Self {
        match self.status {
            Status::METHOD_NOT_ALLOWED => self.allow(),
            Status::UNAUTHORIZED => self
                .field("WWW-Authenticate", "Bearer realm=\"device\"")
                .field("WWW-Authenticate", "Basic realm=\"device\", charset=\"UTF-8\""),
            _ => self,
        }
    }

    /// Adds the Allow field: GET includes HEAD, and OPTIONS is always there.
    pub(super) fn allow(self) -> Self {
        let Draft { output, context } = &mut *self.draft;
        output.bytes(b"Allow: ");
        for method in context.allow.iter() {
            output.bytes(method.name().as_bytes());
            output.bytes(if method == Method::Get { b", HEAD, " } else { b", " });
        }
        output.bytes(b"OPTIONS\r\n");
        self
    }
}

#[inline(never)]
fn finish(
    status: Status,
    output: &Output<'_>,
    body_len: usize,
    rest: Option<BodyFraming>,
) -> Answer {
    let composed = output.finish().map(|len| Composed { status, len, body_len, rest });
    Answer(composed.ok_or(TOO_LONG))
}
