use super::std::{
    borrow::ToOwned,
    cell::RefCell,
    collections::BTreeMap,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    clock::UnixTime,
    store::{Commit, Encoding, Entry, Metadata, Store, StoreError},
};

/// Files in a map. A file `x.gz` is also the gzip variant of `x`.
#[derive(Clone, Default)]
pub struct MemoryStore(Rc<RefCell<BTreeMap<String, Content>>>);

#[derive(Clone)]
struct Content {
    bytes: Rc<Vec<u8>>,
    version: u64,
}

pub struct File {
    content: Content,
    immutable: bool,
}

pub struct Upload {
    bytes: Vec<u8>,
}

/// When every file was last changed: 2023-11-14 00:00:00 UTC.
pub const MODIFIED: i64 = 1_699_920_000;

impl MemoryStore {
    /// `index.html`, `hello.txt` and so on.
    pub fn sample() -> Self {
        let store = Self::default();
        for (path, content) in [
            ("index.html", "<h1>Hello</h1>\n"),
            ("hello.txt", "Hello, world!\n"),
            ("digits.bin", "0123456789"),
            ("script.js", "console.log('not compressed')\n"),
            ("script.js.gz", "compressed\n"),
            ("a b/\u{e4}.html", "umlaut\n"),
            ("folder/index.html", "index of folder\n"),
            ("plain/x<y.txt", "x\n"),
            ("plain/sub/y.txt", "y\n"),
            ("immutable.css", "a{}"),
            ("empty", ""),
        ] {
            store.put(path, content.as_bytes());
        }
        store
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        let mut files = self.0.borrow_mut();
        let version = files.values().map(|content| content.version).max().unwrap_or(0) + 1;
        files.insert(path.to_owned(), Content { bytes: Rc::new(bytes.to_vec()), version });
    }

    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        self.0.borrow().get(path).map(|content| content.bytes.to_vec())
    }

    fn is_folder(&self, path: &str) -> bool {
        let prefix = if path.is_empty() { String::new() } else { path.to_string() + "/" };
        self.0.borrow().keys().any(|key| key.starts_with(&prefix))
    }
}

impl Store for MemoryStore {
    type File = File;
    type Listing = (String, Vec<(String, Entry)>);
    type Upload = Upload;

    fn open(&self, path: &str, encoding: Encoding) -> Result<File, StoreError> {
        assert!(crate::store::is_valid_path(path), "{path:?}");
        let name = match encoding {
            Encoding::Identity => path.to_owned(),
            Encoding::Gzip => path.to_owned() + ".gz",
        };
        match self.0.borrow().get(&name) {
            Some(content) => {
                Ok(File { content: content.clone(), immutable: path.starts_with("immutable") })
            }
            None if self.is_folder(path) && encoding == Encoding::Identity => {
                Err(StoreError::IsFolder)
            }
            None => Err(StoreError::NotFound),
        }
    }

    fn metadata(&self, file: &File) -> Metadata {
        Metadata {
            size: file.content.bytes.len() as u64,
            modified: Some(UnixTime(MODIFIED * 1_000_000)),
            version: file.content.version,
            content_type: None,
            immutable: file.immutable,
        }
    }

    fn read(&self, file: &mut File, offset: u64, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let rest = file.content.bytes.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn list(&self, path: &str) -> Result<Self::Listing, StoreError> {
        if !self.is_folder(path) {
            return Err(StoreError::NotFound);
        }
        let prefix = if path.is_empty() { String::new() } else { path.to_string() + "/" };
        let mut entries = BTreeMap::new();
        for (key, content) in self.0.borrow().iter() {
            let Some(rest) = key.strip_prefix(&prefix) else { continue };
            let (name, is_folder) = match rest.split_once('/') {
                Some((name, _)) => (name, true),
                None => (rest, false),
            };
            let size = if is_folder { 0 } else { content.bytes.len() as u64 };
            let entry = Entry { is_folder, size, modified: None };
            entries.insert(name.to_owned(), entry);
        }
        Ok((prefix, entries.into_iter().rev().collect()))
    }

    fn next_entry(
        &self,
        listing: &mut Self::Listing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        while let Some((found, entry)) = listing.1.pop() {
            name.clear();
            if name.push_str(&found).is_ok() {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn is_writable(&self) -> bool {
        true
    }

    fn create(&self, _size: Option<u64>) -> Result<Upload, StoreError> {
        Ok(Upload { bytes: Vec::new() })
    }

    fn write(&self, upload: &mut Upload, bytes: &[u8]) -> Result<(), StoreError> {
        if upload.bytes.len() + bytes.len() > 1 << 20 {
            return Err(StoreError::Full);
        }
        upload.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn commit(&self, upload: Upload, path: &str) -> Result<Commit, StoreError> {
        assert!(crate::store::is_valid_path(path), "{path:?}");
        if self.is_folder(path) {
            return Err(StoreError::IsFolder);
        }
        let existed = self.get(path).is_some();
        self.put(path, &upload.bytes);
        Ok(if existed { Commit::Replaced } else { Commit::Created })
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        if self.is_folder(path) {
            return Err(StoreError::IsFolder);
        }
        self.0.borrow_mut().remove(path).map(|_| ()).ok_or(StoreError::NotFound)
    }
}
