//! From bytes to a request: the head, then the body, if it is needed.

use super::{CONTINUE, ConnectionMut, KeepAlive, Reading, Sink};
use crate::http::{
    RESERVE,
    access::Admission,
    application::{Application, BodyMode},
    body::{Body, Piece},
    framing::Length,
    head::Expectation,
    method::{Method, Version},
    methods::Methods,
    request::Request,
    request_line::TargetForm,
    status::Status,
};

/// The longest body, in bytes, that is read although it is not needed, to keep the connection.
const DISCARD_LIMIT: u64 = 64 << 10;

/// RFC 9110 section 9.3.7: the answer to `OPTIONS *`, about the server itself.
const SERVER_METHODS: Methods =
    Methods::GET.and(Methods::POST).and(Methods::PUT).and(Methods::DELETE);

impl<A: Application> ConnectionMut<'_, '_, A> {
    pub fn receive(&mut self, input: &[u8]) -> usize {
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let step = match self.state.reading {
                Reading::Head => self.receive_head(rest).inspect_err(|&status| {
                    if status == Status::BAD_REQUEST && self.state.reason.is_empty() {
                        self.state.reason = self.state.head.fault();
                    }
                }),
                Reading::Body(..) => self.receive_body(rest),
                // Here, and not where the end is found: that function's stack frame is gone by now.
                Reading::Whole => {
                    self.complete();
                    Ok(0)
                }
                Reading::Complete => return taken,
            };
            match step {
                Ok(0) if !matches!(self.state.reading, Reading::Whole) => return taken,
                Ok(step) => taken += step,
                Err(status) => self.fail(status),
            }
        }
    }

    #[inline(never)]
    fn receive_head(&mut self, input: &[u8]) -> Result<usize, Status> {
        let limit = self.buffer.len().saturating_sub(RESERVE);
        let buffer = self.buffer.get_mut(..limit).unwrap_or_default();
        let application = &*self.application;
        let wants = |path: &str, name: &str| application.wants_field(path, name);
        let taken = self.state.head.read(buffer, input, &wants)?;
        if self.state.head.is_complete() {
            self.accept()?;
        }
        Ok(taken)
    }

    /// The head is complete: decides how the request is handled.
    ///
    /// # Errors
    /// The status for a request whose end is unknown.
    fn accept(&mut self) -> Result<(), Status> {
        let head = &self.state.head;
        let length = head.framing.length(head.version)?;
        // RFC 9112 section 3.2.
        if head.version == Version::Http11 && !head.has_host {
            self.state.reason = "no Host field";
            return Err(Status::BAD_REQUEST);
        }
        let awaits_continue =
            head.version == Version::Http11 && head.expectation == Expectation::Continue;
        if !head.is_persistent() {
            self.state.keep_alive = KeepAlive::Last;
        }
        let begun = self.begin();
        self.state.refusal = begun.err();
        if length == Length::Exact(0) {
            self.state.reading = Reading::Whole;
            return Ok(());
        }
        let (sink, limit) = match begun {
            Ok(BodyMode::Ignore) | Err(_) => {
                self.disregard_body(length, awaits_continue);
                return Ok(());
            }
            Ok(BodyMode::Collect { limit }) => {
                let room = self.buffer.len().saturating_sub(RESERVE + self.state.staging());
                (Sink::Buffer, limit.min(room) as u64)
            }
            Ok(BodyMode::Stream { limit }) => (Sink::Application, limit),
        };
        match length {
            Length::Exact(length) if length > limit => {
                self.state.reason = Body::TOO_LONG;
                self.fail(Status::CONTENT_TOO_LARGE);
            }
            _ => {
                self.state.reading = Reading::Body(Body::new(length, limit), sink);
                self.state.interim = if awaits_continue { CONTINUE.len() } else { 0 };
            }
        }
        Ok(())
    }

    /// How the body is handled.
    ///
    /// # Errors
    /// The status with which the server answers instead of the application.
    #[inline(never)]
    fn begin(&mut self) -> Result<BodyMode, Status> {
        let head = &self.state.head;
        if head.version == Version::Http11 && head.expectation == Expectation::Unknown {
            return Err(Status::EXPECTATION_FAILED);
        }
        let request = Request::with_path(head, self.buffer, &[]);
        if !self.admission.is_host_known(&request) {
            self.state.reason = Admission::UNKNOWN_HOST;
            return Err(Status::MISDIRECTED_REQUEST);
        }
        let methods = match head.form {
            TargetForm::Origin => self.application.methods(request.path()),
            TargetForm::Asterisk | TargetForm::Authority => Some(SERVER_METHODS),
        };
        self.state.allow = methods.unwrap_or_default();
        let method = match head.method.ok_or(Status::NOT_IMPLEMENTED)? {
            Method::Trace | Method::Connect => return Err(Status::METHOD_NOT_ALLOWED),
            Method::Head => Method::Get,
            method => method,
        };
        let methods = methods.ok_or(Status::NOT_FOUND)?;
        if method == Method::Options {
            return Err(Status::NO_CONTENT);
        }
        if !methods.contains(method) {
            return Err(Status::METHOD_NOT_ALLOWED);
        }
        if method == Method::Get && self.admission.links.is_link(&request) {
            return Err(Status::SEE_OTHER);
        }
        let begun = self.application.begin(&request, &mut self.state.exchange, self.env);
        begun.map_err(|problem| {
            self.state.reason = problem.reason;
            problem.status
        })
    }

    /// The response does not depend on the body. A short one is read and dropped before the
    /// response, so that a malformed one is answered with 400 and nothing else. After a long one the
    /// connection closes, and so it does where the client may not send the body at all because it
    /// still waits for 100 Continue (RFC 9110 section 10.1.1).
    fn disregard_body(&mut self, length: Length, awaits_continue: bool) {
        let is_long = matches!(length, Length::Exact(length) if length > DISCARD_LIMIT);
        if is_long || awaits_continue {
            self.state.keep_alive = KeepAlive::Last;
            self.state.reading = Reading::Whole;
        } else {
            let body = Body::new(length, DISCARD_LIMIT);
            self.state.reading = Reading::Body(body, Sink::Discard);
        }
    }

    #[inline(never)]
    fn receive_body(&mut self, input: &[u8]) -> Result<usize, Status> {
        let mut taken = 0;
        while let Reading::Body(body, sink) = &mut self.state.reading {
            let rest = input.get(taken..).unwrap_or_default();
            let Piece { framing, data, is_last } = body.next(rest).inspect_err(|&status| {
                self.state.reason = match status {
                    Status::CONTENT_TOO_LARGE => Body::TOO_LONG,
                    _ => Body::MALFORMED,
                };
            })?;
            taken += framing;
            if is_last {
                self.state.reading = Reading::Whole;
                break;
            }
            let piece = rest.get(framing..framing + data).unwrap_or_default();
            if piece.is_empty() {
                break;
            }
            let kept = self.state.head.kept_len();
            let used = match (*sink, &mut self.state.exchange) {
                (Sink::Buffer, _) => {
                    let start = kept + self.state.collected;
                    if let Some(place) = self.buffer.get_mut(start..start + piece.len()) {
                        place.copy_from_slice(piece);
                    }
                    self.state.collected += piece.len();
                    piece.len()
                }
                (Sink::Application, Some(exchange)) => {
                    let (front, scratch) =
                        self.buffer.split_at_mut_checked(kept).unwrap_or_default();
                    let request = Request::new(&self.state.head, front, &[]);
                    let taken =
                        self.application.receive(&request, exchange, piece, scratch, self.env);
                    let taken = taken.map_err(|problem| {
                        self.state.reason = problem.reason;
                        problem.status
                    })?;
                    taken.min(piece.len())
                }
                (Sink::Application, None) | (Sink::Discard, _) => piece.len(),
            };
            body.consume(used);
            taken += used;
            if used == 0 {
                break;
            }
        }
        Ok(taken)
    }

    /// Composes the response.
    // Not inlined: its large stack frame is not part of the reading functions' frames.
    #[inline(never)]
    pub(super) fn complete(&mut self) {
        self.state.reading = Reading::Complete;
        self.answer();
    }

    /// Answers with `status` and the state's reason, reads no further, and closes.
    pub(super) fn fail(&mut self, status: Status) {
        self.state.reading = Reading::Complete;
        self.state.keep_alive = KeepAlive::Last;
        self.state.exchange = None;
        self.state.refusal = Some(status);
        self.answer();
    }
}
