//! Protocols of text lines over TCP: [`Lines`] turns a [`LineProtocol`] into a [`Protocol`].
//!
//! A line ends with LF, or with CR LF as RFC 854 has it; the end is not part of the line. It may
//! have `SIZE` bytes, a CR before the LF included, and any bytes but LF. A reply may have `SIZE`
//! bytes and is sent unchanged, with the line ends that it contains.
//!
//! A connection keeps one line, one reply and the protocol's session: `2 * SIZE` bytes, the
//! session, and 32 bytes or less. The next line is consumed after the last reply has been written to the
//! socket, so a peer that does not read replies cannot send further lines.
//!
//! | event | effect |
//! |---|---|
//! | a line | [`LineProtocol::line`] writes the reply |
//! | more than `SIZE` bytes without LF | [`LineProtocol::too_long`]; the rest of the line is dropped |
//! | a reply of more than `SIZE` bytes | reset: a reply cut short could pass for a whole one |
//! | half-close by the peer | bytes after the last LF are dropped, the reply is delivered, then closed |
//! | [`Flow::Close`] | the reply is delivered, then closed |
//! | timeout while a reply is being sent | reset |
//! | timeout otherwise | closed |
//!
//! The timeouts are those of [`Phase::FirstByte`] before the first byte, [`Phase::Head`] within a
//! line, [`Phase::Sending`] during a reply and [`Phase::Idle`] between lines.
//!
//! ```
//! use bareserve::{
//!     Environment,
//!     protocol::line::{Flow, LineProtocol, Lines},
//!     wire::writer::ResumableWriter,
//! };
//!
//! /// Repeats each line.
//! struct Repeat;
//!
//! impl LineProtocol for Repeat {
//!     type Session = ();
//!
//!     fn name(&self) -> &'static str {
//!         "repeat"
//!     }
//!
//!     fn line(
//!         &mut self,
//!         _session: &mut (),
//!         line: &[u8],
//!         reply: &mut ResumableWriter<'_>,
//!         _env: &mut Environment<'_>,
//!     ) -> Flow {
//!         reply.bytes(line);
//!         reply.put("\r\n");
//!         Flow::Continue
//!     }
//! }
//!
//! let server = Lines::<_, 128>(Repeat);
//! # use bareserve::protocol::stream::Protocol;
//! # assert_eq!(server.name(), "repeat");
//! ```

use super::{
    endpoints::Endpoints,
    environment::Environment,
    stream::{Phase, Protocol},
};
use crate::wire::writer::ResumableWriter;

/// A protocol in which the peer sends lines and each is answered with a reply, possibly empty.
///
/// The value itself holds the state that all connections share. [`Lines`] and the
/// [module](self) document lengths and timeouts.
pub trait LineProtocol {
    /// State of one connection, reset to its default when a peer connects; `()` for none.
    type Session: Default;

    /// The service's name in logs.
    fn name(&self) -> &'static str;

    /// Writes a greeting, which is sent before the first line is read. Writes nothing by default.
    fn open(
        &mut self,
        session: &mut Self::Session,
        peer: Endpoints,
        reply: &mut ResumableWriter<'_>,
        env: &mut Environment<'_>,
    ) -> Flow {
        let _ = (session, peer, reply, env);
        Flow::Continue
    }

    /// Writes the reply to `line`, which does not include the line end. Called once for each line.
    fn line(
        &mut self,
        session: &mut Self::Session,
        line: &[u8],
        reply: &mut ResumableWriter<'_>,
        env: &mut Environment<'_>,
    ) -> Flow;

    /// Writes the reply to a line that is too long, without waiting for its end. By default it closes
    /// the connection without a reply; after [`Flow::Continue`] the rest of the line is dropped.
    fn too_long(
        &mut self,
        session: &mut Self::Session,
        reply: &mut ResumableWriter<'_>,
        env: &mut Environment<'_>,
    ) -> Flow {
        let _ = (session, reply, env);
        Flow::Close
    }
}

/// What happens after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The next line is read.
    Continue,
    /// The connection is closed once the reply is delivered.
    Close,
}

/// Serves a [`LineProtocol`] whose lines and replies have at most `SIZE` bytes.
#[derive(Debug, Clone, Copy)]
pub struct Lines<P, const SIZE: usize>(pub P);

/// One connection of [`Lines`].
#[derive(Debug, Clone)]
pub struct LineConnection<T, const SIZE: usize> {
    session: T,
    /// The part of the line that has been received, without LF.
    line: heapless::Vec<u8, SIZE>,
    reply: [u8; SIZE],
    /// The bytes of `reply` still to be sent: from `start` up to `end`.
    start: usize,
    end: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No byte has been received.
    New,
    Open,
    /// Drops the rest of a line that is too long.
    Skipping,
    /// Closes once the reply is sent.
    Closing,
    Broken,
}

impl<T: Default, const SIZE: usize> LineConnection<T, SIZE> {
    /// A connection without a peer.
    pub fn new() -> Self {
        Self {
            session: T::default(),
            line: heapless::Vec::new(),
            reply: [0; SIZE],
            start: 0,
            end: 0,
            state: State::New,
        }
    }

    fn clear(&mut self) {
        self.session = T::default();
        self.line.clear();
        (self.start, self.end, self.state) = (0, 0, State::New);
    }
}

impl<T: Default, const SIZE: usize> Default for LineConnection<T, SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const SIZE: usize> LineConnection<T, SIZE> {
    fn is_sent(&self) -> bool {
        self.start == self.end
    }

    /// Lets `write` write the reply to the line received. The previous reply must have been sent.
    fn reply(&mut self, write: impl FnOnce(&mut T, &[u8], &mut ResumableWriter<'_>) -> Flow) {
        let mut reply = ResumableWriter::new(&mut self.reply, 0);
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let flow = write(&mut self.session, line, &mut reply);
        (self.start, self.end) = (0, reply.written());
        if !reply.is_complete() {
            self.state = State::Broken;
        } else if flow == Flow::Close {
            self.state = State::Closing;
        }
    }
}

impl<P: LineProtocol, const SIZE: usize> Protocol for Lines<P, SIZE> {
    type Connection = LineConnection<P::Session, SIZE>;

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn open(
        &mut self,
        connection: &mut Self::Connection,
        peer: Endpoints,
        env: &mut Environment<'_>,
    ) {
        connection.clear();
        connection.reply(|session, _, reply| self.0.open(session, peer, reply, env));
    }

    fn receive(
        &mut self,
        connection: &mut Self::Connection,
        input: &[u8],
        env: &mut Environment<'_>,
    ) -> usize {
        let is_over = matches!(connection.state, State::Closing | State::Broken);
        if input.is_empty() || is_over || !connection.is_sent() {
            return 0;
        }
        let (part, is_end) = match input.iter().position(|byte| *byte == b'\n') {
            Some(end) => (input.get(..end).unwrap_or_default(), true),
            None => (input, false),
        };
        let was_skipping = connection.state == State::Skipping;
        let is_too_long = !was_skipping && connection.line.extend_from_slice(part).is_err();
        let is_skipping = (was_skipping || is_too_long) && !is_end;
        connection.state = if is_skipping { State::Skipping } else { State::Open };
        if is_too_long {
            connection.line.clear();
            connection.reply(|session, _, reply| self.0.too_long(session, reply, env));
        } else if is_end && !was_skipping {
            connection.reply(|session, line, reply| self.0.line(session, line, reply, env));
            connection.line.clear();
        }
        part.len() + usize::from(is_end)
    }

    fn end_of_input(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        if connection.state != State::Broken {
            connection.state = State::Closing;
        }
    }

    fn transmit(
        &mut self,
        connection: &mut Self::Connection,
        output: &mut [u8],
        _env: &mut Environment<'_>,
    ) -> usize {
        let unsent = connection.reply.get(connection.start..connection.end).unwrap_or_default();
        let given = output.iter_mut().zip(unsent).map(|(to, from)| *to = *from).count();
        connection.start += given;
        given
    }

    fn phase(&self, connection: &Self::Connection) -> Phase {
        match connection.state {
            State::Broken => Phase::Broken,
            _ if !connection.is_sent() => Phase::Sending,
            State::Closing => Phase::Finished,
            State::New => Phase::FirstByte,
            State::Open if connection.line.is_empty() => Phase::Idle,
            State::Open | State::Skipping => Phase::Head,
        }
    }

    fn expire(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.state = if connection.is_sent() { State::Closing } else { State::Broken };
    }

    fn close(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.clear();
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
