//! Composing a response's head, and its body too where that is short (RFC 9112 sections 2.1 and 4).

use core::fmt::Write;

use serde_json_core::ser;

use super::{
    method::{Method, Version},
    status::Status,
};
use crate::wire::{number::decimal, template::Value, writer::ResumableWriter};

/// What the connection knows of the response before it is composed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'t> {
    /// The Date field's value.
    pub date: Option<&'t [u8; 29]>,
    pub version: Version,
    pub persistent: bool,
    pub is_head: bool,
    /// What 405 and 204 say in Allow.
    pub allow: &'t [Method],
}

/// The blank form of a response. Its methods fill it in; the last one gives an [`Answer`].
pub struct Reply<'r> {
    draft: &'r mut Draft<'r>,
}

/// A response whose status line stands.
pub struct Response<'r> {
    draft: &'r mut Draft<'r>,
    status: Status,
}

/// What is composed. It stays where it is: [`Response`] is handed on with each field.
pub(super) struct Draft<'r> {
    pub output: Output<'r>,
    pub terms: Terms<'r>,
}

impl<'r> Draft<'r> {
    /// As applications get it.
    pub fn reply(&'r mut self) -> Reply<'r> {
        Reply { draft: self }
    }

    /// Adds the Connection field where the version's default is another (RFC 9112 section 9.3).
    fn connection(&mut self, persistent: bool) {
        let Self { output, terms } = self;
        match (persistent, terms.version) {
            (false, _) => output.field("Connection", b"close"),
            (true, Version::Http10) => output.field("Connection", b"keep-alive"),
            (true, Version::Http11) => {}
        }
    }
}

/// What an application answers, ready to go. Comes from the methods of [`Reply`] and [`Response`]
/// only.
#[derive(Debug)]
pub struct Answer {
    pub(super) status: Status,
    /// Bytes composed; `None` if there was too little room.
    pub(super) len: Option<usize>,
    /// Of these, the body.
    pub(super) body_len: usize,
    /// What is yet to be produced.
    pub(super) rest: Option<Rest>,
}

/// Writes a body to the front of the room it gets; gives its length, or `None` when there is too
/// little room.
type Compose<'c> = &'c mut dyn FnMut(&mut [u8]) -> Option<usize>;

/// How the part of a body ends that is yet to be produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// After so many bytes.
    Sized(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection: HTTP/1.0 has no chunks.
    UntilClose,
}

impl<'r> Reply<'r> {
    /// Begins a response.
    pub fn status(self, status: Status) -> Response<'r> {
        let Draft { output, terms } = &mut *self.draft;
        match status {
            // Nearly always: not put together anew each time.
            Status::OK => output.bytes(b"HTTP/1.1 200 OK\r\n"),
            status => {
                output.bytes(b"HTTP/1.1 ");
                output.status(status);
                output.bytes(b"\r\n");
            }
        }
        if let Some(date) = terms.date {
            output.field("Date", date);
        }
        Response { draft: self.draft, status }
    }

    /// [`Status::OK`].
    pub fn ok(self) -> Response<'r> {
        self.status(Status::OK)
    }

    /// A redirect to `location`, which is percent-encoded already.
    pub fn redirect(self, status: Status, location: &str) -> Answer {
        self.status(status).field("Location", location).page()
    }

    /// An error, with a short page for people.
    pub fn error(self, status: Status) -> Answer {
        self.status(status).page()
    }
}

impl<'r> Response<'r> {
    /// Adds a field. One whose value has control characters is left out, so that nobody can smuggle
    /// in a line of his own.
    pub fn field(self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.add_field(name, value.as_ref())
    }

    /// Adds a field with a decimal value.
    pub fn number_field(self, name: &'static str, value: u64) -> Self {
        let mut digits = [0; 20];
        self.draft.output.field(name, decimal(value, &mut digits));
        self
    }

    /// Adds a field whose value is these parts in a row.
    pub fn joined_field(self, name: &'static str, parts: &[&str]) -> Self {
        let output = &mut self.draft.output;
        if parts.iter().all(|part| super::bytes::is_field_content(part.as_bytes())) {
            output.bytes(name.as_bytes());
            output.bytes(b": ");
            for part in parts {
                output.bytes(part.as_bytes());
            }
            output.bytes(b"\r\n");
        }
        self
    }

    /// Adds a field whose value shows itself, cut off after 96 bytes.
    pub fn display_field(self, name: &'static str, value: impl core::fmt::Display) -> Self {
        let mut text = heapless::String::<96>::new();
        let _ = write!(text, "{value}");
        self.add_field(name, text.as_bytes())
    }

    /// Adds a field whose value is `form` filled in, with nothing from outside.
    pub(super) fn filled_field(self, name: &'static str, form: &str, values: &[Value<'_>]) -> Self {
        let output = &mut self.draft.output;
        output.bytes(name.as_bytes());
        output.bytes(b": ");
        output.fill(form, values);
        output.bytes(b"\r\n");
        self
    }

    /// Adds a field whose value is the program's own: nothing in it needs a check.
    pub(super) fn own_field(self, name: &'static str, value: &[u8]) -> Self {
        self.draft.output.field(name, value);
        self
    }

    /// Adds whole lines, which are the program's own.
    pub(super) fn own_lines(self, lines: &[u8]) -> Self {
        self.draft.output.bytes(lines);
        self
    }

    #[inline(never)]
    fn add_field(self, name: &'static str, value: &[u8]) -> Self {
        if super::bytes::is_field_content(value) {
            self.draft.output.field(name, value);
        }
        self
    }

    /// DatagramEndpoints it without a body.
    pub fn empty(self) -> Answer {
        self.body("", b"")
    }

    /// DatagramEndpoints it with a text.
    pub fn text(self, text: &str) -> Answer {
        self.body("text/plain; charset=utf-8", text.as_bytes())
    }

    /// DatagramEndpoints it with a page of HTML.
    pub fn html(self, html: &str) -> Answer {
        self.body("text/html; charset=utf-8", html.as_bytes())
    }

    /// DatagramEndpoints it with `value` as JSON. The whole response must fit into what the connection's buffer
    /// has left, or the client gets a 500.
    pub fn json(self, value: &impl serde::Serialize) -> Answer {
        self.compose("application/json", &mut |room| ser::to_slice(value, room).ok())
    }

    /// DatagramEndpoints it with `body`, of that media type unless it is empty.
    pub fn body(self, media_type: &str, body: &[u8]) -> Answer {
        self.compose(media_type, &mut |room| {
            room.get_mut(..body.len())?.copy_from_slice(body);
            Some(body.len())
        })
    }

    /// DatagramEndpoints it with a body that `compose` writes to the front of the room it gets; it returns the
    /// length, or `None` when there is too little room.
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
        self.draft.connection(self.draft.terms.persistent);
        let body_len = self.draft.output.body(self.status, self.draft.terms.is_head, compose);
        Answer { status: self.status, len: self.draft.output.finish(), body_len, rest: None }
    }

    /// DatagramEndpoints the head; [`Application::produce`](super::Application::produce) will give `len` bytes of
    /// body.
    pub fn sized(self, len: u64) -> Answer {
        self.draft.connection(self.draft.terms.persistent);
        self.draft.output.end_head(len);
        self.leave((len > 0).then_some(Rest::Sized(len)))
    }

    /// DatagramEndpoints the head; [`Application::produce`](super::Application::produce) will give a body of
    /// unknown length.
    pub fn stream(self) -> Answer {
        let version = self.draft.terms.version;
        self.draft.connection(self.draft.terms.persistent && version == Version::Http11);
        // RFC 9112 section 6.1: HTTP/1.0 clients know no transfer codings.
        let rest = match version {
            Version::Http10 => Rest::UntilClose,
            Version::Http11 => {
                self.draft.output.field("Transfer-Encoding", b"chunked");
                Rest::Chunked
            }
        };
        self.draft.output.bytes(b"\r\n");
        self.leave(Some(rest))
    }

    /// Leaves `rest` to the application.
    fn leave(self, rest: Option<Rest>) -> Answer {
        let Draft { output, terms } = self.draft;
        let rest = rest.filter(|_| !terms.is_head);
        Answer { status: self.status, len: output.finish(), body_len: 0, rest }
    }

    /// DatagramEndpoints the head of a stream of server-sent events: `produce` gives lines like `data: …` and an
    /// empty one after each event.
    pub fn events(self) -> Answer {
        self.field("Content-Type", "text/event-stream").field("Cache-Control", "no-store").stream()
    }

    /// DatagramEndpoints it with a page that says the status in words, and with the fields that the status
    /// demands (RFC 9110 sections 10.2.1 and 11.6.1).
    pub fn page(mut self) -> Answer {
        let status = self.status;
        match status {
            Status::METHOD_NOT_ALLOWED => self = self.allow(),
            Status::UNAUTHORIZED => {
                self = self.field("WWW-Authenticate", "Bearer realm=\"device\"");
                self = self.field("WWW-Authenticate", "Basic realm=\"device\", charset=\"UTF-8\"");
            }
            _ => {}
        }
        self.compose("text/html; charset=utf-8", &mut |room| {
            let mut page = Output::new(room);
            page.bytes(b"<!doctype html><title>");
            page.status(status);
            page.bytes(b"</title><h1>");
            page.status(status);
            page.bytes(b"</h1>\n");
            page.finish()
        })
    }

    /// Adds the Allow field: HEAD comes with GET, and OPTIONS is always there.
    pub(super) fn allow(self) -> Self {
        let Draft { output, terms } = &mut *self.draft;
        output.bytes(b"Allow: ");
        for method in terms.allow {
            output.bytes(method.name().as_bytes());
            output.bytes(if *method == Method::Get { b", HEAD, " } else { b", " });
        }
        output.bytes(b"OPTIONS\r\n");
        self
    }
}

/// A writer into a slice that remembers when something did not fit.
pub(super) struct Output<'o> {
    place: &'o mut [u8],
    len: usize,
    overflow: bool,
}

impl<'o> Output<'o> {
    pub fn new(place: &'o mut [u8]) -> Self {
        Self { place, len: 0, overflow: false }
    }

    // Called from everywhere: a copy for each caller would add up.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        match self.place.get_mut(self.len..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.overflow = true,
        }
    }

    fn fill(&mut self, form: &str, values: &[Value<'_>]) {
        let room = self.place.get_mut(self.len..).unwrap_or_default();
        let mut window = ResumableWriter::new(room, 0);
        window.fill(form, values);
        self.overflow |= !window.is_complete();
        self.len += window.shown();
    }

    pub fn finish(&self) -> Option<usize> {
        (!self.overflow).then_some(self.len)
    }

    // Looks for room once: there are several fields in each response.
    #[inline(never)]
    fn field(&mut self, name: &str, value: &[u8]) {
        let len = name.len() + 2 + value.len() + 2;
        let room = self.place.get_mut(self.len..).and_then(|rest| rest.get_mut(..len));
        if let Some((name_place, rest)) =
            room.and_then(|room| room.split_at_mut_checked(name.len()))
            && let Some((colon, rest)) = rest.split_first_chunk_mut()
            && let Some((rest, end)) = rest.split_last_chunk_mut()
        {
            name_place.copy_from_slice(name.as_bytes());
            *colon = *b": ";
            rest.copy_from_slice(value);
            *end = *b"\r\n";
            self.len += len;
        } else {
            self.overflow = true;
        }
    }

    /// The code, which has three digits, and what it means.
    #[inline(never)]
    fn status(&mut self, status: Status) {
        let digit = |number: u16| b'0' + (number % 10) as u8;
        self.bytes(&[digit(status.0 / 100), digit(status.0 / 10), digit(status.0), b' ']);
        self.bytes(status.reason().as_bytes());
    }

    /// Writes Content-Length, the last field, and the empty line.
    fn end_head(&mut self, len: u64) {
        // What `field` takes for the value has one end of line more.
        let mut value = *b"00000000000000000000\r\n";
        let [digits @ .., _, _] = &mut value;
        let start = digits.len() - decimal(len, digits).len();
        self.field("Content-Length", value.get(start..).unwrap_or_default());
    }

    /// Writes Content-Length, the empty line and the body. The body is composed first, behind the
    /// room that these will need, since its length is not known before.
    fn body(&mut self, status: Status, is_head: bool, compose: Compose<'_>) -> usize {
        const LONGEST: usize = "Content-Length: 18446744073709551615\r\n\r\n".len();
        if status.is_bodiless() {
            self.bytes(b"\r\n");
            return 0;
        }
        let start = self.len + LONGEST;
        let Some(body_len) = self.place.get_mut(start..).and_then(compose) else {
            self.overflow = true;
            return 0;
        };
        self.end_head(body_len as u64);
        if is_head {
            return 0;
        }
        if start + body_len > self.place.len() {
            self.overflow = true;
            return 0;
        }
        super::bytes::move_to_front(self.place, start..start + body_len, self.len);
        self.len += body_len;
        body_len
    }
}
