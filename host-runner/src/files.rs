//! What is served: a folder of the host, or the built-in site.

use bareserve::store::{Commit, Encoding, Entry, Metadata, Store, StoreError};
use heapless::{String, string::StringView};

use crate::{
    arguments::Serve,
    built_in::{self, BuiltIn},
    error::Failure,
    folder_store::{self, FolderStore},
};

/// The longest name in a folder (NAME_MAX).
const NAME_MAX: usize = 255;

/// Either store.
pub enum Files {
    Folder(FolderStore),
    BuiltIn(BuiltIn),
}

/// An open file of either.
pub enum File {
    Folder(folder_store::OpenFile),
    BuiltIn(built_in::OpenFile),
}

/// A walk through a folder of either.
pub enum Listing {
    Folder(folder_store::Listing),
    BuiltIn(built_in::Listing),
}

impl Files {
    /// Opens what the flags name.
    pub fn open(options: &Serve) -> Result<Self, Failure> {
        match &options.root {
            Some(root) => {
                FolderStore::open(root, options.is_writable, "--root").map(Self::Folder)
            }
            None => Ok(Self::BuiltIn(BuiltIn)),
        }
    }

    /// What the file port hands out when nothing is said: the picture of the built-in site, or the
    /// first file of the folder.
    pub fn offered(&self) -> Option<std::string::String> {
        if let Self::BuiltIn(_) = self {
            return Some(built_in::PICTURE.to_string());
        }
        let mut listing = self.list("").ok()?;
        let mut name = String::<NAME_MAX>::new();
        while let Ok(Some(entry)) = self.next_entry(&mut listing, &mut name) {
            if !entry.is_folder {
                return Some(name.as_str().to_string());
            }
        }
        None
    }
}

/// A file of one store is never handed to the other; if it were, it would not be found there.
const MIXED_UP: StoreError = StoreError::NotFound;

impl Store for Files {
    type File = File;
    type Listing = Listing;
    type Upload = folder_store::Upload;

    fn open(&self, path: &str, encoding: Encoding) -> Result<File, StoreError> {
        match self {
            Self::Folder(store) => store.open(path, encoding).map(File::Folder),
            Self::BuiltIn(store) => store.open(path, encoding).map(File::BuiltIn),
        }
    }

    fn metadata(&self, file: &File) -> Metadata {
        match file {
            File::Folder(file) => file.metadata(),
            File::BuiltIn(file) => BuiltIn.metadata(file),
        }
    }

    fn read(&self, file: &mut File, offset: u64, buffer: &mut [u8]) -> Result<usize, StoreError> {
        match (self, file) {
            (Self::Folder(store), File::Folder(file)) => store.read(file, offset, buffer),
            (Self::BuiltIn(store), File::BuiltIn(file)) => store.read(file, offset, buffer),
            _ => Err(MIXED_UP),
        }
    }

    fn list(&self, path: &str) -> Result<Listing, StoreError> {
        match self {
            Self::Folder(store) => store.list(path).map(Listing::Folder),
            Self::BuiltIn(store) => store.list(path).map(Listing::BuiltIn),
        }
    }

    fn next_entry(
        &self,
        listing: &mut Listing,
        name: &mut StringView,
    ) -> Result<Option<Entry>, StoreError> {
        match (self, listing) {
            (Self::Folder(store), Listing::Folder(listing)) => store.next_entry(listing, name),
            (Self::BuiltIn(store), Listing::BuiltIn(listing)) => store.next_entry(listing, name),
            _ => Err(MIXED_UP),
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
            Self::Folder(store) => store.create(size),
            Self::BuiltIn(_) => Err(StoreError::ReadOnly),
        }
    }

    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Folder(store) => store.write(upload, bytes),
            Self::BuiltIn(_) => Err(StoreError::ReadOnly),
        }
    }

    fn commit(&self, upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        match self {
            Self::Folder(store) => store.commit(upload, path),
            Self::BuiltIn(_) => Err(StoreError::ReadOnly),
        }
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(store) => store.remove(path),
            Self::BuiltIn(_) => Err(StoreError::ReadOnly),
        }
    }
}
