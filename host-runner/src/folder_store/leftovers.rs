//! Removes the unfinished uploads of a program that was killed.
//!
//! A program that is running has a lock (flock(2)) on each of its unfinished uploads, which the kernel
//! releases at its end. What cannot be locked stays: it is in use, or the file system has no locks.

use std::{
    fs::File,
    os::fd::{AsFd, OwnedFd},
};

use nix::{
    dir::Dir,
    fcntl::{OFlag, openat},
    sys::stat::Mode,
    unistd::{UnlinkatFlags, unlinkat},
};

/// The prefix of the names of unfinished uploads.
pub const UPLOAD_PREFIX: &str = ".bareserve-upload-";

/// Hexadecimal digits after [`UPLOAD_PREFIX`].
const DIGITS: usize = 16;

/// Locks an upload as long as `file` is open.
pub fn mark_as_used(file: &File) {
    // Without locks, the file is never removed.
    let _ = file.try_lock();
}

/// Removes from `root` the uploads that no program works on.
pub fn remove(root: &OwnedFd) {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let Ok(folder) = openat(root, ".", flags, Mode::empty()) else { return };
    let Ok(entries) = Dir::from_fd(folder) else { return };
    for entry in entries.into_iter().flatten() {
        if let Ok(name) = entry.file_name().to_str()
            && is_upload(name)
            && is_unused(root, name)
        {
            // A file that cannot be removed is hidden from clients all the same.
            let _ = unlinkat(root, name, UnlinkatFlags::NoRemoveDir);
        }
    }
}

/// Whether `name` is one that the store gives to an unfinished upload.
fn is_upload(name: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.strip_prefix(UPLOAD_PREFIX)
        .is_some_and(|number| number.len() == DIGITS && number.bytes().all(is_digit))
}

/// Whether `name` is a regular file, and no program has it locked.
fn is_unused(root: impl AsFd, name: &str) -> bool {
    // A FIFO would block without O_NONBLOCK.
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let Ok(file) = openat(root, name, flags, Mode::empty()).map(File::from) else { return false };
    file.metadata().is_ok_and(|metadata| metadata.is_file()) && file.try_lock().is_ok()
}
