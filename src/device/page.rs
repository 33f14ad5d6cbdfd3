//! The page's files.

use crate::store::rom::{RomFile, RomStore};

/// The files served under `/_device/`; `index.html` is the page itself. They load nothing from
/// elsewhere.
pub static PAGE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/page.rs")));
