//! Where an application writes the body of a response, piece by piece.

use super::application::BodyPoll;
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
