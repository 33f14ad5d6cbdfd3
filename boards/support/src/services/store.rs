//! What a board serves as files: those built into the program, under those stored in RAM.

use bareserve::store::{
    overlay::Overlay,
    ram::{RamMemory, RamStore},
    rom::{RomFile, RomStore},
};

/// The file that whoever connects to port 5566 is sent.
pub const OFFERED: &str = "bareserve.png";

/// The folder `host-runner/site`, put into the program by `build.rs`.
static SITE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/site.rs")));

/// Files in RAM hide those of their names in the program. What is stored is gone with the power.
pub type Store = Overlay<&'static RamStore<'static>, RomStore>;

/// Room for 2 KB in blocks of 512 bytes, in at most five files.
pub struct StoreMemory {
    ram: RamMemory<5, 4>,
    store: Option<RamStore<'static>>,
}

impl StoreMemory {
    /// Nothing stored.
    pub const fn new() -> Self {
        Self { ram: RamMemory::new(), store: None }
    }

    /// The store, for all services to share.
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
