//! The services a board runs, one group a file: its memory, and how it is started. A board takes the
//! groups it has room for.

pub mod clients;
pub mod faults;
pub mod files;
pub mod http;
pub mod ping;
pub mod store;
mod tcp;
pub mod time;
mod udp;

pub use clients::ClientsMemory;
pub use files::FilesMemory;
pub use http::HttpMemory;
pub use ping::PingMemory;
pub use store::{Store, StoreMemory};
pub use time::TimeMemory;

use core::cell::Cell;

use bareserve::{
    Service, Stack,
    counters::{BacklogCounters, Counters},
    device::{ServiceEntry, Transport},
    http::auth::Token,
};
use heapless::Vec;

use crate::runner::StartError;

/// Services that a board can run.
const RUNNING: usize = 16;

/// Services that its page can show.
const SHOWN: usize = 12;

/// What is there of services already, for more to be started.
pub struct Services<E> {
    /// What they run on.
    pub stack: Stack<'static, E>,
    /// Each of them.
    pub(crate) running: &'static mut Vec<&'static mut dyn Service, RUNNING>,
    /// Those that the page shows, until it is there.
    shown: Option<&'static mut Shown>,
    pub(crate) backlog: &'static BacklogCounters,
    pub(crate) token: &'static Cell<Option<Token>>,
    /// Somebody waits for the token.
    pub(crate) needs_token: bool,
}

type Shown = Vec<ServiceEntry<'static>, SHOWN>;

/// The memory of [`Services`], without their own: 500 bytes.
pub struct ServicesMemory {
    running: Vec<&'static mut dyn Service, RUNNING>,
    shown: Shown,
    backlog: BacklogCounters,
    token: Cell<Option<Token>>,
}

impl ServicesMemory {
    /// All empty.
    pub const fn new() -> Self {
        Self {
            running: Vec::new(),
            shown: Vec::new(),
            backlog: BacklogCounters::new(),
            token: Cell::new(None),
        }
    }
}

impl Default for ServicesMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Services<E> {
    /// None yet.
    pub fn new(stack: Stack<'static, E>, memory: &'static mut ServicesMemory) -> Self {
        let ServicesMemory { running, shown, backlog, token } = memory;
        Self { stack, running, shown: Some(shown), backlog, token, needs_token: false }
    }

    /// Runs one more.
    ///
    /// # Errors
    /// [`StartError::TooManyServices`]
    pub fn run(&mut self, service: &'static mut dyn Service) -> Result<(), StartError> {
        self.running.push(service).map_err(|_| StartError::TooManyServices)
    }

    /// Has the page show one more, if there is room.
    // Called for each service: a copy for each would add up.
    #[inline(never)]
    fn show(
        &mut self,
        name: &'static str,
        transport: Transport,
        ports: &'static [u16],
        counters: &'static Counters,
    ) {
        if let Some(shown) = &mut self.shown {
            let _ = shown.push(ServiceEntry { name, transport, ports, counters });
        }
    }

    /// Those to be shown. What is started later is not.
    fn shown(&mut self) -> &'static [ServiceEntry<'static>] {
        self.shown.take().map_or(&[], |shown| shown)
    }

    /// Where a token for those who may write will be, as soon as enough frames have come to make
    /// one that nobody can guess. The log then shows it.
    fn token(&mut self) -> &'static Cell<Option<Token>> {
        self.needs_token = true;
        self.token
    }
}
