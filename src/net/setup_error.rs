//! Why a service could not be added to a stack.

/// A mistake in a program's set-up. Its `Display` text names the constant or feature to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupError {
    /// The stack's resources have fewer slots for sockets than its services need.
    NoSocketLeft,
    /// The stack's resources have fewer slots in the registry than it has services.
    TooManyServices,
    /// More than [`MAX_PORTS`](super::listener::queue::MAX_PORTS) TCP ports on a stack.
    TooManyPorts,
    /// More than [`MAX_ADDRESSES`](super::config::MAX_ADDRESSES) addresses.
    TooManyAddresses,
    /// A service without a port, or port 0.
    InvalidPort,
    /// Another service has this port.
    PortInUse,
    /// A pool of no connections.
    NoConnections,
}

impl core::fmt::Display for SetupError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoSocketLeft => {
                "no socket left for this service: raise SOCKETS of StackResources (each service says \
                 how many it takes)"
            }
            Self::TooManyServices => {
                "no slot left in the registry: raise SERVICES of StackResources"
            }
            Self::TooManyPorts => "too many TCP ports: at most 16 on a stack, 4 a service",
            Self::TooManyAddresses => {
                "too many addresses: enable an iface-max-addr-count feature of smoltcp"
            }
            Self::InvalidPort => "a service needs a port from 1 to 65535",
            Self::PortInUse => "another service has this port already",
            Self::NoConnections => "a pool needs at least one connection with buffers of a byte",
        })
    }
}

impl core::error::Error for SetupError {}
