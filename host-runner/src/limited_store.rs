//! A [`Store`] with limits for what clients store in it.

use std::cell::Cell;

use bareserve::store::{Commit, Encoding, Entry, Metadata, Store, StoreError};
use heapless::string::StringView;

/// The longest file name in bytes (NAME_MAX).
const NAME_MAX: usize = 255;

/// The most folders below one another, and the most entries, that are visited when the files are
/// counted: symbolic links may form a loop.
const MAX_DEPTH: usize = 64;
const MAX_ENTRIES: usize = 10_000_000;

/// Limits for uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// The most bytes of an upload.
    pub upload: Option<u64>,
    /// The most files in the store, beyond which an upload can only replace one.
    pub files: Option<usize>,
}

/// The files of the store `S`, with limits for uploads.
#[derive(Debug)]
pub struct Limited<S> {
    /// The store without limits.
    pub store: S,
    limits: Limits,
    /// The number of files, if it is limited: those at the start, and those that clients have added since.
    count: Cell<usize>,
}

/// An upload and the number of bytes that it may still have.
pub struct Upload<U> {
    upload: U,
    left: u64,
}

impl Limits {
    /// Counts the files of `store` if their number is limited, up to the limit. `wait` waits for a store
    /// that says [`StoreError::NotYet`].
    pub fn count(&self, store: &impl Store, wait: &dyn Fn()) -> usize {
        let Some(most) = self.files else { return 0 };
        let mut counter = Counter { store, wait, most, entries: MAX_ENTRIES, files: 0 };
        counter.add("", MAX_DEPTH);
        counter.files
    }
}

struct Counter<'s, S> {
    store: &'s S,
    wait: &'s dyn Fn(),
    most: usize,
    /// The most entries that are still visited.
    entries: usize,
    files: usize,
}

impl<S: Store> Counter<'_, S> {
    /// Counts the files below `folder`.
    fn add(&mut self, folder: &str, depth: usize) {
        let listing = loop {
            match self.store.list(folder) {
                Err(StoreError::NotYet) => (self.wait)(),
                listing => break listing,
            }
        };
        let Ok(mut listing) = listing else { return };
        let mut name = heapless::String::<NAME_MAX>::new();
        while self.files < self.most
            && self.entries > 0
            && let Ok(Some(entry)) = self.store.next_entry(&mut listing, &mut name)
        {
            self.entries -= 1;
            if !entry.is_folder {
                self.files += 1;
            } else if depth > 0 {
                let path =
                    if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
                self.add(&path, depth - 1);
            }
        }
    }
}

impl<S> Limited<S> {
    /// Limits uploads to `store`, which holds `count` files, if their number is limited.
    pub fn new(store: S, limits: Limits, count: usize) -> Self {
        Self { store, limits, count: count.into() }
    }

    fn is_full(&self) -> bool {
        self.limits.files.is_some_and(|most| self.count.get() >= most)
    }
}

impl<S: Store> Store for Limited<S> {
    type File = S::File;
    type Listing = S::Listing;
    type Upload = Upload<S::Upload>;

    const CAN_WAIT: bool = S::CAN_WAIT;

    fn open(&self, path: &str, encoding: Encoding) -> Result<S::File, StoreError> {
        self.store.open(path, encoding)
    }

    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        self.store.metadata_now(path)
    }

    fn variant(
        &self,
        file: &S::File,
        path: &str,
        encoding: Encoding,
    ) -> Result<S::File, StoreError> {
        self.store.variant(file, path, encoding)
    }

    fn metadata(&self, file: &S::File) -> Metadata {
        self.store.metadata(file)
    }

    fn read(
        &self,
        file: &mut S::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        self.store.read(file, offset, buffer)
    }

    fn list(&self, path: &str) -> Result<S::Listing, StoreError> {
        self.store.list(path)
    }

    fn next_entry(
        &self,
        listing: &mut S::Listing,
        name: &mut StringView,
    ) -> Result<Option<Entry>, StoreError> {
        self.store.next_entry(listing, name)
    }

    fn is_writable(&self) -> bool {
        self.store.is_writable()
    }

    fn is_untrusted(&self, file: &S::File) -> bool {
        self.store.is_untrusted(file)
    }

    fn create(&self, size: Option<u64>) -> Result<Self::Upload, StoreError> {
        let left = self.limits.upload.unwrap_or(u64::MAX);
        if size.is_some_and(|size| size > left) {
            return Err(StoreError::TooLarge);
        }
        Ok(Upload { upload: self.store.create(size)?, left })
    }

    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        upload.left = upload.left.checked_sub(bytes.len() as u64).ok_or(StoreError::TooLarge)?;
        self.store.write(&mut upload.upload, bytes)
    }

    fn commit(&self, upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        if self.is_full() && self.store.metadata_now(path).is_err() {
            return Err(StoreError::Full);
        }
        let commit = self.store.commit(upload.upload, path)?;
        if commit == Commit::Created {
            self.count.set(self.count.get().saturating_add(1));
        }
        Ok(commit)
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        self.store.remove(path)?;
        self.count.set(self.count.get().saturating_sub(1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bareserve::store::ram::{RamMemory, RamStore};

    use super::*;
    use crate::folder_store::FolderStore;

    fn put(store: &impl Store, path: &str, pieces: &[&[u8]]) -> Result<Commit, StoreError> {
        let mut upload = store.create(None)?;
        for piece in pieces {
            store.write(&mut upload, piece)?;
        }
        store.commit(upload, path)
    }

    fn limited<S: Store>(store: S, limits: Limits) -> Limited<S> {
        let count = limits.count(&store, &|| {});
        Limited::new(store, limits, count)
    }

    #[test]
    fn uploads_have_a_size() {
        let mut memory = RamMemory::<8, 8>::new();
        let ram = RamStore::new(&mut memory);
        let store = limited(&ram, Limits { upload: Some(5), files: None });
        assert_eq!(put(&store, "a", &[b"abc", b"de"]), Ok(Commit::Created));
        assert_eq!(put(&store, "b", &[b"abc", b"def"]), Err(StoreError::TooLarge));
        assert!(store.create(Some(5)).is_ok());
        assert_eq!(store.create(Some(6)).err(), Some(StoreError::TooLarge));
        assert!(store.open("b", Encoding::Identity).is_err());
    }

    #[test]
    fn files_have_a_number() {
        let mut memory = RamMemory::<8, 8>::new();
        let ram = RamStore::new(&mut memory);
        put(&&ram, "old", &[b"x"]).unwrap();
        put(&&ram, "folder/old", &[b"x"]).unwrap();
        let store = limited(&ram, Limits { upload: None, files: Some(3) });
        assert_eq!(put(&store, "a", &[b"x"]), Ok(Commit::Created));
        assert_eq!(put(&store, "b", &[b"x"]), Err(StoreError::Full));
        assert_eq!(put(&store, "a", &[b"y"]), Ok(Commit::Replaced));
        store.remove("folder/old").unwrap();
        assert_eq!(store.remove("folder/old"), Err(StoreError::NotFound));
        assert_eq!(put(&store, "b", &[b"x"]), Ok(Commit::Created));
        assert_eq!(put(&store, "c", &[b"x"]), Err(StoreError::Full));
    }

    #[test]
    fn the_files_of_a_folder_are_counted_by_its_workers() {
        let root = std::env::temp_dir().join(format!("bareserve-count-{}", std::process::id()));
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        for name in ["one", "a/two", "a/b/three"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        let store = FolderStore::open(&root, true, "--root").unwrap();
        let count =
            |files| Limits { upload: None, files }.count(&store, &|| store.workers().wait());
        assert_eq!([Some(9), Some(2), None].map(count), [3, 2, 0]);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_full_store_stays_full() {
        let mut memory = RamMemory::<8, 8>::new();
        let ram = RamStore::new(&mut memory);
        for name in ["a", "b", "c"] {
            put(&&ram, name, &[b"x"]).unwrap();
        }
        let store = limited(&ram, Limits { upload: None, files: Some(2) });
        assert_eq!(put(&store, "d", &[b"x"]), Err(StoreError::Full));
    }
}
