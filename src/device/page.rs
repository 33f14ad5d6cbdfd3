//! The page's files.

use crate::store::rom::{RomFile, RomStore};

/// The page: what is to be served under `/_device/`, `index.html` as the page itself. It asks for
/// nothing else but the data.
pub static PAGE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/page.rs")));
