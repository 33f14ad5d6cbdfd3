//! Two stores as one: an upper store, usually writable, over a lower one that is only read.

use core::cmp::Ordering;

use super::{Commit, Encoding, Entry, Metadata, Store, StoreError, either::Either, set};

/// A store that reads from `Upper`, then from `Lower`, and writes to `Upper`.
///
/// A file of `Upper` hides the file with the same path in `Lower` until it is removed. Listings merge
/// the entries of both in the order of names; entries of `Lower` with a name longer than `NAME` bytes
/// are left out.
///
/// ```
/// use bareserve::store::{
///     Store, StoreError,
///     overlay::Overlay,
///     ram::{RamMemory, RamStore},
///     rom::{RomFile, RomStore},
/// };
///
/// static SITE: [RomFile; 1] = [RomFile::new("index.html", 1, b"<h1>Hello</h1>")];
/// let mut memory = RamMemory::<4, 16>::new();
/// let ram = RamStore::new(&mut memory);
/// let store: Overlay<_, _> = Overlay::new(&ram, RomStore::new(&SITE));
///
/// let mut upload = store.create(None)?;
/// store.write(&mut upload, b"<h1>Hi</h1>")?;
/// store.commit(upload, "index.html")?; // hides the file in flash
/// store.remove("index.html")?; // and no longer does
/// assert_eq!(store.remove("index.html"), Err(StoreError::ReadOnly));
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Overlay<Upper, Lower, const NAME: usize = 64> {
    upper: Upper,
    lower: Lower,
}

impl<Upper, Lower, const NAME: usize> Overlay<Upper, Lower, NAME> {
    /// Combines two stores.
    pub const fn new(upper: Upper, lower: Lower) -> Self {
        Self { upper, lower }
    }
}

/// The listing of a folder of both stores. `None` where a store has no such folder.
#[derive(Debug)]
pub struct OverlayListing<Upper, Lower> {
    upper: Option<Upper>,
    lower: Option<Lower>,
}

impl<Upper, Lower, const NAME: usize> Store for Overlay<Upper, Lower, NAME>
where
    Upper: Store<Listing: Clone>,
    Lower: Store<Listing: Clone>,
{
    type File = Either<Upper::File, Lower::File>;
    type Listing = OverlayListing<Upper::Listing, Lower::Listing>;
    type Upload = Upper::Upload;

    const CAN_WAIT: bool = Upper::CAN_WAIT || Lower::CAN_WAIT;

    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError> {
        match self.upper.open(path, encoding) {
            Err(StoreError::NotFound) => {}
            // IsFolder too: a folder of the upper store hides a file of the lower one.
            found => return found.map(Either::First),
        }
        // A variant in the lower store does not belong to a file in the upper one.
        if encoding != Encoding::Identity {
            match self.upper.open(path, Encoding::Identity) {
                Ok(_) => return Err(StoreError::NotFound),
                Err(StoreError::NotYet) if Upper::CAN_WAIT => return Err(StoreError::NotYet),
                Err(_) => {}
            }
        }
        self.lower.open(path, encoding).map(Either::Second)
    }

    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        if !Self::CAN_WAIT {
            return self.open(path, Encoding::Identity).map(|file| self.metadata(&file));
        }
        match self.upper.metadata_now(path) {
            Err(StoreError::NotFound) => self.lower.metadata_now(path),
            found => found,
        }
    }

    fn variant(
        &self,
        file: &Self::File,
        path: &str,
        encoding: Encoding,
    ) -> Result<Self::File, StoreError> {
        match file {
            Either::First(file) => self.upper.variant(file, path, encoding).map(Either::First),
            Either::Second(file) => self.lower.variant(file, path, encoding).map(Either::Second),
        }
    }

    fn metadata(&self, file: &Self::File) -> Metadata {
        match file {
            Either::First(file) => self.upper.metadata(file),
            Either::Second(file) => self.lower.metadata(file),
        }
    }

    fn is_untrusted(&self, file: &Self::File) -> bool {
        match file {
            Either::First(file) => self.upper.is_untrusted(file),
            Either::Second(file) => self.lower.is_untrusted(file),
        }
    }

    fn read(
        &self,
        file: &mut Self::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        match file {
            Either::First(file) => self.upper.read(file, offset, buffer),
            Either::Second(file) => self.lower.read(file, offset, buffer),
        }
    }

    fn list(&self, path: &str) -> Result<Self::Listing, StoreError> {
        let upper = if_found(self.upper.list(path))?;
        let lower = if_found(self.lower.list(path))?;
        if upper.is_none() && lower.is_none() {
            return Err(StoreError::NotFound);
        }
        Ok(OverlayListing { upper, lower })
    }

    fn next_entry(
        &self,
        listing: &mut Self::Listing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        let mut lower_name = heapless::String::<NAME>::new();
        loop {
            // Both listings are read one entry ahead. The lesser name is returned and its listing
            // advances; both advance when the names are equal, and the upper entry is returned.
            let (mut upper, mut lower) = (listing.upper.clone(), listing.lower.clone());
            let upper_entry = match &mut upper {
                Some(listing) => self.upper.next_entry(listing, name)?,
                None => None,
            };
            let lower_entry = match &mut lower {
                Some(listing) => self.lower.next_entry(listing, &mut lower_name)?,
                None => None,
            };
            let order = match (upper_entry, lower_entry) {
                (Some(_), Some(_)) => name.as_str().cmp(&lower_name),
                (None, Some(_)) => Ordering::Greater,
                (_, None) => Ordering::Less,
            };
            if order.is_le() {
                listing.upper = upper;
            }
            if order.is_ge() {
                listing.lower = lower;
            }
            if order.is_le() {
                return Ok(upper_entry);
            }
            if set(name, &lower_name) {
                return Ok(lower_entry);
            }
        }
    }

    fn is_writable(&self) -> bool {
        self.upper.is_writable()
    }

    fn create(&self, size: Option<u64>) -> Result<Self::Upload, StoreError> {
        self.upper.create(size)
    }

    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        self.upper.write(upload, bytes)
    }

    fn commit(&self, upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        let hides = match self.find_lower(path) {
            Err(StoreError::IsFolder) => return Err(StoreError::IsFolder),
            found => found.is_ok(),
        };
        let commit = self.upper.commit(upload, path)?;
        Ok(if hides { Commit::Replaced } else { commit })
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        match self.upper.remove(path) {
            Err(StoreError::NotFound) => match self.find_lower(path) {
                Ok(()) => Err(StoreError::ReadOnly),
                Err(error) => Err(error),
            },
            removed => removed,
        }
    }
}

impl<Upper, Lower: Store, const NAME: usize> Overlay<Upper, Lower, NAME> {
    /// Looks for a file at `path` in the lower store, before a change. Waits for a store that can wait.
    #[inline(always)]
    fn find_lower(&self, path: &str) -> Result<(), StoreError> {
        // What opens a file is in the program anyway.
        match Lower::CAN_WAIT {
            true => self.lower.metadata_now(path).map(|_| ()),
            false => self.lower.open(path, Encoding::Identity).map(|_| ()),
        }
    }
}

fn if_found<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Err(StoreError::NotFound) => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::store::{
        ram::{RamMemory, RamStore},
        rom::{RomFile, RomStore},
    };
    use std::{string::String, vec, vec::Vec};

    static FILES: [RomFile; 4] = [
        RomFile::new("both.html", 1, b"lower").with_gzip(b"gz"),
        RomFile::new("folder/lower", 2, b"lower"),
        RomFile::new("only.html", 3, b"lower").with_gzip(b"gz"),
        RomFile::new("z", 4, b"lower"),
    ];

    fn put(store: &impl Store, path: &str) -> Result<Commit, StoreError> {
        let mut upload = store.create(None)?;
        store.write(&mut upload, b"upper")?;
        store.commit(upload, path)
    }

    fn content(store: &impl Store, path: &str, encoding: Encoding) -> Result<String, StoreError> {
        let (mut file, mut buffer) = (store.open(path, encoding)?, [0; 8]);
        assert_eq!(store.metadata(&file).size, store.read(&mut file, 0, &mut buffer)? as u64);
        let length = store.read(&mut file, 0, &mut buffer)?;
        Ok(String::from_utf8(buffer[..length].into()).unwrap())
    }

    fn names(store: &impl Store, path: &str) -> Result<Vec<String>, StoreError> {
        let (mut listing, mut name) = (store.list(path)?, heapless::String::<16>::new());
        let mut names = Vec::new();
        while store.next_entry(&mut listing, &mut name)?.is_some() {
            names.push(name.as_str().into());
        }
        Ok(names)
    }

    #[test]
    fn the_upper_store_hides_the_lower_one() {
        use Encoding::{Gzip, Identity};
        let mut memory = RamMemory::<6, 6>::new();
        let ram = RamStore::new(&mut memory);
        let store: Overlay<_, _> = Overlay::new(&ram, RomStore::new(&FILES));
        assert!(store.is_writable());
        assert_eq!(content(&store, "both.html", Identity), Ok("lower".into()));
        assert_eq!(put(&store, "both.html"), Ok(Commit::Replaced));
        assert_eq!(put(&store, "folder/upper"), Ok(Commit::Created));
        assert_eq!(put(&store, "a-name-of-more-than-16"), Ok(Commit::Created));
        assert_eq!(content(&store, "both.html", Identity), Ok("upper".into()));
        assert_eq!(content(&store, "both.html", Gzip), Err(StoreError::NotFound));
        assert_eq!(content(&store, "only.html", Gzip), Ok("gz".into()));
        assert_eq!(content(&store, "folder", Identity), Err(StoreError::IsFolder));
        assert_eq!(content(&store, "none", Identity), Err(StoreError::NotFound));
        let root = ["both.html", "folder", "only.html", "z"];
        assert_eq!(names(&store, ""), Ok(root.iter().map(|&name| name.into()).collect()));
        assert_eq!(names(&store, "folder"), Ok(vec!["lower".into(), "upper".into()]));
        assert_eq!(names(&store, "none"), Err(StoreError::NotFound));

        assert_eq!(store.remove("both.html"), Ok(()));
        assert_eq!(content(&store, "both.html", Gzip), Ok("gz".into()));
        assert_eq!(store.remove("both.html"), Err(StoreError::ReadOnly));
        assert_eq!(store.remove("folder"), Err(StoreError::IsFolder));
        assert_eq!(store.remove("none"), Err(StoreError::NotFound));
        assert_eq!(put(&store, "folder"), Err(StoreError::IsFolder));
    }
}
