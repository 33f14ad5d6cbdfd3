//! From an answer to bytes: what is staged, then what the application produces.

use super::{CONTINUE, Session, Writing};
use crate::{
    http::{
        application::{Application, Produced},
        chunked::{CHUNK_OVERHEAD, chunk_data, frame_chunk},
        method::Method,
        request::Request,
        response::Rest,
    },
    protocol::environment::Event,
    wire::template::{Template, Value},
};

/// Shorter pieces of output are no place to begin a chunk.
const SHORTEST_CHUNK: usize = CHUNK_OVERHEAD + 24;

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
        let path = head.raw_path_bytes(self.buffer);
        self.env.observer.event(Event::Answered {
            service: self.service,
            remote: self.state.peer.remote,
            what: Template {
                form: "% % % %",
                values: &[
                    Value::Text(head.method.map_or("-", Method::name)),
                    Value::Bytes(path),
                    Value::Number(status.into()),
                    Value::Number(self.state.body_sent),
                ],
            },
        });
        self.state.turn_over();
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..len), to.get_mut(..len)) {
        to.copy_from_slice(from);
    }
    len
}
