//! The contents of small files, kept while they stay as they are: one system call tells, where
//! opening, reading and closing takes four.

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

/// Longer files are not kept. With [`PLACES`], the most memory this takes is 1 MB.
pub const LONGEST: u64 = 16 * 1024;

const PLACES: usize = 64;

/// Two changes in so short a time may carry the same date: a file is kept only after that.
const SETTLED: Duration = Duration::from_secs(2);

/// A cache of file contents.
#[derive(Debug, Default)]
pub struct SmallFiles(RefCell<Places>);

#[derive(Debug, Default)]
struct Places {
    places: Vec<(String, Kept)>,
    /// The place that a newcomer takes when there is no free one.
    next: usize,
}

/// A file's content, and how to tell whether it still is.
#[derive(Debug, Clone)]
pub struct Kept {
    stamp: Stamp,
    /// What is known of the file.
    pub metadata: bareserve::store::Metadata,
    /// All of it.
    pub content: Rc<[u8]>,
}

/// What changes whenever a file's content does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl SmallFiles {
    /// The file at `path` below `root`, if it is kept and has not changed. That `path` stays below
    /// `root` was seen when the file was opened; the same file is no secret now.
    pub fn find(&self, root: impl AsFd, path: &str) -> Option<Kept> {
        let places = self.0.borrow();
        let (_, kept) = places.places.iter().find(|(name, _)| name == path)?;
        let now = fstatat(root, path, AtFlags::empty()).ok()?;
        (Stamp::from(&now) == kept.stamp).then(|| kept.clone())
    }

    /// Keeps a file, if by `now` it has been left alone for a while. `file` and `metadata` were read
    /// after `content`.
    pub fn keep(
        &self,
        path: &str,
        file: &Metadata,
        metadata: bareserve::store::Metadata,
        content: &Rc<[u8]>,
        now: SystemTime,
    ) {
        let stamp = Stamp::from(file);
        let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let settled = since_1970.saturating_sub(SETTLED).as_secs() as i64;
        if stamp.modified.0.max(stamp.changed.0) >= settled {
            return;
        }
        let entry = (path.to_string(), Kept { stamp, metadata, content: content.clone() });
        let Places { places, next } = &mut *self.0.borrow_mut();
        if let Some(place) = places.iter_mut().find(|(name, _)| name == path) {
            *place = entry;
        } else if places.len() < PLACES {
            places.push(entry);
        } else {
            places[*next] = entry;
            *next = (*next + 1) % PLACES;
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
    fn keeps_a_settled_file_until_it_changes() {
        let folder = std::env::temp_dir().join(format!("bareserve-small-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let root = File::open(&folder).unwrap();
        let path = folder.join("a");
        fs::write(&path, "one").unwrap();
        let small_files = SmallFiles::default();
        let keep = |now| {
            let metadata = bareserve::store::Metadata {
                size: 3,
                modified: None,
                version: 1,
                content_type: None,
                immutable: false,
            };
            let file = fs::metadata(&path).unwrap();
            small_files.keep("a", &file, metadata, &Rc::from(&b"one"[..]), now);
        };
        keep(SystemTime::now());
        assert!(small_files.find(&root, "a").is_none(), "kept though it may change unnoticed");
        keep(SystemTime::now() + Duration::from_secs(10));
        assert_eq!(&*small_files.find(&root, "a").unwrap().content, b"one");
        assert!(small_files.find(&root, "b").is_none());
        fs::write(&path, "two").unwrap();
        assert!(small_files.find(&root, "a").is_none(), "the old content of a changed file");
        fs::remove_file(&path).unwrap();
        assert!(small_files.find(&root, "a").is_none(), "the content of a file that is gone");
        fs::remove_dir_all(&folder).unwrap();
    }
}
