//! The page's files.

use crate::store::rom::{RomFile, RomStore};

/// The files served under `/_device/`; `index.html` is the page itself. They load no resources from other
/// hosts.
pub static PAGE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/page.rs")));
