//! What went wrong, in one line for whoever started the program.

use std::fmt;

/// Something failed; the exit status is 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

/// The command line makes no sense; the exit status is 2. The text names the mistake and the cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(pub String);

/// Either of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    Failure(Failure),
    UsageError(UsageError),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<UsageError> for Error {
    fn from(misuse: UsageError) -> Self {
        Self::UsageError(misuse)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
