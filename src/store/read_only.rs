//! A store that cannot be changed.

use core::convert::Infallible;

use super::{Encoding, Entry, Metadata, Store, StoreError};

/// The files of the store `S`, which cannot be changed through this value, whatever `S` permits: for a
/// service that only reads. Code that would store a file is left out of the program.
#[derive(Debug, Clone, Copy)]
pub struct ReadOnly<S>(pub S);

impl<S: Store> Store for ReadOnly<S> {
    type File = S::File;
    type Listing = S::Listing;
    type Upload = Infallible;

    const CAN_WAIT: bool = S::CAN_WAIT;

    fn open(&self, path: &str, encoding: Encoding) -> Result<S::File, StoreError> {
        self.0.open(path, encoding)
    }

    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        self.0.metadata_now(path)
    }

    fn variant(
        &self,
        file: &S::File,
        path: &str,
        encoding: Encoding,
    ) -> Result<S::File, StoreError> {
        self.0.variant(file, path, encoding)
    }

    fn metadata(&self, file: &S::File) -> Metadata {
        self.0.metadata(file)
    }

    fn read(
        &self,
        file: &mut S::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        self.0.read(file, offset, buffer)
    }

    fn list(&self, path: &str) -> Result<S::Listing, StoreError> {
        self.0.list(path)
    }

    fn next_entry(
        &self,
        listing: &mut S::Listing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        self.0.next_entry(listing, name)
    }

    fn is_untrusted(&self, file: &S::File) -> bool {
        self.0.is_untrusted(file)
    }
}
