//! A store in RAM with the faults that a test sets.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use bareserve::store::{Commit, Encoding, Entry, Metadata, Store, StoreError};

#[derive(Default)]
pub struct MemoryStore {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    pub writable: Cell<bool>,
    /// Bytes that fit, uploads included; `None` for no limit.
    pub capacity: Cell<Option<usize>>,
    /// The most that one read returns.
    pub read_limit: Cell<Option<usize>>,
    /// Reading finds the end of a file here, although its metadata give the full size.
    pub shrunk_to: Cell<Option<u64>>,
    /// Reading fails from this offset.
    pub broken_at: Cell<Option<u64>>,
    /// How often each file is not there yet, and each read of it.
    pub delay: Cell<usize>,
    /// How often that has been so.
    waited: Cell<usize>,
    uploads: Rc<Cell<usize>>,
    reads: Rc<Cell<usize>>,
}

/// An open file.
pub struct File {
    content: Vec<u8>,
    _count: Count,
}

/// A file being received.
pub struct Upload {
    content: Vec<u8>,
    _count: Count,
}

/// Counts open handles, so that a test sees whether all are released.
struct Count(Rc<Cell<usize>>);

impl Count {
    fn new(of: &Rc<Cell<usize>>) -> Self {
        of.set(of.get() + 1);
        Self(of.clone())
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn writable() -> Self {
        let store = Self::default();
        store.writable.set(true);
        store
    }

    pub fn with(self, name: &str, content: &[u8]) -> Self {
        self.put(name, content);
        self
    }

    pub fn put(&self, name: &str, content: &[u8]) {
        self.files.borrow_mut().insert(name.into(), content.into());
    }

    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        self.files.borrow().get(name).cloned()
    }

    pub fn names(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    /// Delays the operation that follows.
    fn wait(&self) -> Result<(), StoreError> {
        let waited = self.waited.get();
        let is_over = waited >= self.delay.get();
        self.waited.set(if is_over { 0 } else { waited + 1 });
        if is_over { Ok(()) } else { Err(StoreError::NotYet) }
    }

    /// Files open for reading, and uploads neither committed nor dropped.
    pub fn open_handles(&self) -> usize {
        self.reads.get() + self.uploads.get()
    }
}

impl Store for MemoryStore {
    type File = File;
    type Listing = ();
    type Upload = Upload;

    fn open(&self, path: &str, encoding: Encoding) -> Result<File, StoreError> {
        assert!(bareserve::store::is_valid_path(path), "a store must not see {path:?}");
        let content = self.content(path).filter(|_| encoding == Encoding::Identity);
        let content = content.ok_or(StoreError::NotFound)?;
        self.wait()?;
        Ok(File { content, _count: Count::new(&self.reads) })
    }

    fn metadata_now(&self, path: &str) -> Result<Metadata, StoreError> {
        let delay = self.delay.replace(0);
        let metadata = self.open(path, Encoding::Identity).map(|file| self.metadata(&file));
        self.delay.set(delay);
        metadata
    }

    fn metadata(&self, file: &File) -> Metadata {
        Metadata {
            size: file.content.len() as u64,
            modified: None,
            version: 0,
            content_type: None,
            immutable: false,
        }
    }

    fn read(&self, file: &mut File, offset: u64, buffer: &mut [u8]) -> Result<usize, StoreError> {
        self.wait()?;
        let broken_at = self.broken_at.get().unwrap_or(u64::MAX);
        if offset >= broken_at {
            return Err(StoreError::Io);
        }
        let end = self.shrunk_to.get().unwrap_or(u64::MAX).min(file.content.len() as u64);
        let end = end.min(broken_at);
        let from = offset.min(end) as usize;
        let limit = self.read_limit.get().unwrap_or(usize::MAX);
        let length = (end as usize - from).min(buffer.len()).min(limit);
        buffer[..length].copy_from_slice(&file.content[from..from + length]);
        Ok(length)
    }

    fn list(&self, _path: &str) -> Result<(), StoreError> {
        Err(StoreError::NotFound)
    }

    fn next_entry(
        &self,
        _listing: &mut (),
        _name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        Ok(None)
    }

    fn is_writable(&self) -> bool {
        self.writable.get()
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        self.files.borrow_mut().remove(path).map(|_| ()).ok_or(StoreError::NotFound)
    }

    fn create(&self, _size: Option<u64>) -> Result<Upload, StoreError> {
        if !self.writable.get() {
            return Err(StoreError::ReadOnly);
        }
        Ok(Upload { content: Vec::new(), _count: Count::new(&self.uploads) })
    }

    fn write(&self, upload: &mut Upload, bytes: &[u8]) -> Result<(), StoreError> {
        let stored: usize = self.files.borrow().values().map(Vec::len).sum();
        let wanted = stored + upload.content.len() + bytes.len();
        if self.capacity.get().is_some_and(|capacity| wanted > capacity) {
            return Err(StoreError::Full);
        }
        upload.content.extend_from_slice(bytes);
        Ok(())
    }

    fn commit(&self, upload: Upload, path: &str) -> Result<Commit, StoreError> {
        assert!(bareserve::store::is_valid_path(path), "a store must not see {path:?}");
        let older = self.files.borrow_mut().insert(path.into(), upload.content.clone());
        Ok(if older.is_some() { Commit::Replaced } else { Commit::Created })
    }
}
