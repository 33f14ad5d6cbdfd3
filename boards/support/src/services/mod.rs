//! The services of a board: each group with its memory and the function that starts it. [`DeviceMemory`]
//! has all of them; a board with less memory uses single groups.

pub mod clients;
pub mod device;
pub mod faults;
pub mod ping;
pub mod store;
pub mod tcp;
pub mod time;

pub use bareserve::net::setup_error::SetupError;
pub use clients::ClientsMemory;
pub use device::DeviceMemory;
pub use ping::PingMemory;
pub use store::{Store, StoreMemory};
pub use tcp::TcpMemory;
pub use time::TimeMemory;

use core::cell::Cell;

use bareserve::{Service, Stack, http::auth::Token};
use heapless::Vec;

use crate::{entropy::Pool, log::Log};

/// The most services of a board, where a pool of TCP services counts as one.
const RUNNING: usize = 8;

/// A board's stack, over its Ethernet controller and its UART.
pub type BoardStack<E, U> = Stack<'static, E, Pool, Log<'static, U>>;

/// The stack and the services that run on it.
pub struct Services<E, U> {
    /// The stack.
    pub stack: BoardStack<E, U>,
    pub(crate) running: &'static mut Vec<&'static mut dyn Service, RUNNING>,
    pub(crate) token: &'static Cell<Option<Token>>,
    /// A service waits for the token.
    pub(crate) needs_token: bool,
}

/// The memory of [`Services`], without their own: 100 bytes.
pub struct ServicesMemory {
    running: Vec<&'static mut dyn Service, RUNNING>,
    token: Cell<Option<Token>>,
}

impl ServicesMemory {
    /// All zeros.
    pub const fn new() -> Self {
        Self { running: Vec::new(), token: Cell::new(None) }
    }
}

impl Default for ServicesMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl<E, U> Services<E, U> {
    /// A stack without services.
    pub fn new(stack: BoardStack<E, U>, memory: &'static mut ServicesMemory) -> Self {
        let ServicesMemory { running, token } = memory;
        Self { stack, running, token, needs_token: false }
    }

    /// Adds a service to the main loop.
    ///
    /// # Errors
    /// [`SetupError::TooManyServices`]
    pub fn run(&mut self, service: &'static mut dyn Service) -> Result<(), SetupError> {
        self.running.push(service).map_err(|_| SetupError::TooManyServices)
    }

    /// The cell for the write token, which is generated when enough frames have arrived to make it
    /// unpredictable. The log then shows it.
    fn token(&mut self) -> &'static Cell<Option<Token>> {
        self.needs_token = true;
        self.token
    }
}
