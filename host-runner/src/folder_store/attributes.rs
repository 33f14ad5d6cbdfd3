//! Metadata and errors of the kernel as those of a store.

use std::{io, os::unix::fs::MetadataExt};

use bareserve::{
    clock::UnixTime,
    store::{Metadata, StoreError},
};
use nix::errno::Errno;

pub fn describe(metadata: &std::fs::Metadata) -> Metadata {
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

pub fn modified(metadata: &std::fs::Metadata) -> UnixTime {
    UnixTime(
        metadata.mtime().saturating_mul(1_000_000).saturating_add(metadata.mtime_nsec() / 1000),
    )
}

pub fn failure(error: io::Error) -> StoreError {
    error.raw_os_error().map_or(StoreError::Io, |code| refusal(Errno::from_raw(code)))
}

pub fn refusal(errno: Errno) -> StoreError {
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
