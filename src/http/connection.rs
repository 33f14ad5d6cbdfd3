//! One connection: requests in, answers out, one after the other (RFC 9112 section 9).
//!
//! Three questions, three enums: what is being read ([`Reading`]), what is being written
//! ([`Writing`]), and what becomes of the connection after that ([`KeepAlive`]).
//!
//! # The buffer
//!
//! ```text
//! | kept of the head | body, if collected | response head, short body |
//! 0                  kept_len             staging                     BUFFER
//! ```
//!
//! The first two parts never take the last [`RESERVE`] bytes.

use core::ops::Range;

use smoltcp::{
    time::Instant,
    wire::{IpAddress, IpEndpoint},
};

use super::{
    access::WriteAccess,
    application::{Application, Begin, Produced},
    body::{Body, Piece},
    chunked::{CHUNK_OVERHEAD, LAST_CHUNK, chunk_data, frame_chunk},
    framing::Length,
    head::{Expectation, Head},
    method::{Method, Version},
    request::Request,
    request_line::Form,
    response::{Answer, Draft, Output, Rest, Terms},
    server::DateText,
    status::Status,
};
use crate::{
    environment::{Environment, Event},
    net::protocol::{Peer, Phase},
    wire::window::{Filled, Value},
};

/// Bytes of the buffer that the request leaves to the response: enough for the longest head that
/// the server itself composes.
pub const RESERVE: usize = 512;

/// Bytes of a body that nobody wants which are read all the same, to keep the connection.
const DISCARD_LIMIT: u64 = 64 << 10;

/// RFC 9110 section 15.2.1.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Shorter pieces of output are no place to begin a chunk.
const SHORTEST_CHUNK: usize = CHUNK_OVERHEAD + 24;

/// The state of one connection: `BUFFER` bytes and about 250 more, plus what
/// [`Application::Exchange`] takes. `BUFFER` bounds what a request's target and the fields that are
/// kept may take together: [`RESERVE`] less than it.
pub struct Connection<A: Application, const BUFFER: usize> {
    pub(super) state: State<A::Exchange>,
    pub(super) buffer: [u8; BUFFER],
}

impl<A: Application, const BUFFER: usize> Connection<A, BUFFER> {
    /// Nobody connected.
    pub const fn new() -> Self {
        const { assert!(BUFFER >= RESERVE + 128, "too small for any request") };
        Self { state: State::new(), buffer: [0; BUFFER] }
    }
}

impl<A: Application, const BUFFER: usize> Default for Connection<A, BUFFER> {
    fn default() -> Self {
        Self::new()
    }
}

pub(super) struct State<E> {
    reading: Reading,
    writing: Writing,
    keep_alive: KeepAlive,
    head: Head,
    /// Bytes of body in the buffer.
    collected: usize,
    /// What the application remembers of this request.
    exchange: Option<E>,
    /// Bytes of [`CONTINUE`] yet to be sent.
    interim: usize,
    /// Where the bytes stand that go out next.
    staged: Range<usize>,
    /// The status that the server answers with when the request is whole, in the application's
    /// place.
    refusal: Option<Status>,
    /// Of the answer, once there is one.
    status: Option<Status>,
    body_sent: u64,
    is_first: bool,
    end_of_input: bool,
    peer: Peer,
}

#[derive(Debug)]
enum Reading {
    Head,
    Body(Body, Sink),
    /// The request is whole, or as good as that: the answer is due.
    Whole,
    /// The rest of the input is of no interest until the answer is out. The next request waits.
    Complete,
}

/// Where a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    Discard,
    Buffer,
    Application,
}

#[derive(Debug)]
enum Writing {
    Nothing,
    /// What is staged, and that is all.
    Staged,
    /// What is staged, and then what the application produces.
    Body(Rest),
    /// The application has nothing to say until then, or until it is asked again.
    Waiting(Rest, Option<Instant>),
    /// The answer cannot be completed.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeepAlive {
    /// Another request may follow.
    Open,
    /// This answer is the last.
    Last,
    /// All has been said.
    Over,
}

impl<E> State<E> {
    const fn new() -> Self {
        let nobody = IpEndpoint { addr: IpAddress::v4(0, 0, 0, 0), port: 0 };
        Self {
            reading: Reading::Head,
            writing: Writing::Nothing,
            keep_alive: KeepAlive::Open,
            head: Head::new(),
            collected: 0,
            exchange: None,
            interim: 0,
            staged: 0..0,
            refusal: None,
            status: None,
            body_sent: 0,
            is_first: true,
            end_of_input: false,
            peer: Peer { remote: nobody, local: nobody },
        }
    }

    pub fn open(&mut self, peer: Peer) {
        self.renew(peer, true);
    }

    /// Forgets the last request, if there was one.
    #[inline(never)]
    fn renew(&mut self, peer: Peer, is_first: bool) {
        *self = Self { peer, is_first, ..Self::new() };
    }

    /// Drops what the application holds.
    pub fn close(&mut self) {
        self.exchange = None;
    }

    pub fn phase(&self) -> Phase {
        match (&self.writing, &self.reading) {
            (Writing::Broken, _) => Phase::Broken,
            (Writing::Staged | Writing::Body(_), _) => Phase::Sending,
            _ if self.interim > 0 || !self.staged.is_empty() => Phase::Sending,
            (Writing::Waiting(..), _) => Phase::Quiet,
            (Writing::Nothing, _) if self.keep_alive == KeepAlive::Over => Phase::Finished,
            (Writing::Nothing, Reading::Body(..)) => Phase::Body,
            (Writing::Nothing, _) if self.head.has_begun() => Phase::Head,
            (Writing::Nothing, _) if self.is_first => Phase::FirstByte,
            (Writing::Nothing, _) => Phase::Idle,
        }
    }

    pub fn poll_at(&self) -> Option<Instant> {
        match self.writing {
            Writing::Waiting(_, at) => at,
            _ => None,
        }
    }

    /// Whether a request has begun that nobody has answered.
    fn is_within_request(&self) -> bool {
        self.head.has_begun() && self.status.is_none()
    }

    /// Where in the buffer the response is composed.
    fn staging(&self) -> usize {
        self.head.kept_len() + self.collected
    }

    /// The answer stands in the buffer, all of it or up to the `rest`.
    fn begin_writing(&mut self, answer: &Answer) {
        let Answer { status, len, body_len, rest } = *answer;
        let start = self.staging();
        self.staged = start..start + len.unwrap_or(0);
        self.status = Some(status);
        self.body_sent = body_len as u64;
        if rest == Some(Rest::UntilClose) {
            self.keep_alive = KeepAlive::Last;
        }
        // What is no longer needed frees its file or its upload now, not when a slow reader has all.
        if rest.is_none() {
            self.exchange = None;
        }
        self.writing = rest.map_or(Writing::Staged, Writing::Body);
    }

    /// The answer is out.
    fn turn_over(&mut self) {
        self.exchange = None;
        self.writing = Writing::Nothing;
        if self.keep_alive == KeepAlive::Open && !self.end_of_input {
            self.renew(self.peer, false);
        } else {
            self.keep_alive = KeepAlive::Over;
        }
    }

    /// A stream ends here.
    fn end_stream(&mut self, rest: Rest, buffer: &mut [u8]) {
        self.exchange = None;
        self.writing = match rest {
            Rest::Sized(_) => Writing::Broken,
            Rest::UntilClose => Writing::Staged,
            Rest::Chunked => {
                let start = self.staging();
                let end = start + LAST_CHUNK.len();
                if let Some(place) = buffer.get_mut(start..end) {
                    place.copy_from_slice(LAST_CHUNK);
                    self.staged = start..end;
                }
                Writing::Staged
            }
        };
    }
}

/// A connection together with all it needs to take a step.
pub(super) struct Session<'s, 'e, A: Application> {
    pub service: &'static str,
    pub application: &'s mut A,
    pub access: &'s WriteAccess,
    pub date: &'s mut DateText,
    pub state: &'s mut State<A::Exchange>,
    pub buffer: &'s mut [u8],
    pub env: &'s mut Environment<'e>,
}

/// Reading.
impl<A: Application> Session<'_, '_, A> {
    pub fn receive(&mut self, input: &[u8]) -> usize {
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let step = match self.state.reading {
                Reading::Head => self.receive_head(rest),
                Reading::Body(..) => self.receive_body(rest),
                // Here, and not where the end was found, whose frame is then off the stack.
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

    /// The head is complete: decides what becomes of the request.
    ///
    /// # Errors
    /// The status, when nobody can tell where the request ends.
    fn accept(&mut self) -> Result<(), Status> {
        let head = &self.state.head;
        let length = head.framing.length(head.version)?;
        // RFC 9112 section 3.2.
        if head.version == Version::Http11 && !head.has_host {
            return Err(Status::BAD_REQUEST);
        }
        let awaits_continue =
            head.version == Version::Http11 && head.expectation == Expectation::Continue;
        if !head.is_persistent() {
            self.state.keep_alive = KeepAlive::Last;
        }
        let (sink, limit) = match self.begin() {
            Ok(Begin::Respond) => {
                self.disregard_body(length, awaits_continue, None);
                return Ok(());
            }
            Err(status) => {
                self.disregard_body(length, awaits_continue, Some(status));
                return Ok(());
            }
            Ok(Begin::Collect { limit }) => {
                let room = self.buffer.len().saturating_sub(RESERVE + self.state.staging());
                (Sink::Buffer, limit.min(room) as u64)
            }
            Ok(Begin::Stream { limit }) => (Sink::Application, limit),
        };
        match length {
            Length::Exact(0) => self.state.reading = Reading::Whole,
            Length::Exact(length) if length > limit => self.fail(Status::CONTENT_TOO_LARGE),
            _ => {
                self.state.reading = Reading::Body(Body::new(length, limit), sink);
                self.state.interim = if awaits_continue { CONTINUE.len() } else { 0 };
            }
        }
        Ok(())
    }

    /// What the application makes of the request, or the status with which the server answers in
    /// its place.
    #[inline(never)]
    fn begin(&mut self) -> Result<Begin, Status> {
        let head = &self.state.head;
        if head.version == Version::Http11 && head.expectation == Expectation::Unknown {
            return Err(Status::EXPECTATION_FAILED);
        }
        let method = match head.method.ok_or(Status::NOT_IMPLEMENTED)? {
            // RFC 9110 section 9.3.7: about the server itself.
            Method::Options if head.form == Form::Server => return Err(Status::NO_CONTENT),
            Method::Trace | Method::Connect => return Err(Status::METHOD_NOT_ALLOWED),
            Method::Head => Method::Get,
            method => method,
        };
        let request = Request::new(head, self.buffer, &[]).with_path();
        let methods = self.application.methods(request.path()).ok_or(Status::NOT_FOUND)?;
        if method == Method::Options {
            return Err(Status::NO_CONTENT);
        }
        if !methods.contains(&method) {
            return Err(Status::METHOD_NOT_ALLOWED);
        }
        if method == Method::Get && self.access.is_link(&request) {
            return Err(Status::SEE_OTHER);
        }
        self.application.begin(&request, &mut self.state.exchange, self.env)
    }

    /// The answer does not depend on the body. One that is short is read and thrown away before the
    /// answer, so that a malformed one is answered with 400 and nothing else; otherwise the
    /// connection closes, and so it does where the client may not send the body at all because it
    /// was not told to continue (RFC 9110 section 10.1.1).
    fn disregard_body(&mut self, length: Length, awaits_continue: bool, refusal: Option<Status>) {
        self.state.refusal = refusal;
        let is_long = matches!(length, Length::Exact(length) if length > DISCARD_LIMIT);
        if length == Length::Exact(0) {
            self.state.reading = Reading::Whole;
        } else if is_long || awaits_continue {
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
            let Piece { framing, data, is_last } = body.next(rest)?;
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
                    self.application
                        .receive(&request, exchange, piece, scratch, self.env)?
                        .min(piece.len())
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

    /// Answers.
    // Its frame is large, and not to be added to that of reading.
    #[inline(never)]
    fn complete(&mut self) {
        self.state.reading = Reading::Complete;
        match self.state.refusal {
            Some(status) => self.answer(status),
            None => self.respond(),
        }
    }

    /// Nothing more can be read: says why.
    fn fail(&mut self, status: Status) {
        self.state.reading = Reading::Complete;
        self.state.keep_alive = KeepAlive::Last;
        self.state.exchange = None;
        self.answer(status);
    }
}

/// Answering.
impl<A: Application> Session<'_, '_, A> {
    /// Lets the application answer.
    fn respond(&mut self) {
        let (kept, staging) = (self.state.head.kept_len(), self.state.staging());
        let Some((front, room)) = self.buffer.split_at_mut_checked(staging) else { return };
        let (front, body) = front.split_at_checked(kept).unwrap_or_default();
        let request = Request::new(&self.state.head, front, body).with_path();
        let terms = Terms {
            date: self.date.at(self.env.date()),
            version: request.version(),
            persistent: self.state.keep_alive == KeepAlive::Open,
            is_head: request.is_head(),
            allow: self.application.methods(request.path()).unwrap_or_default(),
        };
        let mut draft = Draft { output: Output::new(room), terms };
        let exchange = &mut self.state.exchange;
        let answer = self.application.respond(&request, exchange, draft.reply(), self.env);
        if answer.len.is_some() {
            self.state.begin_writing(&answer);
        } else {
            self.answer(Status::INTERNAL_SERVER_ERROR);
        }
    }

    /// Answers in the application's place.
    #[inline(never)]
    fn answer(&mut self, status: Status) {
        let head = &self.state.head;
        let Some((front, room)) = self.buffer.split_at_mut_checked(self.state.staging()) else {
            return;
        };
        let request = Request::new(head, front, &[]);
        let allow = match head.form {
            Form::Resource => self.application.methods(head.path(front)).unwrap_or_default(),
            Form::Server | Form::Authority => {
                &[Method::Get, Method::Post, Method::Put, Method::Delete]
            }
        };
        let terms = Terms {
            date: self.date.at(self.env.date()),
            version: head.version,
            persistent: self.state.keep_alive == KeepAlive::Open,
            is_head: head.method == Some(Method::Head),
            allow,
        };
        let mut draft = Draft { output: Output::new(room), terms };
        let response = draft.reply().status(status);
        let answer = match status {
            Status::NO_CONTENT => response.allow().empty(),
            Status::SEE_OTHER => self.access.admit(&request, response),
            _ => response.page(),
        };
        self.state.begin_writing(&answer);
    }
}

/// Writing.
impl<A: Application> Session<'_, '_, A> {
    pub fn transmit(&mut self, output: &mut [u8]) -> usize {
        let mut sent = 0;
        loop {
            let is_staged = self.state.interim > 0 || !self.state.staged.is_empty();
            if !is_staged && matches!(self.state.writing, Writing::Staged) {
                self.finish_answer();
            }
            let Some(room) = output.get_mut(sent..).filter(|room| !room.is_empty()) else {
                return sent;
            };
            sent += match self.state.writing {
                _ if self.state.interim > 0 => self.send_interim(room),
                _ if !self.state.staged.is_empty() => self.send_staged(room),
                Writing::Body(rest) | Writing::Waiting(rest, _) => {
                    let Some(written) = self.produce(rest, room) else { return sent };
                    written
                }
                Writing::Nothing | Writing::Staged | Writing::Broken => return sent,
            };
        }
    }

    fn send_interim(&mut self, room: &mut [u8]) -> usize {
        let start = CONTINUE.len().saturating_sub(self.state.interim);
        let sent = copy(CONTINUE.get(start..).unwrap_or_default(), room);
        self.state.interim -= sent;
        sent
    }

    fn send_staged(&mut self, room: &mut [u8]) -> usize {
        let staged = self.buffer.get(self.state.staged.clone()).unwrap_or_default();
        let sent = copy(staged, room);
        self.state.staged.start += sent.max(usize::from(staged.is_empty()));
        sent
    }

    /// Lets the application write the next piece of its body: into `room` where that is possible,
    /// otherwise into the buffer. Returns how much was written into `room`; `None` when the
    /// application has nothing to say just now.
    // What it computes beforehand is not for those who have all their answer in the buffer.
    #[inline(never)]
    fn produce(&mut self, rest: Rest, room: &mut [u8]) -> Option<usize> {
        let staging = self.state.staging();
        let is_staged = rest == Rest::Chunked && room.len() < SHORTEST_CHUNK;
        let (front, back) = self.buffer.split_at_mut_checked(staging).unwrap_or_default();
        let whole = if is_staged { back } else { room };
        let place = match rest {
            Rest::Chunked => chunk_data(whole),
            Rest::Sized(left) => {
                let len = usize::try_from(left).map_or(whole.len(), |left| left.min(whole.len()));
                whole.get_mut(..len)
            }
            Rest::UntilClose => Some(&mut *whole),
        };
        let place = place.unwrap_or_default();
        let (front, body) = front.split_at_checked(self.state.head.kept_len()).unwrap_or_default();
        let request = Request::new(&self.state.head, front, body);
        let produced = match &mut self.state.exchange {
            Some(exchange) => self.application.produce(&request, exchange, place, self.env),
            None => Produced::End,
        };
        let len = match produced {
            Produced::Bytes(len @ 1..) => len.min(place.len()),
            // Whoever half-closes gets his answer, but nobody waits with him for what may come.
            Produced::Bytes(0) | Produced::Wait(_) if self.state.end_of_input => {
                self.state.end_stream(rest, self.buffer);
                return Some(0);
            }
            Produced::Bytes(_) | Produced::Wait(_) => {
                let at = if let Produced::Wait(at) = produced { at } else { None };
                self.state.writing = Writing::Waiting(rest, at);
                return None;
            }
            Produced::End => {
                self.state.end_stream(rest, self.buffer);
                return Some(0);
            }
        };
        self.state.body_sent += len as u64;
        self.state.writing = match rest {
            Rest::Sized(left) if left == len as u64 => Writing::Staged,
            Rest::Sized(left) => Writing::Body(Rest::Sized(left.saturating_sub(len as u64))),
            rest => Writing::Body(rest),
        };
        if rest != Rest::Chunked {
            return Some(len);
        }
        let len = frame_chunk(whole, len);
        if is_staged {
            self.state.staged = staging..staging + len;
            return Some(0);
        }
        Some(len)
    }

    fn finish_answer(&mut self) {
        let head = &self.state.head;
        let status = self.state.status.map_or(0, |status| status.0);
        // A query may carry a token, which is nothing for a log.
        let path = head.raw_path(self.buffer);
        self.env.observer.event(Event::Answered {
            service: self.service,
            remote: self.state.peer.remote,
            what: Filled {
                form: "% % % %",
                values: &[
                    Value::Text(head.method.map_or("-", Method::name)),
                    Value::Text(path),
                    Value::Number(status.into()),
                    Value::Number(self.state.body_sent),
                ],
            },
        });
        self.state.turn_over();
    }
}

/// Ends that the protocol does not choose.
impl<A: Application> Session<'_, '_, A> {
    /// The client will send nothing more. It may still read.
    pub fn end_of_input(&mut self) {
        self.state.end_of_input = true;
        match self.state.writing {
            // RFC 9112 section 8: an incomplete request.
            Writing::Nothing if self.state.is_within_request() => self.fail(Status::BAD_REQUEST),
            Writing::Nothing => self.state.keep_alive = KeepAlive::Over,
            Writing::Waiting(rest, _) => self.state.end_stream(rest, self.buffer),
            _ => self.state.keep_alive = KeepAlive::Last,
        }
    }

    /// Time is up.
    pub fn expire(&mut self) {
        match self.state.writing {
            // RFC 9110 section 15.5.9.
            Writing::Nothing if self.state.is_within_request() => {
                self.fail(Status::REQUEST_TIMEOUT);
            }
            Writing::Nothing => self.state.keep_alive = KeepAlive::Over,
            Writing::Waiting(rest, _) => {
                self.state.keep_alive = KeepAlive::Last;
                self.state.end_stream(rest, self.buffer);
            }
            _ => self.state.writing = Writing::Broken,
        }
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..len), to.get_mut(..len)) {
        to.copy_from_slice(from);
    }
    len
}
