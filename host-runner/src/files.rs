//! The store that is served: a folder of the host, or the built-in site.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bareserve::store::{
    Commit, Encoding, Entry, Metadata, Store, StoreError,
    overlay::Overlay,
    ram::{RamMemory, RamStore},
    rom::{RomFile, RomStore},
};
use bareserve::wire::media_type;
use heapless::{String, string::StringView};

use crate::{
    arguments::Serve,
    error::Failure,
    folder_store::{self, FolderStore},
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

/// The store in use.
pub enum Files<'m> {
    Folder(FolderStore),
    BuiltIn(BuiltIn<'m>),
}

/// A file, listing or upload of one of the two stores.
pub enum Either<F, B> {
    Folder(F),
    BuiltIn(B),
}

impl<'m> Files<'m> {
    /// Opens the store selected on the command line.
    pub fn open(options: &Serve, scratch: &'m RamStore<'m>) -> Result<Self, Failure> {
        match &options.root {
            Some(root) => FolderStore::open(root, options.is_writable, "--root").map(Self::Folder),
            None => Ok(Self::BuiltIn(Overlay::new(scratch, SITE))),
        }
    }

    /// The default file of the file port: the picture of the built-in site, or the first picture of the
    /// folder, else its first file.
    pub fn offered(&self) -> Option<std::string::String> {
        if let Self::BuiltIn(_) = self {
            return Some(PICTURE.to_string());
        }
        let mut listing = self.list("").ok()?;
        let mut name = String::<NAME_MAX>::new();
        let mut first = None;
        while let Ok(Some(entry)) = self.next_entry(&mut listing, &mut name) {
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
}

/// The error for a file of the other store. Unreachable: the store does not change while the program
/// runs.
const WRONG_STORE: StoreError = StoreError::NotFound;
const NO_METADATA: Metadata =
    Metadata { size: 0, modified: None, version: 0, content_type: None, immutable: false };

impl<'m> Store for Files<'m> {
    type File = Either<folder_store::OpenFile, <BuiltIn<'m> as Store>::File>;
    type Listing = Either<folder_store::Listing, <BuiltIn<'m> as Store>::Listing>;
    type Upload = Either<folder_store::Upload, <BuiltIn<'m> as Store>::Upload>;

    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError> {
        match self {
            Self::Folder(store) => store.open(path, encoding).map(Either::Folder),
            Self::BuiltIn(store) => store.open(path, encoding).map(Either::BuiltIn),
        }
    }

    fn metadata(&self, file: &Self::File) -> Metadata {
        match (self, file) {
            (_, Either::Folder(file)) => file.metadata(),
            (Self::BuiltIn(store), Either::BuiltIn(file)) => store.metadata(file),
            (Self::Folder(_), Either::BuiltIn(_)) => NO_METADATA,
        }
    }

    fn read(
        &self,
        file: &mut Self::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        match (self, file) {
            (Self::Folder(store), Either::Folder(file)) => store.read(file, offset, buffer),
            (Self::BuiltIn(store), Either::BuiltIn(file)) => store.read(file, offset, buffer),
            _ => Err(WRONG_STORE),
        }
    }

    fn list(&self, path: &str) -> Result<Self::Listing, StoreError> {
        match self {
            Self::Folder(store) => store.list(path).map(Either::Folder),
            Self::BuiltIn(store) => store.list(path).map(Either::BuiltIn),
        }
    }

    fn next_entry(
        &self,
        listing: &mut Self::Listing,
        name: &mut StringView,
    ) -> Result<Option<Entry>, StoreError> {
        match (self, listing) {
            (Self::Folder(store), Either::Folder(listing)) => store.next_entry(listing, name),
            (Self::BuiltIn(store), Either::BuiltIn(listing)) => store.next_entry(listing, name),
            _ => Err(WRONG_STORE),
        }
    }

    fn is_writable(&self) -> bool {
        match self {
            Self::Folder(store) => store.is_writable(),
            Self::BuiltIn(store) => store.is_writable(),
        }
    }

    fn create(&self, size: Option<u64>) -> Result<Self::Upload, StoreError> {
        match self {
            Self::Folder(store) => store.create(size).map(Either::Folder),
            Self::BuiltIn(store) => store.create(size).map(Either::BuiltIn),
        }
    }

    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        match (self, upload) {
            (Self::Folder(store), Either::Folder(upload)) => store.write(upload, bytes),
            (Self::BuiltIn(store), Either::BuiltIn(upload)) => store.write(upload, bytes),
            _ => Err(WRONG_STORE),
        }
    }

    fn commit(&self, upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        match (self, upload) {
            (Self::Folder(store), Either::Folder(upload)) => store.commit(upload, path),
            (Self::BuiltIn(store), Either::BuiltIn(upload)) => store.commit(upload, path),
            _ => Err(WRONG_STORE),
        }
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(store) => store.remove(path),
            Self::BuiltIn(store) => store.remove(path),
        }
    }
}
