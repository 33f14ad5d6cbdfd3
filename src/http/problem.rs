//! Error responses: a status, and a reason where one is known.

use super::status::Status;

/// A status for the client, with a reason in words for its user and for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The status of the response.
    pub status: Status,
    /// One phrase of plain text, without a full stop; empty if only the status is known. It is
    /// sent to the client: no secrets.
    pub reason: &'static str,
}

impl Status {
    /// This status together with a reason: `Status::CONFLICT.because("this title exists already")`.
    pub const fn because(self, reason: &'static str) -> Problem {
        Problem { status: self, reason }
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        status.because("")
    }
}
