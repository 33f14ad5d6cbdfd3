//! Files in flash: a table of constants in the program.
//!
//! `bareserve-bundler` makes the table from a folder, in a build script:
//! ```ignore
//! // build.rs
//! bareserve_bundler::bundle("site".as_ref(), "site.rs")?;
//! // main.rs
//! static SITE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/site.rs")));
//! ```

use super::{
    Encoding, Entry, Metadata, Store, StoreError, first_segment, is_inside, name_offset, set,
};
use crate::wire::media_type;

/// A file in flash.
#[derive(Debug, Clone, Copy)]
pub struct RomFile {
    path: &'static str,
    version: u64,
    identity: &'static [u8],
    gzip: Option<&'static [u8]>,
    content_type: &'static str,
    is_immutable: bool,
}

impl RomFile {
    /// A file at `path`. `version` is a hash of `content`.
    pub const fn new(path: &'static str, version: u64, content: &'static [u8]) -> Self {
        Self {
            path,
            version,
            identity: content,
            gzip: None,
            content_type: media_type::of(path),
            is_immutable: false,
        }
    }

    /// Adds the variant compressed with gzip.
    pub const fn with_gzip(self, content: &'static [u8]) -> Self {
        Self { gzip: Some(content), ..self }
    }

    /// Sets the media type; without this, it follows from the file's name.
    pub const fn with_content_type(self, content_type: &'static str) -> Self {
        Self { content_type, ..self }
    }

    /// Declares that the file's name changes with its content; see [`Metadata::immutable`].
    pub const fn as_immutable(self) -> Self {
        Self { is_immutable: true, ..self }
    }

    fn open(&'static self, encoding: Encoding) -> Result<OpenRomFile, StoreError> {
        let content = match encoding {
            Encoding::Identity => self.identity,
            Encoding::Gzip => self.gzip.ok_or(StoreError::NotFound)?,
        };
        Ok(OpenRomFile { file: self, content })
    }
}

/// A store of files in flash. Folders exist where the paths of files imply them.
///
/// ```
/// use bareserve::store::{Encoding, Store, rom::{RomFile, RomStore}};
///
/// static FILES: [RomFile; 2] =
///     [RomFile::new("docs/a.txt", 1, b"text"), RomFile::new("index.html", 2, b"<p>")];
/// let store = RomStore::new(&FILES);
/// let file = store.open("docs/a.txt", Encoding::Identity)?;
/// assert_eq!(file.content(), b"text");
/// assert!(store.list("docs").is_ok());
/// # Ok::<(), bareserve::store::StoreError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RomStore {
    files: &'static [RomFile],
}

impl RomStore {
    /// A store of `files`. They must be in the order of their paths with `/` before all other
    /// characters, as the bundler writes them: in another order, listings lack entries.
    pub const fn new(files: &'static [RomFile]) -> Self {
        Self { files }
    }

    /// All files, in their order.
    pub const fn files(&self) -> &'static [RomFile] {
        self.files
    }

    /// The files below the folder at `path`, which are adjacent in the table.
    fn inside(&self, path: &str) -> &'static [RomFile] {
        if path.is_empty() {
            return self.files;
        }
        let (_, rest) = split(self.files, path, false);
        split(rest, path, true).0
    }
}

/// Splits `files` at the first one for which "its path is below `folder`" is not `inside`.
#[inline(never)]
fn split<'f>(files: &'f [RomFile], folder: &str, inside: bool) -> (&'f [RomFile], &'f [RomFile]) {
    let end = files.iter().position(|file| is_inside(file.path, folder) != inside);
    files.split_at_checked(end.unwrap_or(files.len())).unwrap_or((files, &[]))
}

/// An open file in flash.
#[derive(Debug, Clone, Copy)]
pub struct OpenRomFile {
    file: &'static RomFile,
    content: &'static [u8],
}

impl OpenRomFile {
    /// All its bytes.
    pub fn content(&self) -> &'static [u8] {
        self.content
    }
}

/// A listing of a folder in flash.
#[derive(Debug, Clone)]
pub struct RomListing {
    rest: &'static [RomFile],
    /// The position of the names in the paths.
    depth: usize,
}

impl Store for RomStore {
    type File = OpenRomFile;
    type Listing = RomListing;
    type Upload = ();

    const CAN_WAIT: bool = false;

    fn open(&self, path: &str, encoding: Encoding) -> Result<OpenRomFile, StoreError> {
        // A program holds few files, and most paths differ in length: faster than a binary search.
        let found = self.files.iter().find(|file| file.path == path);
        let Some(file) = found else {
            let is_folder = path.is_empty() || !self.inside(path).is_empty();
            return Err(if is_folder { StoreError::IsFolder } else { StoreError::NotFound });
        };
        file.open(encoding)
    }

    fn variant(
        &self,
        open: &OpenRomFile,
        _path: &str,
        encoding: Encoding,
    ) -> Result<OpenRomFile, StoreError> {
        open.file.open(encoding)
    }

    fn metadata(&self, open: &OpenRomFile) -> Metadata {
        Metadata {
            size: open.content.len() as u64,
            modified: None,
            version: open.file.version,
            content_type: Some(open.file.content_type),
            immutable: open.file.is_immutable,
        }
    }

    fn read(
        &self,
        open: &mut OpenRomFile,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = open.content.get(offset..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        Ok(length)
    }

    fn list(&self, path: &str) -> Result<RomListing, StoreError> {
        let rest = self.inside(path);
        if rest.is_empty() && !path.is_empty() {
            return Err(StoreError::NotFound);
        }
        Ok(RomListing { rest, depth: name_offset(path) })
    }

    fn next_entry(
        &self,
        listing: &mut RomListing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        while let Some((file, rest)) = listing.rest.split_first() {
            let below = file.path.get(listing.depth..).unwrap_or_default();
            let found = first_segment(below);
            let is_folder = found.len() < below.len();
            listing.rest = rest;
            if is_folder {
                let folder = file.path.get(..listing.depth + found.len()).unwrap_or_default();
                (_, listing.rest) = split(rest, folder, true);
            }
            let size = if is_folder { 0 } else { file.identity.len() as u64 };
            let entry = Entry { is_folder, size, modified: None };
            if set(name, found) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::{string::String, vec::Vec};

    static FILES: [RomFile; 8] = [
        RomFile::new("a/b/deep.txt", 1, b"deep"),
        RomFile::new("a/c.txt", 2, b"c"),
        RomFile::new("a-b", 3, b"dash").as_immutable(),
        RomFile::new("a.txt", 4, b"dot"),
        RomFile::new("index.html", 5, b"<p>").with_gzip(b"gz"),
        RomFile::new("x/1", 6, b""),
        RomFile::new("x/2/a", 7, b"").with_content_type("x/y"),
        RomFile::new("x/2/b", 8, b""),
    ];

    const STORE: RomStore = RomStore::new(&FILES);

    /// The names in a folder that fit `ROOM` bytes, and whether they are folders.
    fn names<const ROOM: usize>(path: &str) -> Result<Vec<(String, bool)>, StoreError> {
        let (mut listing, mut name) = (STORE.list(path)?, heapless::String::<ROOM>::new());
        let mut names = Vec::new();
        while let Some(entry) = STORE.next_entry(&mut listing, &mut name)? {
            names.push((name.as_str().into(), entry.is_folder));
        }
        Ok(names)
    }

    #[test]
    fn opens_each_file_and_nothing_else() {
        for file in &FILES {
            let open = STORE.open(file.path, Encoding::Identity).unwrap();
            assert_eq!(STORE.metadata(&open).version, file.version);
            assert_eq!(open.content(), file.identity);
        }
        for path in ["a/b/deep", "a/b/deep.txt/", "A.TXT", "a/b/deep.txt/x", "b", "x/3", "z"] {
            let error = STORE.open(path, Encoding::Identity).unwrap_err();
            assert_eq!(error, StoreError::NotFound, "{path}");
        }
        for path in ["", "a", "a/b", "x", "x/2"] {
            let error = STORE.open(path, Encoding::Identity).unwrap_err();
            assert_eq!(error, StoreError::IsFolder, "{path}");
        }
    }

    #[test]
    fn variants_and_metadata() {
        let gzipped = STORE.open("index.html", Encoding::Gzip).unwrap();
        assert_eq!((gzipped.content(), STORE.metadata(&gzipped).size), (&b"gz"[..], 2));
        assert_eq!(STORE.open("a.txt", Encoding::Gzip).unwrap_err(), StoreError::NotFound);
        let html = Some("text/html; charset=utf-8");
        assert_eq!(STORE.metadata(&gzipped).content_type, html);
        let dash = STORE.open("a-b", Encoding::Identity).unwrap();
        assert!(STORE.metadata(&dash).immutable);
        let typed = STORE.open("x/2/a", Encoding::Identity).unwrap();
        assert_eq!(STORE.metadata(&typed).content_type, Some("x/y"));
    }

    #[test]
    fn reads_from_any_offset_into_any_room() {
        let mut open = STORE.open("a-b", Encoding::Identity).unwrap();
        for (offset, room, expected) in [
            (0, 9, &b"dash"[..]),
            (1, 2, b"as"),
            (3, 1, b"h"),
            (4, 1, b""),
            (u64::MAX, 1, b""),
            (0, 0, b""),
        ] {
            let mut buffer = [0; 9];
            let length = STORE.read(&mut open, offset, &mut buffer[..room]).unwrap();
            assert_eq!(&buffer[..length], expected);
        }
    }

    #[test]
    fn lists_folders_in_the_order_of_names() {
        let expected = |names: &[(&str, bool)]| -> Result<Vec<(String, bool)>, StoreError> {
            Ok(names.iter().map(|&(name, is_folder)| (name.into(), is_folder)).collect())
        };
        let root =
            [("a", true), ("a-b", false), ("a.txt", false), ("index.html", false), ("x", true)];
        assert_eq!(names::<16>(""), expected(&root));
        assert_eq!(names::<16>("a"), expected(&[("b", true), ("c.txt", false)]));
        assert_eq!(names::<16>("x"), expected(&[("1", false), ("2", true)]));
        assert_eq!(names::<16>("x/2"), expected(&[("a", false), ("b", false)]));
        for path in ["a.txt", "y", "a/", "x/2/a", "x/"] {
            assert_eq!(names::<16>(path), Err(StoreError::NotFound), "{path}");
        }
        // Names longer than four bytes are left out.
        assert_eq!(names::<4>(""), expected(&[("a", true), ("a-b", false), ("x", true)]));
    }
}
