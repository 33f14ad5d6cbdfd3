//! Files in any medium: flash, RAM, or a folder of a host.
//!
//! A path is relative: segments separated by `/`, none of them empty, `.` or `..`, without `\` and
//! control characters. The empty path is the root folder. A service checks each path that it gets
//! from the network with [`is_valid_path`] before it passes it to a store.
//!
//! | store | content |
//! |---|---|
//! | [`rom::RomStore`] | files in flash, from a table made at build time |
//! | [`ram::RamStore`] | files in RAM, writable |
//! | [`overlay::Overlay`] | a writable store over one that is only read |
//! | [`either::Either`] | one of two stores, chosen at run time |
//!
//! A file is written in two phases: [`Store::create`] and [`Store::write`] collect its content,
//! [`Store::commit`] gives it its path and makes it visible in one step.

use crate::{clock::UnixTime, wire::search::split_once};

pub mod either;
pub mod overlay;
pub mod ram;
pub mod read_only;
pub mod rom;

/// A collection of files. All methods take `&self`, so that services can share one store.
pub trait Store {
    /// An open file. Dropping it closes it.
    type File;
    /// An iteration over the entries of a folder.
    type Listing;
    /// A file that is being written, invisible until committed. Dropping it discards it.
    type Upload;

    /// Whether it gives [`StoreError::NotYet`]. What services do then is left out of programs whose
    /// stores are all at hand.
    const CAN_WAIT: bool = true;

    /// Opens the variant of the file at `path` in `encoding`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such file or no such variant of it;
    /// [`StoreError::IsFolder`] for a folder; [`StoreError::NotYet`].
    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError>;

    /// The metadata of the file at `path`, whose conditions a change is about to meet. Waits for a slow
    /// medium, as writing does.
    ///
    /// # Errors
    /// As [`Store::open`], except [`StoreError::NotYet`].
    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        self.open(path, Encoding::Identity).map(|file| self.metadata(&file))
    }

    /// Opens another variant of the open `file` at `path`, without a second search where the store
    /// can avoid it.
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

    /// The metadata of an open file.
    fn metadata(&self, file: &Self::File) -> Metadata;

    /// Copies bytes from `offset` on into `buffer` and returns their number: 0 only at the end of the
    /// file or for an empty buffer, and otherwise as few as suits the store.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the medium fails; [`StoreError::NotYet`].
    fn read(
        &self,
        file: &mut Self::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError>;

    /// Lists the folder at `path`, in the order of names.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such folder; [`StoreError::NotYet`].
    fn list(&self, path: &str) -> Result<Self::Listing, StoreError>;

    /// The next entry of a listing; its name is written to `name`. An entry whose name does not fit is
    /// skipped.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the medium fails.
    fn next_entry(
        &self,
        listing: &mut Self::Listing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError>;

    /// Whether files can be written: if not, [`Store::create`] always fails.
    fn is_writable(&self) -> bool {
        false
    }

    /// Whether a client may have stored the open `file`, so that a browser must not run scripts in it.
    fn is_untrusted(&self, file: &Self::File) -> bool {
        let _ = file;
        self.is_writable()
    }

    /// Begins a file. Its path is not needed before [`Store::commit`]: in a JSON object the content
    /// may precede the name. `size` is its length in bytes, if the sender has announced it.
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
    /// [`StoreError::Full`] or [`StoreError::Io`]; the upload must be dropped then.
    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        let _ = (upload, bytes);
        Err(StoreError::ReadOnly)
    }

    /// Makes the file visible at `path` in one step; it replaces a file that is there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if its folder does not exist, [`StoreError::IsFolder`],
    /// [`StoreError::InvalidName`], [`StoreError::Full`] or [`StoreError::Io`]; the store is unchanged
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

/// The content coding of a stored variant (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// No coding.
    #[default]
    Identity,
    /// gzip (RFC 1952).
    Gzip,
}

/// The metadata of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Length in bytes.
    pub size: u64,
    /// The time of its last change, if the store keeps it.
    pub modified: Option<UnixTime>,
    /// A number that differs between any two contents of this path and encoding, for example a hash:
    /// the base of a strong ETag.
    pub version: u64,
    /// Its media type. With `None` it follows from the file's name.
    pub content_type: Option<&'static str>,
    /// Its name changes with its content, so that caches may keep it without asking again.
    pub immutable: bool,
}

/// An entry of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Whether it is a folder; otherwise it is a file.
    pub is_folder: bool,
    /// Length in bytes; 0 for a folder.
    pub size: u64,
    /// The time of its last change, if the store keeps it.
    pub modified: Option<UnixTime>,
}

/// The effect of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// There was no file at the path.
    Created,
    /// The file replaced an older one.
    Replaced,
}

/// The reason why a store refuses an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// No such file or folder.
    NotFound,
    /// There is a folder at that path.
    IsFolder,
    /// Access to the store, or to this path, is not permitted.
    Denied,
    /// The store is read-only.
    ReadOnly,
    /// The store is full.
    Full,
    /// The file is larger than the store accepts.
    TooLarge,
    /// The store cannot hold a file with that name.
    InvalidName,
    /// The medium failed.
    Io,
    /// The medium is slow, and the store has begun to fetch what was asked for. The caller asks again,
    /// with the same arguments, when the store has woken the main loop; meanwhile it serves others.
    /// Only [`Store::open`], [`Store::read`] and [`Store::list`] give this error.
    NotYet,
}

impl StoreError {
    /// The description of the error.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotFound => "no such file",
            Self::IsFolder => "is a folder",
            Self::Denied => "access denied",
            Self::ReadOnly => "read-only",
            Self::Full => "no room left",
            Self::TooLarge => "too large",
            Self::InvalidName => "invalid name",
            Self::Io => "storage failed",
            Self::NotYet => "not read yet",
        }
    }
}

impl core::fmt::Display for StoreError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for StoreError {}

/// Whether a service may pass `path` to a store; the [module](self) has the rules. The only place
/// where this is decided.
///
/// ```
/// use bareserve::store::is_valid_path;
///
/// assert!(is_valid_path("") && is_valid_path("docs/a b.html"));
/// for path in ["/etc", "docs/", "a//b", "../a", "a/./b", "a\\b", "a\nb"] {
///     assert!(!is_valid_path(path));
/// }
/// ```
pub fn is_valid_path(path: &str) -> bool {
    let mut rest = Some(path.as_bytes()).filter(|path| !path.is_empty());
    while let Some(path) = rest {
        let Some(length) = first_name(path) else { return false };
        rest = path.get(length + 1..);
    }
    true
}

/// The part of `path` before the first separator, or all of it.
fn first_segment(path: &str) -> &str {
    split_once(path, b'/').0
}

/// The position of the name in the path of a file in the folder at `path`.
fn name_offset(path: &str) -> usize {
    if path.is_empty() { 0 } else { path.len() + 1 }
}

/// Whether `path` is below `folder`, which is not the root.
fn is_inside(path: &str, folder: &str) -> bool {
    path.as_bytes().strip_prefix(folder.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Whether `name` is a single valid segment of a path: not empty, not `.` or `..`, without `/`, control
/// characters and `\`, which some systems take for a separator.
pub fn is_valid_name(name: &str) -> bool {
    first_name(name.as_bytes()) == Some(name.len())
}

/// The length of the first segment of `path`, which is UTF-8; `None` if it is not a valid name.
fn first_name(path: &[u8]) -> Option<usize> {
    let mut length = 0;
    while let Some(&byte) = path.get(length) {
        // Most characters need this comparison only: every request for a file comes through here.
        if !matches!(byte, b']'..=b'~') {
            match byte {
                b'/' => break,
                ..b' ' | b'\\' | 0x7f => return None,
                // In UTF-8, the control characters U+0080 to U+009F are 0xc2 and a byte below 0xa0.
                0xc2 if path.get(length + 1).is_some_and(|next| *next < 0xa0) => return None,
                _ => {}
            }
        }
        length += 1;
    }
    match path.get(..length)? {
        b"" | b"." | b".." => None,
        _ => Some(length),
    }
}

/// Replaces the content of `string` with `text`. Returns whether it fits.
#[inline(never)]
fn set(string: &mut heapless::string::StringView, text: &str) -> bool {
    string.clear();
    string.push_str(text).is_ok()
}

impl<S: Store> Store for &S {
    type File = S::File;
    type Listing = S::Listing;
    type Upload = S::Upload;

    const CAN_WAIT: bool = S::CAN_WAIT;

    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError> {
        (**self).open(path, encoding)
    }

    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        (**self).metadata_now(path)
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

    fn is_untrusted(&self, file: &Self::File) -> bool {
        (**self).is_untrusted(file)
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

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::format;

    #[test]
    fn names_contain_no_separators_and_control_characters() {
        for character in '\0'..='\u{7ff}' {
            let is_valid = !character.is_control() && !"/\\".contains(character);
            for name in [format!("{character}a"), format!("a{character}"), format!("a{character}b")]
            {
                assert_eq!(is_valid_name(&name), is_valid, "{name:?}");
                if character != '/' {
                    assert_eq!(is_valid_path(&format!("x/{name}")), is_valid, "{name:?}");
                }
            }
        }
        for name in ["...", "..a", ".a", "a..", "\u{10ffff}"] {
            assert!(is_valid_name(name), "{name}");
        }
        for name in ["", ".", "..", "a/b"] {
            assert!(!is_valid_name(name), "{name}");
        }
    }

    #[test]
    fn paths_are_valid_names_between_separators() {
        for path in ["", "a", "a/b", ".a/..b/c", "a b/\u{e4}"] {
            assert!(is_valid_path(path), "{path}");
        }
        for path in ["/", "/a", "a/", "a//b", ".", "a/..", "./a", "a/./b", "../a", "a/\\/b"] {
            assert!(!is_valid_path(path), "{path}");
        }
    }
}
