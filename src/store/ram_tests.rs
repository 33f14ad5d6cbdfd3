extern crate std;

use std::{collections::BTreeMap, format, string::String, vec, vec::Vec};

use super::*;
use crate::entropy::{Entropy, SeededEntropy};

fn put(store: &RamStore<'_>, path: &str, content: &[u8]) -> Result<Commit, StoreError> {
    let mut upload = store.create(Some(content.len() as u64))?;
    store.write(&mut upload, content)?;
    store.commit(upload, path)
}

fn content(store: &RamStore<'_>, path: &str) -> Result<Vec<u8>, StoreError> {
    let mut file = store.open(path, Encoding::Identity)?;
    read_all(store, &mut file)
}

fn read_all<'s, 'm>(
    store: &'s RamStore<'m>,
    file: &mut OpenRamFile<'s, 'm>,
) -> Result<Vec<u8>, StoreError> {
    let (mut all, mut buffer) = (Vec::new(), [0; 100]);
    loop {
        let length = store.read(file, all.len() as u64, &mut buffer)?;
        if length == 0 {
            return Ok(all);
        }
        all.extend_from_slice(&buffer[..length]);
    }
}

fn names(store: &RamStore<'_>, path: &str) -> Result<Vec<(String, bool, u64)>, StoreError> {
    let (mut listing, mut name) = (store.list(path)?, heapless::String::<16>::new());
    let mut names = Vec::new();
    while let Some(entry) = store.next_entry(&mut listing, &mut name)? {
        names.push((name.as_str().into(), entry.is_folder, entry.size));
    }
    Ok(names)
}

#[test]
fn an_upload_is_visible_when_committed() {
    let mut memory = RamMemory::<3, 4>::new();
    let store = &RamStore::new(&mut memory);
    let mut upload = store.create(None).unwrap();
    store.write(&mut upload, &[1; 600]).unwrap();
    assert_eq!(content(store, "a"), Err(StoreError::NotFound));
    assert_eq!(names(store, ""), Ok(vec![]));
    assert_eq!(store.free_bytes(), 2 * BLOCK);
    store.write(&mut upload, &[2; 5]).unwrap();
    assert_eq!(store.commit(upload, "a"), Ok(Commit::Created));
    assert_eq!(content(store, "a"), Ok([vec![1; 600], vec![2; 5]].concat()));
}

#[test]
fn a_dropped_upload_frees_its_blocks() {
    let mut memory = RamMemory::<2, 4>::new();
    let store = &RamStore::new(&mut memory);
    put(store, "a", b"old").unwrap();
    for _ in 0..10 {
        let mut upload = store.create(None).unwrap();
        store.write(&mut upload, &[1; 3 * BLOCK]).unwrap();
        assert_eq!(store.write(&mut upload, &[1]), Err(StoreError::Full));
        assert_eq!(store.create(None).err(), Some(StoreError::Full));
    }
    assert_eq!(store.free_bytes(), 3 * BLOCK);
    assert_eq!(content(store, "a"), Ok(b"old".to_vec()));
}

#[test]
fn an_open_file_keeps_its_content() {
    let mut memory = RamMemory::<3, 4>::new();
    let store = &RamStore::new(&mut memory);
    put(store, "a", &[1; 700]).unwrap();
    let mut reader = store.open("a", Encoding::Identity).unwrap();
    let version = store.metadata(&reader).version;
    assert_eq!(put(store, "a", &[2; 700]), Ok(Commit::Replaced));
    assert_eq!(content(store, "a"), Ok(vec![2; 700]));
    assert_eq!(store.remove("a"), Ok(()));
    assert_eq!(content(store, "a"), Err(StoreError::NotFound));
    assert_eq!(store.free_bytes(), 2 * BLOCK);
    assert_eq!(read_all(store, &mut reader), Ok(vec![1; 700]));
    assert_eq!(store.metadata(&reader).version, version);
    drop(reader);
    assert_eq!(store.free_bytes(), 4 * BLOCK);
}

#[test]
fn versions_depend_on_the_content_only() {
    let mut memory = RamMemory::<4, 4>::new();
    let store = &RamStore::new(&mut memory);
    let version = |path| {
        let file = store.open(path, Encoding::Identity).unwrap();
        store.metadata(&file).version
    };
    put(store, "a", b"one").unwrap();
    let mut upload = store.create(None).unwrap();
    b"one".iter().for_each(|byte| store.write(&mut upload, &[*byte]).unwrap());
    store.commit(upload, "b").unwrap();
    put(store, "c", b"two").unwrap();
    assert_eq!(version("a"), version("b"));
    assert_ne!(version("a"), version("c"));
}

#[test]
fn refuses_invalid_operations() {
    let mut memory = RamMemory::<4, 3>::new();
    let store = &RamStore::new(&mut memory);
    put(store, "folder/file", b"1").unwrap();
    let too_long = "n".repeat(LONGEST_PATH + 1);
    for (path, error) in [
        ("", StoreError::IsFolder),
        ("folder", StoreError::IsFolder),
        ("folder/file/x", StoreError::InvalidName),
        ("../x", StoreError::InvalidName),
        ("a//b", StoreError::InvalidName),
        (&too_long, StoreError::InvalidName),
    ] {
        assert_eq!(put(store, path, b"2"), Err(error), "{path}");
    }
    assert_eq!(store.create(Some(2 * BLOCK as u64 + 1)).err(), Some(StoreError::Full));
    assert_eq!(store.create(Some(u64::MAX)).err(), Some(StoreError::Full));
    assert_eq!(store.remove("folder"), Err(StoreError::IsFolder));
    assert_eq!(store.remove("none"), Err(StoreError::NotFound));
    assert_eq!(store.open("folder", Encoding::Identity).err(), Some(StoreError::IsFolder));
    assert_eq!(store.open("folder/file", Encoding::Gzip).err(), Some(StoreError::NotFound));
    assert_eq!(names(store, "none"), Err(StoreError::NotFound));
}

#[test]
fn lists_in_the_order_of_names() {
    let mut memory = RamMemory::<6, 6>::new();
    let store = &RamStore::new(&mut memory);
    for path in ["b.txt", "a/2", "c", "a-", "a/1/x", "a-name-of-more-than-16"] {
        put(store, path, path.as_bytes()).unwrap();
    }
    let root = [("a", true, 0), ("a-", false, 2), ("b.txt", false, 5), ("c", false, 1)];
    let expected: Vec<_> = root.map(|(name, folder, size)| (name.into(), folder, size)).into();
    assert_eq!(names(store, ""), Ok(expected));
    let inside: Vec<_> = vec![("1".into(), true, 0), ("2".into(), false, 3)];
    assert_eq!(names(store, "a"), Ok(inside));
}

/// Agrees with a map in any order of uploads, reads and removals; frees every block in the end.
#[test]
fn behaves_like_a_map() {
    let mut entropy = SeededEntropy::new(13);
    let mut memory = RamMemory::<8, 16>::new();
    let store = &RamStore::new(&mut memory);
    let mut map: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut uploads: Vec<(Vec<u8>, RamUpload<'_, '_>)> = Vec::new();
    let mut readers: Vec<(Vec<u8>, OpenRamFile<'_, '_>)> = Vec::new();
    for _ in 0..4_000 {
        let random = entropy.next_u64() as usize;
        let path = format!("f{}", random % 5);
        let pick = random >> 16;
        match random >> 8 & 7 {
            0 => uploads.extend(store.create(None).ok().map(|upload| (vec![], upload))),
            1 | 2 if !uploads.is_empty() => {
                let index = pick % uploads.len();
                let bytes = vec![(random >> 32) as u8; (random >> 40) % 1500];
                let (written, upload) = &mut uploads[index];
                match store.write(upload, &bytes) {
                    Ok(()) => written.extend(bytes),
                    Err(error) => {
                        assert_eq!(error, StoreError::Full);
                        uploads.swap_remove(index);
                    }
                }
            }
            3 if !uploads.is_empty() => {
                let (written, upload) = uploads.swap_remove(pick % uploads.len());
                let expected = match map.insert(path.clone(), written) {
                    Some(_) => Commit::Replaced,
                    None => Commit::Created,
                };
                assert_eq!(store.commit(upload, &path), Ok(expected));
            }
            4 => assert_eq!(store.remove(&path).is_ok(), map.remove(&path).is_some()),
            5 => match store.open(&path, Encoding::Identity) {
                Ok(file) => readers.push((map[&path].clone(), file)),
                Err(_) => assert!(!map.contains_key(&path)),
            },
            6 if !readers.is_empty() => {
                let (expected, mut file) = readers.swap_remove(pick % readers.len());
                assert_eq!(read_all(store, &mut file).as_ref(), Ok(&expected));
                // Any offset, backwards too.
                let offset = (random >> 32) % (expected.len() + 1);
                let mut byte = [0];
                let length = store.read(&mut file, offset as u64, &mut byte).unwrap();
                assert_eq!(byte[..length], expected[offset..(offset + 1).min(expected.len())]);
            }
            _ => {}
        }
        for (path, expected) in &map {
            assert_eq!(content(store, path).as_ref(), Ok(expected));
        }
    }
    drop((uploads, readers));
    map.keys().for_each(|path| store.remove(path).unwrap());
    assert_eq!(store.free_bytes(), 16 * BLOCK);
}
