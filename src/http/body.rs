//! The body of a request, as it is received (RFC 9112 section 6).

use super::{
    chunked::{Decoder, Step},
    framing::Length,
    status::Status,
};

/// Finds the data of a body in the input, and its end.
#[derive(Debug)]
pub(super) struct Body {
    framing: Framing,
    /// Bytes of data that may still come.
    allowance: u64,
}

#[derive(Debug)]
enum Framing {
    /// This number of bytes is still to come.
    Exact(u64),
    Chunked(Decoder),
}

/// What is at the front of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Bytes of framing.
    pub framing: usize,
    /// Bytes of data behind them.
    pub data: usize,
    /// Whether the body has ended there.
    pub is_last: bool,
}

impl Body {
    /// The reason of a 413.
    pub const TOO_LONG: &'static str = "the body is too long";
    /// The reason of a 400.
    pub const MALFORMED: &'static str = "malformed chunk";

    /// A body of `limit` bytes at most.
    pub fn new(length: Length, limit: u64) -> Self {
        let framing = match length {
            Length::Exact(length) => Framing::Exact(length),
            Length::Chunked => Framing::Chunked(Decoder::new()),
        };
        Self { framing, allowance: limit }
    }

    /// Reads the front of `input`. This call consumes the framing; [`Body::consume`] consumes the
    /// data.
    ///
    /// # Errors
    /// 400 when the framing is malformed, 413 when there is more than the limit.
    pub fn next(&mut self, input: &[u8]) -> Result<Piece, Status> {
        let piece = match &mut self.framing {
            Framing::Exact(left) => {
                let data = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                Piece { framing: 0, data, is_last: *left == 0 }
            }
            Framing::Chunked(decoder) => match decoder.step(input)? {
                Step::NeedsMore(framing) => Piece { framing, data: 0, is_last: false },
                Step::Data(framing, data) => Piece { framing, data, is_last: false },
                Step::End(framing) => Piece { framing, data: 0, is_last: true },
            },
        };
        if piece.data as u64 > self.allowance {
            return Err(Status::CONTENT_TOO_LARGE);
        }
        Ok(piece)
    }

    /// Marks `taken` bytes of the data as taken.
    pub fn consume(&mut self, taken: usize) {
        self.allowance = self.allowance.saturating_sub(taken as u64);
        match &mut self.framing {
            Framing::Exact(left) => *left = left.saturating_sub(taken as u64),
            Framing::Chunked(decoder) => {
                if taken > 0 {
                    decoder.consume(taken);
                }
            }
        }
    }
}
