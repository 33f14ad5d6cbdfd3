//! A cache of the contents of small files. One system call verifies that a file is unchanged, where
//! opening, reading and closing it takes four.

use std::{
    cell::RefCell,
    fs::Metadata,
    os::{fd::AsFd, unix::fs::MetadataExt},
    rc::Rc,
    time::{Duration, SystemTime},
};

use nix::{
    fcntl::AtFlags,
    sys::stat::{FileStat, fstatat},
};

/// The size in bytes of the largest file that is cached. With [`CAPACITY`], the cache takes at most
/// 1 MB.
pub const MAX_SIZE: u64 = 16 * 1024;

/// Files that the cache holds.
const CAPACITY: usize = 64;

/// A file is cached only if it has not changed for this long: two changes within the granularity of
/// the timestamps could not be distinguished.
const SETTLE_TIME: Duration = Duration::from_secs(2);

/// A cache of file contents.
#[derive(Debug, Default)]
pub struct SmallFiles(RefCell<Cache>);

#[derive(Debug, Default)]
struct Cache {
    entries: Vec<(String, CachedFile)>,
    /// The entry that is replaced next when the cache is full.
    next: usize,
}

/// A file's content, with the stamp that shows whether it is current.
#[derive(Debug, Clone)]
pub struct CachedFile {
    stamp: Stamp,
    /// The file's metadata.
    pub metadata: bareserve::store::Metadata,
    /// The whole content.
    pub content: Rc<[u8]>,
}

/// Attributes of a file, at least one of which changes with its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl SmallFiles {
    /// Returns the file at `path` below `root`, if it is cached and unchanged. `path` is not confined
    /// to `root` here: a matching stamp proves that it leads to the same file as when it was opened,
    /// which was confined.
    pub fn get(&self, root: impl AsFd, path: &str) -> Option<CachedFile> {
        let cache = self.0.borrow();
        let (_, cached) = cache.entries.iter().find(|(name, _)| name == path)?;
        let now = fstatat(root, path, AtFlags::empty()).ok()?;
        (Stamp::from(&now) == cached.stamp).then(|| cached.clone())
    }

    /// Caches a file, if at `now` it has been unchanged for a while. `file` and `metadata` must have
    /// been read after `content`.
    pub fn insert(
        &self,
        path: &str,
        file: &Metadata,
        metadata: bareserve::store::Metadata,
        content: &Rc<[u8]>,
        now: SystemTime,
    ) {
        let stamp = Stamp::from(file);
        let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let settled = since_1970.saturating_sub(SETTLE_TIME).as_secs() as i64;
        if stamp.modified.0.max(stamp.changed.0) >= settled {
            return;
        }
        let entry = (path.to_string(), CachedFile { stamp, metadata, content: content.clone() });
        let Cache { entries, next } = &mut *self.0.borrow_mut();
        if let Some(existing) = entries.iter_mut().find(|(name, _)| name == path) {
            *existing = entry;
        } else if entries.len() < CAPACITY {
            entries.push(entry);
        } else {
            entries[*next] = entry;
            *next = (*next + 1) % CAPACITY;
        }
    }
}

impl From<&Metadata> for Stamp {
    fn from(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

impl From<&FileStat> for Stamp {
    fn from(file: &FileStat) -> Self {
        Self {
            device: file.st_dev,
            inode: file.st_ino,
            size: file.st_size as u64,
            modified: (file.st_mtime, file.st_mtime_nsec),
            changed: (file.st_ctime, file.st_ctime_nsec),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn caches_a_settled_file_until_it_changes() {
        let folder = std::env::temp_dir().join(format!("bareserve-small-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let root = File::open(&folder).unwrap();
        let path = folder.join("a");
        fs::write(&path, "one").unwrap();
        let small_files = SmallFiles::default();
        let insert = |now| {
            let metadata = bareserve::store::Metadata {
                size: 3,
                modified: None,
                version: 1,
                content_type: None,
                immutable: false,
            };
            let file = fs::metadata(&path).unwrap();
            small_files.insert("a", &file, metadata, &Rc::from(&b"one"[..]), now);
        };
        insert(SystemTime::now());
        assert!(small_files.get(&root, "a").is_none(), "cached before it has settled");
        insert(SystemTime::now() + Duration::from_secs(10));
        assert_eq!(&*small_files.get(&root, "a").unwrap().content, b"one");
        assert!(small_files.get(&root, "b").is_none());
        fs::write(&path, "two").unwrap();
        assert!(small_files.get(&root, "a").is_none(), "stale content of a changed file");
        fs::remove_file(&path).unwrap();
        assert!(small_files.get(&root, "a").is_none(), "content of a removed file");
        fs::remove_dir_all(&folder).unwrap();
    }
}
