//! Where an application writes the body of a response, piece by piece.

use smoltcp::time::Instant;

use crate::wire::writer::ResumableWriter;

/// The room for the next piece of a body, and how much of the body earlier calls have written.
#[derive(Debug)]
pub struct BodyWriter<'o> {
    room: &'o mut [u8],
    position: u64,
}

impl<'o> BodyWriter<'o> {
    /// Room for the bytes of a body from its byte number `position` on.
    pub fn new(room: &'o mut [u8], position: u64) -> Self {
        Self { room, position }
    }

    /// The room itself, for bytes that are read straight into it. Report how many with
    /// [`BodyPoll::Bytes`].
    pub fn room(&mut self) -> &mut [u8] {
        self.room
    }

    /// Bytes of the body before this piece.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Writes what is next of a text. `write` writes the whole text in each call, and the same text
    /// in each; the writer passes over what has been sent.
    pub fn resume(&mut self, write: impl FnOnce(&mut ResumableWriter<'_>)) -> BodyPoll {
        let start = usize::try_from(self.position).unwrap_or(usize::MAX);
        let mut writer = ResumableWriter::new(self.room, start);
        write(&mut writer);
        match writer.written() {
            0 => BodyPoll::End,
            written => BodyPoll::Bytes(written),
        }
    }
}

/// What [`Application::produce`](super::Application::produce) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// One byte tells the variants apart; the 64-bit payload would make it eight, which are slow to compare.
#[repr(u8)]
pub enum BodyPoll {
    /// Wrote this number of bytes, at least one. With zero, a body whose length was announced goes on
    /// in a later poll.
    Bytes(usize),
    /// Has nothing to send before that time, if one is given. It is called again in every poll of
    /// the stack anyway.
    Wait(Option<Instant>),
    /// The body is complete. For one whose announced length is not reached: it cannot continue, as
    /// [`BodyPoll::Fail`].
    End,
    /// The body cannot continue, for this reason, which the log shows. The connection is reset, so
    /// that the client does not take a part for the whole.
    Fail(&'static str),
}
