//! Which descriptor an event of epoll(7) belongs to.

use nix::sys::epoll::{EpollEvent, EpollFlags};

/// The source of an event, with its index: a listener, a link or a flow.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    /// A listening TCP socket.
    Listener(usize),
    /// Either socket of a forwarded connection.
    Link(usize),
    /// A published UDP socket.
    Datagrams(usize),
    /// A UDP socket connected to the device.
    Flow(usize),
}

impl Token {
    const KINDS: u64 = 4;

    /// The registration for epoll(7) of a descriptor with this token.
    pub fn event(self, flags: EpollFlags) -> EpollEvent {
        let (kind, at) = match self {
            Self::Listener(at) => (0, at),
            Self::Link(at) => (1, at),
            Self::Datagrams(at) => (2, at),
            Self::Flow(at) => (3, at),
        };
        EpollEvent::new(flags, at as u64 * Self::KINDS + kind)
    }

    /// The token of an event that epoll_wait(2) reports.
    pub fn from_data(data: u64) -> Self {
        let at = (data / Self::KINDS) as usize;
        match data % Self::KINDS {
            0 => Self::Listener(at),
            1 => Self::Link(at),
            2 => Self::Datagrams(at),
            _ => Self::Flow(at),
        }
    }
}
