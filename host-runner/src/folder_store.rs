//! A folder of the host as a [`Store`].
//!
//! The kernel resolves every path below the root (openat2(2) with `RESOLVE_BENEATH`, Linux 5.6), so
//! neither `..` nor a symbolic link leads out of it, even if folders are moved at the same time. Where
//! the file system supports `O_TMPFILE`, an upload has no name until it is committed, so nothing is
//! left behind even if the program is killed. On other file systems it has a reserved name in the
//! root until then; the next start removes what a killed program left there. Uploads are possible only to folders on the root's own file system.

mod leftovers;
mod small_files;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::fs::{FileExt, MetadataExt},
    },
    path::Path,
    rc::Rc,
    time::SystemTime,
    vec,
};

use bareserve::{
    clock::UnixTime,
    entropy::Entropy,
    store::{Commit, Encoding, Entry, Metadata, Store, StoreError, is_valid_name},
};
use heapless::string::StringView;
use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AT_FDCWD, AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2, renameat},
    sys::{stat::Mode, statvfs::fstatvfs},
    unistd::{AccessFlags, UnlinkatFlags, faccessat, linkat, unlinkat},
};

use crate::{entropy::OsEntropy, error::Failure};
use leftovers::UPLOAD_PREFIX;
use small_files::SmallFiles;

/// The one hidden folder that is served: it is meant for clients (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// Files below a root folder.
#[derive(Debug)]
pub struct FolderStore {
    root: OwnedFd,
    is_writable: bool,
    small_files: SmallFiles,
}

/// Bytes read ahead when the caller's buffer is small.
const READ_AHEAD: u64 = 32 * 1024;

/// An open file, with its metadata as of the time it was opened.
#[derive(Debug)]
pub struct OpenFile {
    content: Content,
    metadata: Metadata,
    /// Bytes that were read ahead, from the offset `start` on.
    ahead: Vec<u8>,
    start: u64,
}

#[derive(Debug)]
enum Content {
    OnDisk(File),
    InMemory(Rc<[u8]>),
}

/// The names in a folder that have not been returned yet.
#[derive(Debug)]
pub struct Listing {
    folder: String,
    names: vec::IntoIter<String>,
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
        let store = Self { root: file.into(), is_writable, small_files: SmallFiles::default() };
        if let Err(errno) = store.resolve("", OFlag::O_PATH) {
            return Err(refuse(&format_args!("openat2: {}", errno.desc())));
        }
        if is_writable {
            leftovers::remove(&store.root);
        }
        Ok(store)
    }

    /// Opens `path` below the root.
    fn resolve(&self, path: &str, flags: OFlag) -> nix::Result<OwnedFd> {
        if path.split('/').any(is_hidden) {
            return Err(Errno::ENOENT);
        }
        let path = if path.is_empty() { "." } else { path };
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        openat2(&self.root, path, how)
    }

    /// Reads a small file and caches its content. Returns `None` if the file is too large, or changes
    /// while it is read.
    fn read_small(
        &self,
        path: &str,
        file: &File,
        before: &std::fs::Metadata,
    ) -> Result<Option<Rc<[u8]>>, StoreError> {
        if before.len() > small_files::MAX_SIZE {
            return Ok(None);
        }
        let mut content = vec![0; before.len() as usize];
        let length = read_at(file, 0, &mut content)?;
        let metadata = describe(before);
        let after = file.metadata().map_err(failure)?;
        if length != content.len() || describe(&after) != metadata {
            return Ok(None);
        }
        let content = Rc::from(content);
        self.small_files.insert(path, &after, metadata, &content, SystemTime::now());
        Ok(Some(content))
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
        let folder = self.resolve(folder, OFlag::O_PATH | OFlag::O_DIRECTORY).map_err(refusal)?;
        Ok((folder, name))
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.is_writable { Ok(()) } else { Err(StoreError::ReadOnly) }
    }
}

impl OpenFile {
    /// The bytes read ahead from `offset` on; empty if there are none.
    fn ahead_at(&self, offset: u64) -> &[u8] {
        let skip = offset.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| self.ahead.get(skip..)).unwrap_or_default()
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
        if let Some(cached) = self.small_files.get(&self.root, path) {
            let (content, metadata) = (Content::InMemory(cached.content), cached.metadata);
            return Ok(OpenFile { content, metadata, ahead: Vec::new(), start: 0 });
        }
        // Without O_NONBLOCK, opening a FIFO would block until it has a writer.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = File::from(self.resolve(path, flags).map_err(refusal)?);
        let metadata = file.metadata().map_err(failure)?;
        if metadata.is_dir() {
            return Err(StoreError::IsFolder);
        }
        if !metadata.is_file() {
            return Err(StoreError::Denied);
        }
        let content = match self.read_small(path, &file, &metadata)? {
            Some(content) => Content::InMemory(content),
            None => Content::OnDisk(file),
        };
        Ok(OpenFile { content, metadata: describe(&metadata), ahead: Vec::new(), start: 0 })
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
        let on_disk = match &file.content {
            Content::OnDisk(file) => file,
            Content::InMemory(content) => return Ok(copy_from(content, offset, buffer)),
        };
        let rest = file.metadata.size.saturating_sub(offset);
        if buffer.len() as u64 >= rest.min(READ_AHEAD) {
            return read_at(on_disk, offset, buffer);
        }
        if file.ahead_at(offset).is_empty() {
            file.ahead.resize(rest.min(READ_AHEAD) as usize, 0);
            let length = read_at(on_disk, offset, &mut file.ahead)?;
            file.ahead.truncate(length);
            file.start = offset;
        }
        Ok(copy_from(file.ahead_at(offset), 0, buffer))
    }

    fn list(&self, path: &str) -> Result<Listing, StoreError> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        let folder = self.resolve(path, flags).map_err(refusal)?;
        let mut names = Vec::new();
        for entry in Dir::from_fd(folder).map_err(refusal)? {
            let entry = entry.map_err(refusal)?;
            if let Ok(name) = entry.file_name().to_str()
                && is_valid_name(name)
                && !is_hidden(name)
            {
                names.push(name.to_string());
            }
        }
        names.sort_unstable();
        Ok(Listing { folder: path.to_string(), names: names.into_iter() })
    }

    fn next_entry(
        &self,
        listing: &mut Listing,
        name: &mut StringView,
    ) -> Result<Option<Entry>, StoreError> {
        for candidate in listing.names.by_ref() {
            let path = match listing.folder.as_str() {
                "" => candidate.clone(),
                folder => format!("{folder}/{candidate}"),
            };
            // Skips files that have been removed, links out of the root and names too long for `name`.
            let Ok(file) = self.resolve(&path, OFlag::O_PATH) else { continue };
            let Ok(metadata) = File::from(file).metadata() else { continue };
            if !metadata.is_dir() && !metadata.is_file() {
                continue;
            }
            name.clear();
            if name.push_str(&candidate).is_err() {
                continue;
            }
            let is_folder = metadata.is_dir();
            let size = if is_folder { 0 } else { metadata.len() };
            return Ok(Some(Entry { is_folder, size, modified: Some(modified(&metadata)) }));
        }
        Ok(None)
    }

    fn is_writable(&self) -> bool {
        self.is_writable
    }

    fn create(&self, size: Option<u64>) -> Result<Upload, StoreError> {
        self.writable()?;
        let space = fstatvfs(&self.root).map_err(refusal)?;
        let free = space.blocks_available().saturating_mul(space.fragment_size());
        if size.is_some_and(|size| size > free) {
            return Err(StoreError::Full);
        }
        match open_in(&self.root, ".", OFlag::O_TMPFILE) {
            Ok(file) => Ok(Upload { file, temporary: None }),
            // The file system does not support O_TMPFILE.
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL) => {
                let temporary = TemporaryName::new(&self.root)?;
                let file = open_in(&self.root, &temporary.name, OFlag::O_CREAT | OFlag::O_EXCL)
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
                    let temporary = TemporaryName::new(&self.root)?;
                    leftovers::mark_as_used(&file);
                    give_name(&file, &self.root, &temporary.name).map_err(refusal)?;
                    temporary
                }
                Err(errno) => return Err(refusal(errno)),
            },
        };
        let existing = faccessat(&folder, name, AccessFlags::F_OK, AtFlags::AT_SYMLINK_NOFOLLOW);
        renameat(&self.root, temporary.name.as_str(), &folder, name).map_err(refusal)?;
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

/// Whether files of this name are neither listed, served nor stored: a name that begins with a dot, as
/// those of configuration, version control and unfinished uploads do.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && !matches!(name, "." | ".." | WELL_KNOWN)
}

/// Copies bytes of `content` from `offset` on, and returns how many.
fn copy_from(content: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let rest = content.get(start..).unwrap_or_default();
    let length = rest.len().min(buffer.len());
    buffer[..length].copy_from_slice(&rest[..length]);
    length
}

/// Reads from `offset` on. Returns 0 only at the end of the file.
fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> Result<usize, StoreError> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.map_err(failure),
        }
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

fn describe(metadata: &std::fs::Metadata) -> Metadata {
    // A change of content changes at least one of these.
    let parts = [
        metadata.ino(),
        metadata.len(),
        metadata.mtime() as u64,
        metadata.mtime_nsec() as u64,
        metadata.ctime() as u64,
        metadata.ctime_nsec() as u64,
    ];
    let version = parts.into_iter().fold(0, |hash: u64, part| {
        let mixed = (hash ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    });
    Metadata {
        size: metadata.len(),
        modified: Some(modified(metadata)),
        version,
        content_type: None,
        immutable: false,
    }
}

fn modified(metadata: &std::fs::Metadata) -> UnixTime {
    UnixTime(
        metadata.mtime().saturating_mul(1_000_000).saturating_add(metadata.mtime_nsec() / 1000),
    )
}

fn failure(error: io::Error) -> StoreError {
    error.raw_os_error().map_or(StoreError::Io, |code| refusal(Errno::from_raw(code)))
}

fn refusal(errno: Errno) -> StoreError {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => StoreError::NotFound,
        Errno::EISDIR => StoreError::IsFolder,
        // EXDEV: a link leads out of the root. ELOOP: links form a loop.
        Errno::EACCES | Errno::EPERM | Errno::EXDEV | Errno::ELOOP => StoreError::Denied,
        Errno::EROFS => StoreError::ReadOnly,
        Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG => StoreError::Full,
        Errno::ENAMETOOLONG | Errno::EILSEQ => StoreError::InvalidName,
        _ => StoreError::Io,
    }
}
