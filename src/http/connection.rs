//! One connection: requests in, responses out, one after the other (RFC 9112 section 9).
//!
//! The state consists of three enums: what is being read ([`Reading`]), what is being written
//! ([`Writing`]), and whether another request follows ([`KeepAlive`]).
//!
//! # The buffer
//!
//! ```text
//! | kept of the head | body, if collected | response head, short body |
//! 0                  kept_len             staging                     BUFFER
//! ```
//!
//! The first two parts never take the last [`RESERVE`] bytes.

mod answering;
mod reading;
mod writing;

use core::ops::Range;

use smoltcp::time::Instant;

use super::{
    access::Admission,
    application::Application,
    body::Body,
    chunked::{CHUNK_OVERHEAD, LAST_CHUNK},
    date::DateField,
    head::Head,
    methods::Methods,
    response::{BodyFraming, Composed},
    status::Status,
};
use crate::protocol::{endpoints::Endpoints, environment::Environment, stream::Phase};

/// Bytes of the buffer that the request leaves to the response: enough for the longest head that
/// the server itself composes.
pub const RESERVE: usize = 512;

/// The least room, in bytes, for a piece of a body whose length is not known beforehand. Where the
/// transmit buffer has less in one stretch, the piece is written to the connection's buffer first.
pub const LEAST_PIECE: usize = RESERVE - CHUNK_OVERHEAD;

/// RFC 9110 section 15.2.1.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The state of one connection: `BUFFER` bytes and about 250 more, plus what
/// [`Application::Exchange`] takes. `BUFFER` bounds what a request's target, with the method before it,
/// and the lines of the fields that are kept may take together: [`RESERVE`] less than it.
pub struct Connection<A: Application, const BUFFER: usize> {
    pub(super) state: State<A::Exchange>,
    pub(super) buffer: [u8; BUFFER],
}

impl<A: Application, const BUFFER: usize> Connection<A, BUFFER> {
    /// Not connected.
    pub const fn new() -> Self {
        const { assert!(BUFFER >= RESERVE + 128, "too small for any request") };
        Self { state: State::new(), buffer: [0; BUFFER] }
    }
}

impl<A: Application, const BUFFER: usize> Default for Connection<A, BUFFER> {
    // Large, and made in more than one place: not a copy of its code for each.
    #[inline(never)]
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
    /// The methods of the resource, once the head is complete.
    allow: Methods,
    /// The application's state of this request.
    exchange: Option<E>,
    /// Bytes of [`CONTINUE`] yet to be sent.
    interim: usize,
    /// The bytes in the buffer that are sent next.
    staged: Range<usize>,
    /// The status that the server answers with when the request is complete, in the application's
    /// place.
    refusal: Option<Status>,
    /// Why, where the server knows it; empty otherwise.
    reason: &'static str,
    /// The response's status, once it is composed.
    status: Option<Status>,
    body_sent: u64,
    is_first: bool,
    end_of_input: bool,
    peer: Endpoints,
}

#[derive(Debug)]
// One byte tells the variants apart; the 64-bit payload would make it eight, which are slow to compare.
#[repr(u8)]
enum Reading {
    Head,
    Body(Body, Sink),
    /// The request is complete, or its rest is not read: the response is due.
    Whole,
    /// Nothing is read until the response is sent. The next request waits.
    Complete,
}

/// Where a request's body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sink {
    Discard,
    Buffer,
    Application,
}

#[derive(Debug)]
// One byte tells the variants apart; the 64-bit payload would make it eight, which are slow to compare.
#[repr(u8)]
enum Writing {
    Nothing,
    /// The application is asked for the response again.
    Due,
    /// The staged bytes, which are the last.
    Staged,
    /// The staged bytes, then what the application produces.
    Body(BodyFraming),
    /// The application has nothing to send before that time, or before it is called again.
    Waiting(BodyFraming, Option<Instant>),
    /// The response cannot be completed.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeepAlive {
    /// Another request may follow.
    Open,
    /// This response is the last.
    Last,
    /// Nothing more is read or written.
    Over,
}

impl<E> State<E> {
    const fn new() -> Self {
        Self {
            reading: Reading::Head,
            writing: Writing::Nothing,
            keep_alive: KeepAlive::Open,
            head: Head::new(),
            collected: 0,
            allow: Methods::NONE,
            exchange: None,
            interim: 0,
            staged: 0..0,
            refusal: None,
            reason: "",
            status: None,
            body_sent: 0,
            is_first: true,
            end_of_input: false,
            peer: Endpoints::UNSPECIFIED,
        }
    }

    pub fn open(&mut self, peer: Endpoints) {
        self.renew(peer, true);
    }

    /// Resets everything that belongs to one request.
    #[inline(never)]
    fn renew(&mut self, peer: Endpoints, is_first: bool) {
        *self = Self { peer, is_first, ..Self::new() };
    }

    /// Drops the application's state of the request.
    pub fn close(&mut self) {
        self.exchange = None;
    }

    pub fn phase(&self) -> Phase {
        match (&self.writing, &self.reading) {
            (Writing::Broken, _) => Phase::Broken,
            (Writing::Staged | Writing::Body(_), _) => Phase::Sending,
            _ if self.interim > 0 || !self.staged.is_empty() => Phase::Sending,
            (Writing::Waiting(..) | Writing::Due, _) => Phase::StreamIdle,
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

    /// Whether a request has begun and its response has not.
    fn is_within_request(&self) -> bool {
        self.head.has_begun() && self.status.is_none()
    }

    /// Where in the buffer the response is composed.
    fn staging(&self) -> usize {
        self.head.kept_len() + self.collected
    }

    /// The response is in the buffer, all of it or up to the `rest`.
    fn begin_writing(&mut self, response: Composed) {
        let Composed { status, len, body_len, rest } = response;
        let start = self.staging();
        self.staged = start..start + len;
        self.status = Some(status);
        self.body_sent = body_len as u64;
        if rest == Some(BodyFraming::UntilClose) {
            self.keep_alive = KeepAlive::Last;
        }
        // Frees a file or an upload now, not when a slow peer has read everything.
        if rest.is_none() {
            self.exchange = None;
        }
        self.writing = rest.map_or(Writing::Staged, Writing::Body);
    }

    /// The response is sent: waits for the next request, or ends the connection.
    fn finish_response(&mut self) {
        if self.keep_alive == KeepAlive::Open && !self.end_of_input {
            self.renew(self.peer, false);
        } else {
            self.exchange = None;
            self.writing = Writing::Nothing;
            self.keep_alive = KeepAlive::Over;
        }
    }

    /// The application's body ends here.
    fn end_stream(&mut self, rest: BodyFraming, buffer: &mut [u8]) {
        self.exchange = None;
        self.writing = match rest {
            BodyFraming::Sized(_) => Writing::Broken,
            BodyFraming::UntilClose => Writing::Staged,
            BodyFraming::Chunked => {
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

/// A connection together with what its methods need.
pub(super) struct ConnectionMut<'s, 'e, A: Application> {
    pub service: &'static str,
    pub application: &'s mut A,
    pub admission: &'s Admission,
    pub date: &'s mut DateField,
    pub state: &'s mut State<A::Exchange>,
    pub buffer: &'s mut [u8],
    pub env: &'s mut Environment<'e>,
}

/// Ends caused by the client or by a timeout.
impl<A: Application> ConnectionMut<'_, '_, A> {
    /// The client sends nothing more. It may still read.
    pub fn end_of_input(&mut self) {
        self.state.end_of_input = true;
        match self.state.writing {
            // RFC 9112 section 8: an incomplete request.
            Writing::Nothing if self.state.is_within_request() => {
                self.state.reason = "incomplete request";
                self.fail(Status::BAD_REQUEST);
            }
            Writing::Nothing => self.state.keep_alive = KeepAlive::Over,
            Writing::Waiting(rest, _) => self.state.end_stream(rest, self.buffer),
            _ => self.state.keep_alive = KeepAlive::Last,
        }
    }

    /// The time limit of the present phase has passed.
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
