//! An open file: in memory, in the page cache, or on a medium that a worker reads.

use std::{fs::File, io, rc::Rc, sync::Arc};

use bareserve::store::{Metadata, StoreError};
use nix::fcntl::OFlag;

use super::{
    attributes::{describe, failure, refusal},
    resolve::{Root, read_at, read_cached},
    small_files,
    workers::{Pending, Workers},
};

/// Bytes read ahead when the caller's buffer is small.
const READ_AHEAD: u64 = 32 * 1024;

/// Bytes that a worker reads at once.
const WORKER_READ: u64 = 128 * 1024;

/// An open file, with its metadata as of the time it was opened.
#[derive(Debug)]
pub struct OpenFile {
    content: Content,
    pub metadata: Metadata,
    /// Bytes that were read ahead, from the offset `start` on.
    ahead: Vec<u8>,
    start: u64,
    /// What a worker reads, and from which offset on.
    pending: Option<(u64, Pending<io::Result<Vec<u8>>>)>,
}

#[derive(Debug)]
enum Content {
    OnDisk(DiskFile),
    InMemory(Rc<[u8]>),
}

/// A file that workers read, too.
#[derive(Debug)]
struct DiskFile {
    file: Option<Arc<File>>,
    /// What closes it, if closing may wait for the medium.
    closer: Option<Workers>,
}

/// A file as it was found.
#[derive(Debug)]
pub struct Opened {
    /// Closed already, if its content is in `small`.
    file: Option<File>,
    pub metadata: std::fs::Metadata,
    /// The content of a small file, with the metadata after it was read.
    pub small: Option<(Vec<u8>, std::fs::Metadata)>,
}

impl Opened {
    /// Checks that `file` is a regular one, and reads it with `read` if it is small.
    pub fn new(
        file: File,
        read: impl Fn(&File, u64, &mut [u8]) -> Option<usize>,
    ) -> Result<Self, StoreError> {
        let metadata = file.metadata().map_err(failure)?;
        if metadata.is_dir() {
            return Err(StoreError::IsFolder);
        }
        if !metadata.is_file() {
            return Err(StoreError::Denied);
        }
        let mut small = None;
        if metadata.len() <= small_files::MAX_SIZE {
            let mut content = vec![0; metadata.len() as usize];
            let length = read(&file, 0, &mut content);
            let after = file.metadata().map_err(failure)?;
            // Not if it changes while it is read.
            if length == Some(content.len()) && describe(&after) == describe(&metadata) {
                small = Some((content, after));
            }
        }
        let file = Some(file).filter(|_| small.is_none());
        Ok(Self { file, metadata, small })
    }

    /// Takes the open file, unless its content is in `small`.
    pub fn take_file(&mut self) -> Option<File> {
        self.file.take()
    }

    /// Opens the file at `path`, which may wait for the medium.
    pub fn find(root: &Root, path: &str) -> Result<Self, StoreError> {
        // Without O_NONBLOCK, opening a FIFO would block until it has a writer.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = root.resolve(path, flags).map_err(refusal)?;
        Self::new(file.into(), |file, offset, buffer| read_at(file, offset, buffer).ok())
    }
}

impl Drop for DiskFile {
    fn drop(&mut self) {
        if let (Some(file), Some(workers)) = (self.file.take(), &self.closer) {
            drop(workers.start(move || drop(file)));
        }
    }
}

impl OpenFile {
    /// A file whose content is known.
    pub fn in_memory(content: Rc<[u8]>, metadata: Metadata) -> Self {
        Self::new(Content::InMemory(content), metadata)
    }

    /// A file that is read piece by piece. Workers close it, if `closer` is given, as closing may wait for
    /// the medium.
    pub fn on_disk(file: Option<File>, metadata: Metadata, closer: Option<Workers>) -> Self {
        Self::new(Content::OnDisk(DiskFile { file: file.map(Arc::new), closer }), metadata)
    }

    fn new(content: Content, metadata: Metadata) -> Self {
        Self { content, metadata, ahead: Vec::new(), start: 0, pending: None }
    }

    /// Copies bytes from `offset` on into `buffer`, as [`bareserve::store::Store::read`].
    pub fn read(
        &mut self,
        workers: &Workers,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        let on_disk = match &self.content {
            Content::OnDisk(on_disk) => on_disk.file.clone().ok_or(StoreError::Io)?,
            Content::InMemory(content) => return Ok(copy_from(content, offset, buffer)),
        };
        if let Some((start, pending)) = &self.pending {
            let read = pending.take().ok_or(StoreError::NotYet)?;
            self.start = *start;
            self.pending = None;
            self.ahead = read.map_err(failure)?;
            if self.ahead.is_empty() {
                return Ok(0);
            }
        }
        let ahead = self.ahead_at(offset);
        if !ahead.is_empty() {
            return Ok(copy_from(ahead, 0, buffer));
        }
        if let Some(length) = self.read_cached(offset, buffer) {
            return Ok(length);
        }
        let rest = self.metadata.size.saturating_sub(offset).max(1);
        let read = move || {
            let mut bytes = vec![0; rest.min(WORKER_READ) as usize];
            let length = read_at(&on_disk, offset, &mut bytes)?;
            bytes.truncate(length);
            Ok(bytes)
        };
        self.pending = Some((offset, workers.start(read)));
        Err(StoreError::NotYet)
    }

    /// Reads what is at hand: read ahead, or in the page cache.
    fn read_cached(&mut self, offset: u64, buffer: &mut [u8]) -> Option<usize> {
        let Content::OnDisk(DiskFile { file: Some(file), .. }) = &self.content else { return None };
        let rest = self.metadata.size.saturating_sub(offset);
        if buffer.len() as u64 >= rest.min(READ_AHEAD) {
            return read_cached(file, offset, buffer);
        }
        self.ahead.resize(rest.min(READ_AHEAD) as usize, 0);
        let length = read_cached(file, offset, &mut self.ahead);
        self.ahead.truncate(length.unwrap_or(0));
        self.start = offset;
        Some(copy_from(&self.ahead, 0, buffer)).filter(|_| length.is_some())
    }

    /// The bytes read ahead from `offset` on; empty if there are none.
    fn ahead_at(&self, offset: u64) -> &[u8] {
        let skip = offset.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| self.ahead.get(skip..)).unwrap_or_default()
    }
}

/// Copies bytes of `content` from `offset` on, and returns how many.
fn copy_from(content: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let rest = content.get(start..).unwrap_or_default();
    let length = rest.len().min(buffer.len());
    buffer[..length].copy_from_slice(&rest[..length]);
    length
}
