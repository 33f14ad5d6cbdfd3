//! One of two stores, chosen when the program starts.

use super::{Commit, Encoding, Entry, Metadata, Store, StoreError};

/// A store of type `A` or a store of type `B`; also a file, a listing or an upload of one of them.
///
/// ```
/// use bareserve::store::{
///     Encoding, Store,
///     either::Either,
///     ram::{RamMemory, RamStore},
///     rom::{RomFile, RomStore},
/// };
///
/// static SITE: [RomFile; 1] = [RomFile::new("index.html", 1, b"<h1>Hello</h1>")];
/// let mut memory = RamMemory::<4, 16>::new();
/// let ram = RamStore::new(&mut memory);
///
/// # let is_writable = false;
/// let store = if is_writable { Either::First(&ram) } else { Either::Second(RomStore::new(&SITE)) };
/// assert!(store.open("index.html", Encoding::Identity).is_ok());
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Either<A, B> {
    /// The first store, or an item of it.
    First(A),
    /// The second store, or an item of it.
    Second(B),
}

/// The error for an item of the other store. Stores are not exchanged while they are in use, so no
/// caller sees it.
const WRONG_STORE: StoreError = StoreError::NotFound;

impl<A: Store, B: Store> Store for Either<A, B> {
    type File = Either<A::File, B::File>;
    type Listing = Either<A::Listing, B::Listing>;
    type Upload = Either<A::Upload, B::Upload>;

    const CAN_WAIT: bool = A::CAN_WAIT || B::CAN_WAIT;

    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError> {
        match self {
            Self::First(store) => store.open(path, encoding).map(Either::First),
            Self::Second(store) => store.open(path, encoding).map(Either::Second),
        }
    }

    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        match self {
            Self::First(store) => store.metadata_now(path),
            Self::Second(store) => store.metadata_now(path),
        }
    }

    fn variant(
        &self,
        file: &Self::File,
        path: &str,
        encoding: Encoding,
    ) -> Result<Self::File, StoreError> {
        match (self, file) {
            (Self::First(store), Either::First(file)) => {
                store.variant(file, path, encoding).map(Either::First)
            }
            (Self::Second(store), Either::Second(file)) => {
                store.variant(file, path, encoding).map(Either::Second)
            }
            _ => Err(WRONG_STORE),
        }
    }

    fn metadata(&self, file: &Self::File) -> Metadata {
        match (self, file) {
            (Self::First(store), Either::First(file)) => store.metadata(file),
            (Self::Second(store), Either::Second(file)) => store.metadata(file),
            _ => Metadata::default(),
        }
    }

    fn is_untrusted(&self, file: &Self::File) -> bool {
        match (self, file) {
            (Self::First(store), Either::First(file)) => store.is_untrusted(file),
            (Self::Second(store), Either::Second(file)) => store.is_untrusted(file),
            _ => true,
        }
    }

    fn read(
        &self,
        file: &mut Self::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        match (self, file) {
            (Self::First(store), Either::First(file)) => store.read(file, offset, buffer),
            (Self::Second(store), Either::Second(file)) => store.read(file, offset, buffer),
            _ => Err(WRONG_STORE),
        }
    }

    fn list(&self, path: &str) -> Result<Self::Listing, StoreError> {
        match self {
            Self::First(store) => store.list(path).map(Either::First),
            Self::Second(store) => store.list(path).map(Either::Second),
        }
    }

    fn next_entry(
        &self,
        listing: &mut Self::Listing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        match (self, listing) {
            (Self::First(store), Either::First(listing)) => store.next_entry(listing, name),
            (Self::Second(store), Either::Second(listing)) => store.next_entry(listing, name),
            _ => Err(WRONG_STORE),
        }
    }

    fn is_writable(&self) -> bool {
        match self {
            Self::First(store) => store.is_writable(),
            Self::Second(store) => store.is_writable(),
        }
    }

    fn create(&self, size: Option<u64>) -> Result<Self::Upload, StoreError> {
        match self {
            Self::First(store) => store.create(size).map(Either::First),
            Self::Second(store) => store.create(size).map(Either::Second),
        }
    }

    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        match (self, upload) {
            (Self::First(store), Either::First(upload)) => store.write(upload, bytes),
            (Self::Second(store), Either::Second(upload)) => store.write(upload, bytes),
            _ => Err(WRONG_STORE),
        }
    }

    fn commit(&self, upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        match (self, upload) {
            (Self::First(store), Either::First(upload)) => store.commit(upload, path),
            (Self::Second(store), Either::Second(upload)) => store.commit(upload, path),
            _ => Err(WRONG_STORE),
        }
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        match self {
            Self::First(store) => store.remove(path),
            Self::Second(store) => store.remove(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        ram::{RamMemory, RamStore},
        rom::{RomFile, RomStore},
    };

    static FILES: [RomFile; 2] =
        [RomFile::new("a", 1, b"rom").with_gzip(b"gz"), RomFile::new("b/c", 2, b"")];

    type Stores<'m> = Either<&'m RamStore<'m>, RomStore>;

    fn content<S: Store>(store: &S, file: &mut S::File) -> heapless::Vec<u8, 8> {
        let mut buffer = [0; 8];
        let length = store.read(file, 0, &mut buffer).unwrap();
        assert_eq!(store.metadata(file).size, length as u64);
        heapless::Vec::from_slice(&buffer[..length]).unwrap()
    }

    fn first_name<S: Store>(store: &S) -> Option<heapless::String<8>> {
        let (mut listing, mut name) = (store.list("").unwrap(), heapless::String::new());
        store.next_entry(&mut listing, &mut name).unwrap().map(|_| name)
    }

    #[test]
    fn does_what_the_store_in_use_does() {
        let mut memory = RamMemory::<2, 2>::new();
        let ram = RamStore::new(&mut memory);
        let store: Stores<'_> = Either::First(&ram);
        assert!(store.is_writable());
        let mut upload = store.create(None).unwrap();
        store.write(&mut upload, b"ram").unwrap();
        assert_eq!(store.commit(upload, "x"), Ok(Commit::Created));
        let mut file = store.open("x", Encoding::Identity).unwrap();
        assert_eq!(content(&store, &mut file), b"ram");
        assert_eq!(store.variant(&file, "x", Encoding::Gzip).err(), Some(StoreError::NotFound));
        assert_eq!(first_name(&store).unwrap(), "x");
        assert_eq!(store.remove("x"), Ok(()));

        let store: Stores<'_> = Either::Second(RomStore::new(&FILES));
        assert!(!store.is_writable());
        assert_eq!(store.create(None).err(), Some(StoreError::ReadOnly));
        assert_eq!(store.remove("a"), Err(StoreError::ReadOnly));
        let mut file = store.open("a", Encoding::Identity).unwrap();
        assert_eq!(content(&store, &mut file), b"rom");
        let mut gzipped = store.variant(&file, "a", Encoding::Gzip).unwrap();
        assert_eq!(content(&store, &mut gzipped), b"gz");
        assert_eq!(first_name(&store).unwrap(), "a");
        assert_eq!(store.open("b", Encoding::Identity).err(), Some(StoreError::IsFolder));
    }

    #[test]
    fn refuses_an_item_of_the_other_store() {
        let mut memory = RamMemory::<2, 2>::new();
        let ram = RamStore::new(&mut memory);
        let (first, second): (Stores<'_>, Stores<'_>) =
            (Either::First(&ram), Either::Second(RomStore::new(&FILES)));
        let mut file = second.open("a", Encoding::Identity).unwrap();
        assert_eq!(first.read(&mut file, 0, &mut [0; 1]), Err(WRONG_STORE));
        assert_eq!(first.metadata(&file), Metadata::default());
        assert_eq!(first.variant(&file, "a", Encoding::Gzip).err(), Some(WRONG_STORE));
        let mut listing = second.list("").unwrap();
        let mut name = heapless::String::<8>::new();
        assert_eq!(first.next_entry(&mut listing, &mut name), Err(WRONG_STORE));
        let mut upload = first.create(None).unwrap();
        assert_eq!(second.write(&mut upload, b"x"), Err(WRONG_STORE));
        assert_eq!(second.commit(upload, "x"), Err(WRONG_STORE));
    }
}
