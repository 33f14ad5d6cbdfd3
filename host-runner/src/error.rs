//! The program's errors: one line each, printed to standard error.

use std::fmt;

/// An operation failed. Exit status 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

/// The command line is invalid. Exit status 2. The text names the mistake and the correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(pub String);

/// Any error of the program.
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
    fn from(error: UsageError) -> Self {
        Self::UsageError(error)
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
