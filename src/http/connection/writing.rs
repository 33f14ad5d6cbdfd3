//! Sends a response: the staged bytes, then the body that the application produces.

use super::{CONTINUE, ConnectionMut, LEAST_PIECE, Writing};
use crate::{
    http::{
        application::Application,
        body_writer::{BodyPoll, BodyWriter},
        chunked::{CHUNK_OVERHEAD, chunk_data, frame_chunk},
        method::Method,
        request::Request,
        response::BodyFraming,
    },
    protocol::environment::Event,
};

/// A chunk does not begin in less room than this.
const SHORTEST_CHUNK: usize = LEAST_PIECE + CHUNK_OVERHEAD;

impl<A: Application> ConnectionMut<'_, '_, A> {
    pub fn transmit(&mut self, output: &mut [u8]) -> usize {
        let mut sent = 0;
        loop {
            let is_staged = self.state.interim > 0 || !self.state.staged.is_empty();
            if !is_staged && matches!(self.state.writing, Writing::Staged) {
                self.report();
                self.state.finish_response();
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
                Writing::Due if A::CAN_WAIT => {
                    self.complete();
                    if matches!(self.state.writing, Writing::Due) {
                        return sent;
                    }
                    0
                }
                Writing::Nothing | Writing::Due | Writing::Staged | Writing::Broken => return sent,
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
    /// otherwise into the connection's buffer. Returns how much was written into `room`; `None` when
    /// the application has nothing to send now.
    // Not inlined: a response that is complete in the buffer does not need these computations.
    #[inline(never)]
    fn produce(&mut self, rest: BodyFraming, room: &mut [u8]) -> Option<usize> {
        let staging = self.state.staging();
        let is_sized = matches!(rest, BodyFraming::Sized(_));
        let is_staged = !is_sized && room.len() < SHORTEST_CHUNK;
        let (front, back) = self.buffer.split_at_mut_checked(staging).unwrap_or_default();
        let whole = if is_staged { back } else { room };
        let place = match rest {
            BodyFraming::Chunked => chunk_data(whole),
            BodyFraming::Sized(left) => {
                let len = usize::try_from(left).map_or(whole.len(), |left| left.min(whole.len()));
                whole.get_mut(..len)
            }
            BodyFraming::UntilClose => Some(&mut *whole),
        };
        let place = place.unwrap_or_default();
        let (front, body) = front.split_at_checked(self.state.head.kept_len()).unwrap_or_default();
        let request = Request::new(&self.state.head, front, body);
        let longest = place.len();
        let mut output = BodyWriter::new(place, self.state.body_sent);
        let poll = match &mut self.state.exchange {
            Some(exchange) => self.application.produce(&request, exchange, &mut output, self.env),
            None => BodyPoll::End,
        };
        let len = match poll {
            BodyPoll::Bytes(len @ 1..) => len.min(longest),
            // The medium is slow, not the application idle: the limit for progress stays.
            BodyPoll::Bytes(0) if A::CAN_WAIT && is_sized => return None,
            // A client that half-closes gets its response, but its connection does not wait for more
            // data.
            BodyPoll::Bytes(0) | BodyPoll::Wait(_) if self.state.end_of_input => {
                self.state.end_stream(rest, self.buffer);
                return Some(0);
            }
            BodyPoll::Bytes(_) => {
                self.state.writing = Writing::Waiting(rest, None);
                return None;
            }
            BodyPoll::Wait(at) => {
                self.state.writing = Writing::Waiting(rest, at);
                return None;
            }
            BodyPoll::End if !is_sized => {
                self.state.end_stream(rest, self.buffer);
                return Some(0);
            }
            BodyPoll::End => {
                self.break_off("the body is shorter than announced");
                return None;
            }
            BodyPoll::Fail(reason) => {
                self.break_off(reason);
                return None;
            }
        };
        self.state.body_sent += len as u64;
        self.state.writing = match rest {
            BodyFraming::Sized(left) if left == len as u64 => Writing::Staged,
            BodyFraming::Sized(left) => {
                Writing::Body(BodyFraming::Sized(left.saturating_sub(len as u64)))
            }
            rest => Writing::Body(rest),
        };
        let len = match rest {
            BodyFraming::Chunked => frame_chunk(whole, len),
            BodyFraming::Sized(_) | BodyFraming::UntilClose => len,
        };
        if is_staged {
            self.state.staged = staging..staging + len;
            return Some(0);
        }
        Some(len)
    }

    /// Gives up on the body, which cannot continue.
    #[inline(never)]
    fn break_off(&mut self, reason: &'static str) {
        self.state.reason = reason;
        self.report();
        self.state.exchange = None;
        self.state.writing = Writing::Broken;
    }

    fn report(&mut self) {
        let head = &self.state.head;
        self.env.observer.event(Event::Answered {
            service: self.service,
            remote: self.state.peer.remote,
            method: head.method.map_or("-", Method::name),
            // Without the query, which may carry a token.
            path: head.raw_path_bytes(self.buffer),
            status: self.state.status.map_or(0, |status| status.0),
            reason: self.state.reason,
            bytes: self.state.body_sent,
        });
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..len), to.get_mut(..len)) {
        to.copy_from_slice(from);
    }
    len
}
