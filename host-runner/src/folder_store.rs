//! A folder of the host as a [`Store`].
//!
//! The kernel resolves every path below the root (openat2(2) with `RESOLVE_BENEATH`, Linux 5.6), so
//! neither `..` nor a symbolic link leads out of it, even if folders are moved at the same time. Where
//! the file system supports `O_TMPFILE`, an upload has no name until it is committed, so nothing is
//! left behind even if the program is killed. On other file systems it has a reserved name in the
//! root until then; the next start removes what a killed program left there. Uploads are possible only
//! to folders on the root's own file system.
//!
//! What is in the kernel's caches is read at once, the rest by [`workers`]. Writing waits for the medium.

mod attributes;
mod entries;
mod leftovers;
mod open_file;
mod requests;
mod resolve;
mod small_files;
#[cfg(test)]
mod tests;
pub mod workers;

use std::{
    fs::File,
    io::Write,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
    rc::Rc,
    sync::Arc,
    time::SystemTime,
};

use bareserve::{
    entropy::Entropy,
    store::{Commit, Encoding, Entry, Metadata, Store, StoreError, is_valid_name},
};
use heapless::string::StringView;
use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, AtFlags, OFlag, openat, renameat},
    sys::{stat::Mode, statvfs::fstatvfs},
    unistd::{AccessFlags, UnlinkatFlags, faccessat, linkat, unlinkat},
};

use crate::{entropy::OsEntropy, error::Failure};
use attributes::{describe, failure, refusal};
use entries::{Listing, entries};
use leftovers::UPLOAD_PREFIX;
use open_file::{OpenFile, Opened};
use requests::Requests;
use resolve::{Root, is_hidden, read_cached};
use small_files::SmallFiles;
use workers::Workers;

/// Files below a root folder.
#[derive(Debug)]
pub struct FolderStore {
    root: Arc<Root>,
    is_writable: bool,
    small_files: SmallFiles,
    workers: Workers,
    files: Requests<Result<Opened, StoreError>>,
    listings: Requests<Result<Vec<(String, Entry)>, StoreError>>,
}

/// An upload in progress.
#[derive(Debug)]
pub struct Upload {
    file: File,
    temporary: Option<TemporaryName>,
}

/// A reserved name in the root folder. The file is removed when this is dropped.
#[derive(Debug)]
struct TemporaryName {
    folder: OwnedFd,
    name: String,
}

impl FolderStore {
    /// Opens the folder `root`. `flag` is the command-line flag that named it, for error messages.
    pub fn open(root: &Path, is_writable: bool, flag: &str) -> Result<Self, Failure> {
        let refuse = |error: &dyn std::fmt::Display| {
            Failure(format!(
                "the folder {} cannot be used: {error}: give another with {flag}",
                root.display()
            ))
        };
        let file = File::open(root).map_err(|error| refuse(&error))?;
        if !file.metadata().map_err(|error| refuse(&error))?.is_dir() {
            return Err(refuse(&"not a folder"));
        }
        let store = Self {
            root: Arc::new(Root::new(file.into())),
            is_writable,
            small_files: SmallFiles::default(),
            workers: Workers::new()?,
            files: Requests::default(),
            listings: Requests::default(),
        };
        if let Err(errno) = store.root.resolve("", OFlag::O_PATH) {
            return Err(refuse(&format_args!("openat2: {}", errno.desc())));
        }
        if is_writable {
            leftovers::remove(&store.root.folder);
        }
        Ok(store)
    }

    /// The workers, whose descriptor is readable when what was not there yet is there.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Opens a file whose path and metadata the kernel has in its caches.
    fn open_cached(&self, path: &str) -> Option<Result<Opened, StoreError>> {
        if self.files.has(path) {
            return None;
        }
        Some(match self.root.resolve_cached(path)? {
            Ok(file) => Opened::new(file.into(), read_cached),
            Err(errno) => Err(refusal(errno)),
        })
    }

    /// The open file for a client. The content of a small file is cached.
    fn finish(&self, path: &str, mut opened: Opened) -> OpenFile {
        let metadata = describe(&opened.metadata);
        let is_local = self.root.has(&opened.metadata);
        let Some((content, after)) = opened.small.take() else {
            let closer = Some(&self.workers).filter(|_| !is_local).cloned();
            return OpenFile::on_disk(opened.take_file(), metadata, closer);
        };
        let content = Rc::from(content);
        if is_local {
            self.small_files.insert(path, &after, metadata, &content, SystemTime::now());
        }
        OpenFile::in_memory(content, metadata)
    }

    /// Opens the folder that contains `path`, and returns it with the last segment of the path.
    fn parent<'p>(&self, path: &'p str) -> Result<(OwnedFd, &'p str), StoreError> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() {
            return Err(StoreError::IsFolder);
        }
        if !is_valid_name(name) || is_hidden(name) {
            return Err(StoreError::InvalidName);
        }
        let folder =
            self.root.resolve(folder, OFlag::O_PATH | OFlag::O_DIRECTORY).map_err(refusal)?;
        Ok((folder, name))
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.is_writable { Ok(()) } else { Err(StoreError::ReadOnly) }
    }
}

impl Store for FolderStore {
    type File = OpenFile;
    type Listing = Listing;
    type Upload = Upload;

    fn open(&self, path: &str, encoding: Encoding) -> Result<OpenFile, StoreError> {
        if encoding != Encoding::Identity {
            return Err(StoreError::NotFound);
        }
        if let Some(cached) = self.small_files.get(&self.root.folder, path) {
            return Ok(OpenFile::in_memory(cached.content, cached.metadata));
        }
        if let Some(opened) = self.open_cached(path) {
            return Ok(self.finish(path, opened?));
        }
        let (root, owned) = (self.root.clone(), path.to_string());
        let opened = self.files.take(&self.workers, path, move || Opened::find(&root, &owned))?;
        Ok(self.finish(path, opened?))
    }

    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        let file = self.root.resolve(path, OFlag::O_PATH).map_err(refusal)?;
        let metadata = File::from(file).metadata().map_err(failure)?;
        match metadata.is_dir() {
            true => Err(StoreError::IsFolder),
            false => Ok(describe(&metadata)),
        }
    }

    fn metadata(&self, file: &OpenFile) -> Metadata {
        file.metadata
    }

    fn read(
        &self,
        file: &mut OpenFile,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        file.read(&self.workers, offset, buffer)
    }

    fn list(&self, path: &str) -> Result<Listing, StoreError> {
        let (root, owned) = (self.root.clone(), path.to_string());
        let entries = self.listings.take(&self.workers, path, move || entries(&root, &owned))?;
        Ok(Listing(entries?.into_iter()))
    }

    fn next_entry(
        &self,
        listing: &mut Listing,
        name: &mut StringView,
    ) -> Result<Option<Entry>, StoreError> {
        for (found, entry) in listing.0.by_ref() {
            name.clear();
            // Skips names that are too long for `name`.
            if name.push_str(&found).is_ok() {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn is_writable(&self) -> bool {
        self.is_writable
    }

    fn create(&self, size: Option<u64>) -> Result<Upload, StoreError> {
        self.writable()?;
        let space = fstatvfs(&self.root.folder).map_err(refusal)?;
        let free = space.blocks_available().saturating_mul(space.fragment_size());
        if size.is_some_and(|size| size > free) {
            return Err(StoreError::Full);
        }
        match open_in(&self.root.folder, ".", OFlag::O_TMPFILE) {
            Ok(file) => Ok(Upload { file, temporary: None }),
            // The file system does not support O_TMPFILE.
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL) => {
                let temporary = TemporaryName::new(&self.root.folder)?;
                let file =
                    open_in(&self.root.folder, &temporary.name, OFlag::O_CREAT | OFlag::O_EXCL)
                        .map_err(refusal)?;
                leftovers::mark_as_used(&file);
                Ok(Upload { file, temporary: Some(temporary) })
            }
            Err(errno) => Err(refusal(errno)),
        }
    }

    fn write(&self, upload: &mut Upload, bytes: &[u8]) -> Result<(), StoreError> {
        upload.file.write_all(bytes).map_err(failure)
    }

    fn commit(&self, upload: Upload, path: &str) -> Result<Commit, StoreError> {
        let Upload { file, temporary } = upload;
        let (folder, name) = self.parent(path)?;
        let temporary = match temporary {
            Some(temporary) => temporary,
            None => match give_name(&file, &folder, name) {
                Ok(()) => return Ok(Commit::Created),
                Err(Errno::EEXIST) => {
                    let temporary = TemporaryName::new(&self.root.folder)?;
                    leftovers::mark_as_used(&file);
                    give_name(&file, &self.root.folder, &temporary.name).map_err(refusal)?;
                    temporary
                }
                Err(errno) => return Err(refusal(errno)),
            },
        };
        let existing = faccessat(&folder, name, AccessFlags::F_OK, AtFlags::AT_SYMLINK_NOFOLLOW);
        renameat(&self.root.folder, temporary.name.as_str(), &folder, name).map_err(refusal)?;
        Ok(if existing.is_err() { Commit::Created } else { Commit::Replaced })
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        self.writable()?;
        let (folder, name) = self.parent(path)?;
        unlinkat(&folder, name, UnlinkatFlags::NoRemoveDir).map_err(refusal)
    }
}

impl TemporaryName {
    fn new(folder: &OwnedFd) -> Result<Self, StoreError> {
        let name = format!("{UPLOAD_PREFIX}{:016x}", OsEntropy.next_u64());
        Ok(Self { folder: folder.try_clone().map_err(failure)?, name })
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        // After a commit the file has its final name, and this fails.
        let _ = unlinkat(&self.folder, self.name.as_str(), UnlinkatFlags::NoRemoveDir);
    }
}

/// Creates a file in a folder, for writing.
fn open_in(folder: &OwnedFd, name: &str, flags: OFlag) -> nix::Result<File> {
    let mode = Mode::from_bits_truncate(0o666);
    let flags = flags | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    openat(folder, name, flags, mode).map(File::from)
}

/// Links an unnamed file into a folder. Fails if the name exists.
fn give_name(file: &File, folder: &OwnedFd, name: &str) -> nix::Result<()> {
    let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    linkat(AT_FDCWD, path.as_str(), folder, name, AtFlags::AT_SYMLINK_FOLLOW)
}
