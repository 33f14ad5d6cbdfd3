//! Why a service could not be set up.

/// Why a service could not be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupError {
    /// The stack's resources have fewer places for sockets than its services need.
    NoSocketLeft,
    /// More than [`MAX_PORTS`](super::listener::queue::MAX_PORTS).
    TooManyPorts,
    /// Port 0.
    InvalidPort,
}

impl core::fmt::Display for SetupError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoSocketLeft => "services need more sockets than the stack has places for",
            Self::TooManyPorts => "too many TCP ports",
            Self::InvalidPort => "port 0 cannot be served",
        })
    }
}

impl core::error::Error for SetupError {}
