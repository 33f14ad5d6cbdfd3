use std::{
    env, fs,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

/// A temporary folder that contains a folder `root`; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("host-runner-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("root/inner")).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn store(&self) -> FolderStore {
        FolderStore::open(&self.path("root"), true, "--root").unwrap()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(store: &FolderStore, path: &str, encoding: Encoding) -> Result<OpenFile, StoreError> {
    at_last(store, || store.open(path, encoding))
}

fn list(store: &FolderStore, path: &str) -> Result<Listing, StoreError> {
    at_last(store, || store.list(path))
}

fn read(
    store: &FolderStore,
    file: &mut OpenFile,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, StoreError> {
    at_last(store, || store.read(file, offset, buffer))
}

/// Asks until the workers have the answer.
fn at_last<T>(
    store: &FolderStore,
    mut ask: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        match ask() {
            Err(StoreError::NotYet) => store.workers().wait(),
            result => return result,
        }
    }
}

fn content(store: &FolderStore, path: &str) -> Result<Vec<u8>, StoreError> {
    let mut file = open(store, path, Encoding::Identity)?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 7];
    loop {
        match read(store, &mut file, bytes.len() as u64, &mut buffer)? {
            0 => return Ok(bytes),
            length => bytes.extend_from_slice(&buffer[..length]),
        }
    }
}

fn upload(store: &FolderStore, path: &str, bytes: &[u8]) -> Result<Commit, StoreError> {
    let mut upload = store.create(Some(bytes.len() as u64))?;
    store.write(&mut upload, bytes)?;
    store.commit(upload, path)
}

fn listed(store: &FolderStore, path: &str) -> Vec<(String, bool, u64)> {
    let mut listing = list(store, path).unwrap();
    let mut name = heapless::String::<16>::new();
    let mut entries = Vec::new();
    while let Some(entry) = store.next_entry(&mut listing, &mut name).unwrap() {
        entries.push((name.to_string(), entry.is_folder, entry.size));
    }
    entries
}

#[test]
fn opens_and_reads_files() {
    let folder = Folder::new();
    folder.write("root/a.txt", b"hello, file");
    folder.write("root/inner/b", b"");
    let store = folder.store();
    assert_eq!(content(&store, "a.txt"), Ok(b"hello, file".to_vec()));
    assert_eq!(content(&store, "inner/b"), Ok(Vec::new()));
    let file = open(&store, "a.txt", Encoding::Identity).unwrap();
    let metadata = store.metadata(&file);
    assert_eq!(metadata.size, 11);
    assert!(metadata.modified.is_some_and(|time| time.seconds() > 1_700_000_000));
    let try_open = |path| open(&store, path, Encoding::Identity).map(drop);
    assert_eq!(try_open("b"), Err(StoreError::NotFound));
    assert_eq!(try_open("a.txt/x"), Err(StoreError::NotFound));
    assert_eq!(try_open("inner"), Err(StoreError::IsFolder));
    assert_eq!(try_open(""), Err(StoreError::IsFolder));
    assert_eq!(try_open(&"x".repeat(300)), Err(StoreError::InvalidName));
    assert_eq!(open(&store, "a.txt", Encoding::Gzip).map(drop), Err(StoreError::NotFound));
}

#[test]
fn hidden_files_do_not_exist() {
    let folder = Folder::new();
    let store = folder.store();
    fs::create_dir_all(folder.path("root/.git")).unwrap();
    fs::create_dir_all(folder.path("root/.well-known")).unwrap();
    for name in [".env", ".git/config", "inner/.env", ".well-known/security.txt", "shown"] {
        folder.write(&format!("root/{name}"), b"x");
    }
    for path in [".env", ".git/config", "inner/.env", "inner/../.env"] {
        assert!(matches!(content(&store, path), Err(StoreError::NotFound)), "{path}");
        assert!(upload(&store, path, b"y").is_err(), "{path}");
        assert!(store.remove(path).is_err(), "{path}");
    }
    assert!(list(&store, ".git").is_err());
    assert_eq!(content(&store, ".well-known/security.txt"), Ok(b"x".to_vec()));
    let names = listed(&store, "").into_iter().map(|(name, ..)| name).collect::<Vec<_>>();
    assert_eq!(names, [".well-known", "inner", "shown"]);
    assert_eq!(listed(&store, "inner"), []);
}

#[test]
fn special_files_are_denied_without_blocking() {
    let folder = Folder::new();
    nix::unistd::mkfifo(&folder.path("root/fifo"), Mode::S_IRWXU).unwrap();
    let store = folder.store();
    assert_eq!(open(&store, "fifo", Encoding::Identity).map(drop), Err(StoreError::Denied));
    assert_eq!(listed(&store, ""), [("inner".to_string(), true, 0)]);
}

#[test]
fn paths_are_confined_to_the_root() {
    let folder = Folder::new();
    folder.write("secret", b"secret");
    folder.write("root/open", b"open");
    symlink("../secret", folder.path("root/file")).unwrap();
    symlink(folder.path("secret"), folder.path("root/absolute")).unwrap();
    symlink("..", folder.path("root/up")).unwrap();
    symlink("/proc/self/root", folder.path("root/magic")).unwrap();
    symlink("circle", folder.path("root/circle")).unwrap();
    symlink("../open", folder.path("root/inner/within")).unwrap();
    let store = folder.store();
    for path in ["file", "absolute", "up/secret", "magic/etc/passwd", "circle", "../secret"] {
        assert_eq!(
            open(&store, path, Encoding::Identity).map(drop),
            Err(StoreError::Denied),
            "{path}"
        );
    }
    assert_eq!(content(&store, "inner/within"), Ok(b"open".to_vec()));
    let names: Vec<_> = listed(&store, "").into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["inner", "open"]);
    assert_eq!(upload(&store, "up/new", b"x"), Err(StoreError::Denied));
    assert_eq!(store.remove("up/secret"), Err(StoreError::Denied));
    // Replacing or removing a link affects the link, not its target.
    assert_eq!(upload(&store, "file", b"new"), Ok(Commit::Replaced));
    assert_eq!(store.remove("absolute"), Ok(()));
    assert_eq!(fs::read(folder.path("secret")).unwrap(), b"secret");
    assert_eq!(folder.names(""), ["root", "secret"]);
}

#[test]
fn listings_are_sorted_by_name() {
    let folder = Folder::new();
    folder.write("root/b", b"12");
    folder.write("root/a", b"1");
    folder.write("root/a name of over 16 bytes", b"");
    folder.write("root/back\\slash", b"");
    folder.write("root/.bareserve-upload-1", b"");
    let store = folder.store();
    let expected = [("a", false, 1), ("b", false, 2), ("inner", true, 0)]
        .map(|(name, is_folder, size)| (name.to_string(), is_folder, size));
    assert_eq!(listed(&store, ""), expected);
    assert_eq!(list(&store, "nothing").map(drop).unwrap_err(), StoreError::NotFound);
    assert_eq!(list(&store, "a").map(drop).unwrap_err(), StoreError::NotFound);
}

#[test]
fn truncated_file_reads_end_early() {
    let folder = Folder::new();
    folder.write("root/a", &[7; 200_000]);
    let store = folder.store();
    let mut file = open(&store, "a", Encoding::Identity).unwrap();
    let mut buffer = vec![0; 200_000];
    assert_eq!(read(&store, &mut file, 0, &mut buffer[..100]), Ok(100));
    fs::OpenOptions::new().write(true).open(folder.path("root/a")).unwrap().set_len(50).unwrap();
    assert_eq!(store.metadata(&file).size, 200_000);
    assert_eq!(read(&store, &mut file, 150_000, &mut buffer), Ok(0));
    assert_eq!(read(&store, &mut file, 1 << 40, &mut buffer), Ok(0));
}

#[test]
fn version_changes_with_the_content() {
    let folder = Folder::new();
    folder.write("root/a", b"1");
    let store = folder.store();
    let version = || store.metadata(&open(&store, "a", Encoding::Identity).unwrap()).version;
    let before = version();
    assert_eq!(version(), before);
    upload(&store, "a", b"2").unwrap();
    assert_ne!(version(), before);
}

#[test]
fn upload_is_visible_only_when_complete() {
    let folder = Folder::new();
    let store = folder.store();
    let mut pending = store.create(None).unwrap();
    store.write(&mut pending, b"first ").unwrap();
    assert_eq!(listed(&store, "").len(), 1);
    store.write(&mut pending, b"second").unwrap();
    assert_eq!(store.commit(pending, "inner/new"), Ok(Commit::Created));
    assert_eq!(content(&store, "inner/new"), Ok(b"first second".to_vec()));
    assert_eq!(upload(&store, "inner/new", b"third"), Ok(Commit::Replaced));
    assert_eq!(content(&store, "inner/new"), Ok(b"third".to_vec()));
    let mut dropped = store.create(Some(5)).unwrap();
    store.write(&mut dropped, b"half").unwrap();
    drop(dropped);
    assert_eq!(folder.names("root"), ["inner"]);
    assert_eq!(folder.names("root/inner"), ["new"]);
}

/// The path for file systems without `O_TMPFILE`.
#[test]
fn named_upload_behaves_the_same() {
    let folder = Folder::new();
    let store = folder.store();
    let begin = || {
        let temporary = TemporaryName::new(&store.root.folder).unwrap();
        let flags = OFlag::O_CREAT | OFlag::O_EXCL;
        let file = open_in(&store.root.folder, &temporary.name, flags).unwrap();
        Upload { file, temporary: Some(temporary) }
    };
    let mut upload = begin();
    store.write(&mut upload, b"x").unwrap();
    let name = upload.temporary.as_ref().unwrap().name.clone();
    assert_eq!(folder.names("root"), [name.as_str(), "inner"]);
    assert_eq!(open(&store, &name, Encoding::Identity).map(drop), Err(StoreError::NotFound));
    assert_eq!(store.remove(&name), Err(StoreError::InvalidName));
    assert_eq!(store.commit(upload, "a"), Ok(Commit::Created));
    assert_eq!(store.commit(begin(), "a"), Ok(Commit::Replaced));
    assert_eq!(store.commit(begin(), "inner"), Err(StoreError::IsFolder));
    drop(begin());
    assert_eq!(folder.names("root"), ["a", "inner"]);
}

#[test]
fn invalid_uploads_and_removals_are_refused() {
    let folder = Folder::new();
    let store = folder.store();
    for (path, reason) in [
        ("inner", StoreError::IsFolder),
        ("", StoreError::IsFolder),
        ("inner/", StoreError::IsFolder),
        ("missing/a", StoreError::NotFound),
        ("..", StoreError::InvalidName),
        ("a\\b", StoreError::InvalidName),
        (".bareserve-upload-0", StoreError::InvalidName),
    ] {
        assert_eq!(upload(&store, path, b"x"), Err(reason), "{path}");
    }
    assert_eq!(upload(&store, &"x".repeat(256), b"x"), Err(StoreError::InvalidName));
    assert_eq!(store.create(Some(u64::MAX)).map(drop), Err(StoreError::Full));
    assert_eq!(store.remove("inner"), Err(StoreError::IsFolder));
    assert_eq!(store.remove("nothing"), Err(StoreError::NotFound));
    let read_only = FolderStore::open(&folder.path("root"), false, "--root").unwrap();
    assert!(!read_only.is_writable());
    assert_eq!(read_only.create(None).map(drop), Err(StoreError::ReadOnly));
    assert_eq!(read_only.remove("a"), Err(StoreError::ReadOnly));
    assert_eq!(folder.names("root"), ["inner"]);
}

/// Writing to `/dev/full` fails as on a full disk.
#[test]
fn full_disk_is_reported() {
    let folder = Folder::new();
    let store = folder.store();
    let file = File::options().write(true).open("/dev/full").unwrap();
    let mut upload = Upload { file, temporary: None };
    assert_eq!(store.write(&mut upload, b"x"), Err(StoreError::Full));
}

#[test]
fn unusable_root_is_named_in_the_error() {
    let folder = Folder::new();
    folder.write("file", b"");
    let refusal = |name| FolderStore::open(&folder.path(name), false, "--root").unwrap_err().0;
    assert!(refusal("missing").contains("missing cannot be used: No such file or directory"));
    assert!(refusal("file").contains("not a folder: give another with --root"));
}

#[test]
fn uploads_of_a_killed_program_are_removed_at_the_start() {
    let folder = Folder::new();
    let leftover = "root/.bareserve-upload-0123456789abcdef";
    let mut kept = vec![
        ".bareserve-upload-0123456789ABCDEF",
        ".bareserve-upload-0123456789abcde",
        ".bareserve-upload-notes",
        ".bareserve-upload-0123456789abcdef.txt",
        "bareserve-upload-0123456789abcdef",
        "inner/.bareserve-upload-0123456789abcdef",
    ];
    for name in &kept {
        folder.write(&format!("root/{name}"), b"a user's");
    }
    let link = ".bareserve-upload-00000000000000aa";
    symlink("bareserve-upload-0123456789abcdef", folder.path(&format!("root/{link}"))).unwrap();
    let subfolder = ".bareserve-upload-00000000000000bb";
    fs::create_dir(folder.path(&format!("root/{subfolder}"))).unwrap();
    kept.extend([link, subfolder]);

    folder.write(leftover, b"half a file");
    FolderStore::open(&folder.path("root"), false, "--root").unwrap();
    assert!(folder.path(leftover).exists(), "a store that is read-only removes nothing");

    let used = fs::File::open(folder.path(leftover)).unwrap();
    leftovers::mark_as_used(&used);
    folder.store();
    assert!(folder.path(leftover).exists(), "another program's upload is not removed");

    drop(used);
    folder.store();
    assert!(!folder.path(leftover).exists(), "the leftover is removed");
    for name in kept {
        assert!(folder.path(&format!("root/{name}")).symlink_metadata().is_ok(), "{name}");
    }
}
