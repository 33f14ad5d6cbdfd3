//! Files, wherever they live: flash, RAM, or a folder on a host.
//!
//! A path is relative, its segments separated by `/`, without empty segments, `.`, `..` or control
//! characters; whoever takes one from the network checks it with [`is_valid_path`] before a store
//! sees it. The empty path is the root folder.

use crate::{clock::UnixTime, wire::search::cut};

pub mod overlay;
pub mod ram;
pub mod rom;

/// Where services find files. All methods take `&self`, so that services can share one store.
pub trait Store {
    /// An open file. Dropping it closes it.
    type File;
    /// A walk through a folder.
    type Listing;
    /// A file on its way in, invisible until committed. Dropping it discards it.
    type Upload;

    /// Opens the file at `path`, as it is or as the variant in `encoding`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also when only this encoding is missing;
    /// [`StoreError::IsFolder`] for a folder.
    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError>;

    /// Opens another variant of `file`, which is open and was found at `path`: less work than to
    /// find it anew.
    ///
    /// # Errors
    /// As [`Store::open`].
    fn variant(
        &self,
        file: &Self::File,
        path: &str,
        encoding: Encoding,
    ) -> Result<Self::File, StoreError> {
        let _ = file;
        self.open(path, encoding)
    }

    /// What is known of an open file.
    fn metadata(&self, file: &Self::File) -> Metadata;

    /// Copies bytes from `offset` on into `buffer` and returns how many: 0 only at the end of the
    /// file or for an empty buffer.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the medium fails.
    fn read(
        &self,
        file: &mut Self::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError>;

    /// Starts a walk through the folder at `path`, in the order of names.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such folder.
    fn list(&self, path: &str) -> Result<Self::Listing, StoreError>;

    /// The next entry of a walk. Its name is written into `name`; one that does not fit is left out
    /// of the walk.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the medium fails.
    fn next_entry(
        &self,
        listing: &mut Self::Listing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError>;

    /// Whether [`Store::create`] can succeed at all.
    fn is_writable(&self) -> bool {
        false
    }

    /// Begins a file whose place is told when it is complete: in a JSON object the content may come
    /// before the name. `size` is its length when the sender has announced it.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], [`StoreError::Full`], [`StoreError::Io`].
    fn create(&self, size: Option<u64>) -> Result<Self::Upload, StoreError> {
        let _ = size;
        Err(StoreError::ReadOnly)
    }

    /// Appends all of `bytes`.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`]; the upload can then only be dropped.
    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        let _ = (upload, bytes);
        Err(StoreError::ReadOnly)
    }

    /// Makes the file visible at `path`, in one step, in place of an older one there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the folder it belongs in, [`StoreError::IsFolder`],
    /// [`StoreError::InvalidName`], [`StoreError::Full`] or [`StoreError::Io`]; nothing has changed
    /// then.
    fn commit(&self, upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        let _ = (upload, path);
        Err(StoreError::ReadOnly)
    }

    /// Deletes the file at `path`.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], [`StoreError::NotFound`], [`StoreError::IsFolder`].
    fn remove(&self, path: &str) -> Result<(), StoreError> {
        let _ = path;
        Err(StoreError::ReadOnly)
    }
}

/// How a stored variant is encoded (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// As it is.
    #[default]
    Identity,
    /// gzip (RFC 1952).
    Gzip,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// Length in bytes.
    pub size: u64,
    /// When it last changed, if the store keeps dates.
    pub modified: Option<UnixTime>,
    /// A number that differs between any two contents of this path and encoding; a strong ETag is
    /// made of it.
    pub version: u64,
    /// Its media type, when the store knows it; otherwise its name tells.
    pub content_type: Option<&'static str>,
    /// Its name changes with its content, so it can be cached for ever.
    pub immutable: bool,
}

/// One line of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// A folder rather than a file.
    pub is_folder: bool,
    /// Length in bytes; 0 for a folder.
    pub size: u64,
    /// When it last changed, if the store keeps dates.
    pub modified: Option<UnixTime>,
}

/// What a commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// There was no such file before.
    Created,
    /// An older file made way.
    Replaced,
}

/// Why a store refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreError {
    /// No such file or folder.
    NotFound,
    /// A folder stands at that path.
    IsFolder,
    /// The store, or this place in it, may not be read.
    Denied,
    /// The store cannot be written.
    ReadOnly,
    /// No room left.
    Full,
    /// The store cannot hold a file of that name.
    InvalidName,
    /// The medium failed.
    Io,
}

impl StoreError {
    /// The error in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotFound => "no such file",
            Self::IsFolder => "is a folder",
            Self::Denied => "access denied",
            Self::ReadOnly => "read-only",
            Self::Full => "no room left",
            Self::InvalidName => "invalid name",
            Self::Io => "storage failed",
        }
    }
}

impl core::fmt::Display for StoreError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for StoreError {}

/// Whether `path` is one a store may see: see the [module](self).
pub fn is_valid_path(path: &str) -> bool {
    let mut rest = Some(path.as_bytes()).filter(|path| !path.is_empty());
    while let Some(path) = rest {
        let Some(length) = first_name(path) else { return false };
        rest = path.get(length + 1..);
    }
    true
}

/// What stands before the first separator, or all of `path`.
fn first_segment(path: &str) -> &str {
    cut(path, b'/').0
}

/// Where the names begin in the paths of the files in the folder at `path`.
fn depth_of(path: &str) -> usize {
    if path.is_empty() { 0 } else { path.len() + 1 }
}

/// Whether `path` leads into `folder`, which is not the root.
fn is_inside(path: &str, folder: &str) -> bool {
    path.as_bytes().strip_prefix(folder.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Whether `name` is a single segment of a path: not empty, not `.` or `..`, without separators
/// (also `\`, which is one elsewhere) and control characters.
pub fn is_valid_name(name: &str) -> bool {
    first_name(name.as_bytes()) == Some(name.len())
}

/// The length of the first segment of `path`, which is UTF-8; `None` if that is no valid name.
fn first_name(path: &[u8]) -> Option<usize> {
    let (mut length, mut before) = (0, 0);
    for &byte in path {
        // In UTF-8 the control characters beyond ASCII, U+0080 to U+009F, begin with 0xc2.
        if byte.is_ascii_control() || byte == b'\\' || before == 0xc2 && byte < 0xa0 {
            return None;
        }
        if byte == b'/' {
            break;
        }
        before = byte;
        length += 1;
    }
    match path.get(..length)? {
        b"" | b"." | b".." => None,
        _ => Some(length),
    }
}

/// Makes `text` that of `place`. Returns whether it fits.
#[inline(never)]
fn set(place: &mut heapless::string::StringView, text: &str) -> bool {
    place.clear();
    place.push_str(text).is_ok()
}

impl<S: Store> Store for &S {
    type File = S::File;
    type Listing = S::Listing;
    type Upload = S::Upload;

    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError> {
        (**self).open(path, encoding)
    }

    fn variant(
        &self,
        file: &Self::File,
        path: &str,
        encoding: Encoding,
    ) -> Result<Self::File, StoreError> {
        (**self).variant(file, path, encoding)
    }

    fn metadata(&self, file: &Self::File) -> Metadata {
        (**self).metadata(file)
    }

    fn read(
        &self,
        file: &mut Self::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        (**self).read(file, offset, buffer)
    }

    fn list(&self, path: &str) -> Result<Self::Listing, StoreError> {
        (**self).list(path)
    }

    fn next_entry(
        &self,
        listing: &mut Self::Listing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        (**self).next_entry(listing, name)
    }

    fn is_writable(&self) -> bool {
        (**self).is_writable()
    }

    fn create(&self, size: Option<u64>) -> Result<Self::Upload, StoreError> {
        (**self).create(size)
    }

    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        (**self).write(upload, bytes)
    }

    fn commit(&self, upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        (**self).commit(upload, path)
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        (**self).remove(path)
    }
}
