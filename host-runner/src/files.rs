//! The store that is served: a folder of the host, or the built-in site.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bareserve::store::{
    Store, StoreError,
    either::Either,
    overlay::Overlay,
    ram::{RamMemory, RamStore},
    rom::{RomFile, RomStore},
};
use bareserve::wire::media_type;
use heapless::String;

use crate::{
    arguments::Serve,
    error::Failure,
    folder_store::{FolderStore, workers::Workers},
    limited_store::Limited,
};

/// The longest file name in bytes (NAME_MAX).
const NAME_MAX: usize = 255;

/// The built-in site, and the file of it that the file port serves.
const SITE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/site.rs")));
const PICTURE: &str = "bareserve.png";

/// The memory for uploads without `--root`, as on a board: 16 MB for up to 64 files. It is all zeros, so
/// the kernel allocates its pages only when they are used.
pub type Scratch = RamMemory<64, { 32 * 1024 }>;

/// A static, as it is too large for the stack.
static SCRATCH: Mutex<Scratch> = Mutex::new(Scratch::new());

/// Returns the memory for uploads without `--root`.
pub fn scratch() -> MutexGuard<'static, Scratch> {
    SCRATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

type BuiltIn<'m> = Overlay<&'m RamStore<'m>, RomStore>;

/// A folder, or the built-in site.
type Unlimited<'m> = Either<FolderStore, BuiltIn<'m>>;

/// The store in use.
pub type Files<'m> = Limited<Unlimited<'m>>;

/// Opens what the flags name.
pub fn open<'m>(options: &Serve, scratch: &'m RamStore<'m>) -> Result<Files<'m>, Failure> {
    let store = match &options.root {
        Some(root) => Either::First(FolderStore::open(root, options.is_writable, "--root")?),
        None => Either::Second(Overlay::new(scratch, SITE)),
    };
    let wait = || workers_of(&store).into_iter().for_each(Workers::wait);
    let count = options.limits.count(&store, &wait);
    Ok(Limited::new(store, options.limits, count))
}

/// The threads that read files in the main loop's place, if there are any.
pub fn workers<'f>(files: &'f Files<'_>) -> Option<&'f Workers> {
    workers_of(&files.store)
}

fn workers_of<'f>(store: &'f Unlimited<'_>) -> Option<&'f Workers> {
    match store {
        Either::First(folder) => Some(folder.workers()),
        Either::Second(_) => None,
    }
}

/// What the file port sends unless `--file` names another file: the picture of the built-in site, or the
/// folder's first picture, else its first file.
pub fn offered(files: &Files<'_>) -> Option<std::string::String> {
    if let Either::Second(_) = files.store {
        return Some(PICTURE.to_string());
    }
    let mut listing = loop {
        match files.list("") {
            Err(StoreError::NotYet) => workers(files)?.wait(),
            listing => break listing.ok()?,
        }
    };
    let mut name = String::<NAME_MAX>::new();
    let mut first = None;
    while let Ok(Some(entry)) = files.next_entry(&mut listing, &mut name) {
        if entry.is_folder {
            continue;
        }
        if media_type::of(&name).starts_with("image/") {
            return Some(name.as_str().to_string());
        }
        first.get_or_insert_with(|| name.as_str().to_string());
    }
    first
}
