//! Why a board cannot start.

use bareserve::net::setup_error::SetupError;

/// Why a board cannot start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartError {
    /// Its resources do not suffice for its services.
    Setup(SetupError),
    /// More services than [`Services`](super::Services) can run.
    TooManyServices,
}

impl From<SetupError> for StartError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}
