//! A board's files: those in flash, and those stored in RAM, which take precedence.

use bareserve::store::{
    overlay::Overlay,
    ram::{RamMemory, RamStore},
    rom::{RomFile, RomStore},
};

/// The file that is sent to each client of port 5566.
pub const OFFERED: &str = "bareserve.png";

/// The folder `host-runner/site`, bundled by `build.rs`.
static SITE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/site.rs")));

/// Files in RAM hide files of the same name in flash. They are lost at a reset.
pub type Store = Overlay<&'static RamStore<'static>, RomStore>;

/// Room for 2 KB in blocks of 512 bytes, in at most five files.
pub struct StoreMemory {
    ram: RamMemory<5, 4>,
    store: Option<RamStore<'static>>,
}

impl StoreMemory {
    /// An empty store.
    pub const fn new() -> Self {
        Self { ram: RamMemory::new(), store: None }
    }

    /// The store, which all services share.
    pub fn open(&'static mut self) -> Store {
        let Self { ram, store } = self;
        Overlay::new(&*store.insert(RamStore::new(ram)), SITE)
    }
}

impl Default for StoreMemory {
    fn default() -> Self {
        Self::new()
    }
}
