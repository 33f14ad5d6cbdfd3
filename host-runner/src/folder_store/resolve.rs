//! Opens paths below a root folder: from the kernel's caches at once, or from a medium that may be slow.

use std::{
    fs::{File, Metadata},
    io::{self, ErrorKind, IoSliceMut},
    os::{
        fd::OwnedFd,
        unix::fs::{FileExt, MetadataExt},
    },
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
};
use rustix::{
    fs::{Mode, OFlags, ResolveFlags},
    io::ReadWriteFlags,
};

/// The one hidden folder that is served: it is meant for clients (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// File systems (statfs(2)) that answer for what is in the caches without asking another program or
/// host: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, tmpfs, ramfs, overlay.
const LOCAL: [u32; 8] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0x0102_1994,
    0x8584_58f6,
    0x794c_7630,
];

/// The folder whose files are served.
#[derive(Debug)]
pub struct Root {
    pub folder: OwnedFd,
    /// Its device, if its file system is one that does not wait for what is in the caches.
    local: Option<u64>,
}

impl Root {
    pub fn new(folder: OwnedFd) -> Self {
        let is_local = rustix::fs::fstatfs(&folder)
            .is_ok_and(|status| LOCAL.contains(&(status.f_type as u32)));
        let device = rustix::fs::fstat(&folder).ok().map(|status| status.st_dev);
        Self { folder, local: device.filter(|_| is_local) }
    }

    /// Whether a file is on the root's own file system, and that is one that does not wait for what is
    /// in the caches.
    pub fn has(&self, file: &Metadata) -> bool {
        self.local == Some(file.dev())
    }

    /// Opens `path` below the root, which may wait for the medium.
    pub fn resolve(&self, path: &str, flags: OFlag) -> nix::Result<OwnedFd> {
        let path = visible(path)?;
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        openat2(&self.folder, path, how)
    }

    /// Opens `path` below the root for reading, if the kernel has it in its caches.
    pub fn resolve_cached(&self, path: &str) -> Option<nix::Result<OwnedFd>> {
        self.local?;
        let path = match visible(path) {
            Ok(path) => path,
            Err(errno) => return Some(Err(errno)),
        };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        // Another file system below this one may be slow.
        let resolve = resolve | ResolveFlags::NO_XDEV | ResolveFlags::CACHED;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        match rustix::fs::openat2(&self.folder, path, flags, Mode::empty(), resolve) {
            Ok(file) => Some(Ok(file)),
            // EXDEV is also the error for a path that leads out of the root: a worker finds out.
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::XDEV) => None,
            Err(errno) => Some(Err(Errno::from_raw(errno.raw_os_error()))),
        }
    }
}

/// Whether files of this name are neither listed, served nor stored: a name that begins with a dot, as
/// those of configuration, version control and unfinished uploads do.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && !matches!(name, "." | ".." | WELL_KNOWN)
}

/// Reads from `offset` on. Returns 0 only at the end of the file.
pub fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads from `offset` on what is in the page cache; `None` if the first byte is not.
pub fn read_cached(file: &File, offset: u64, buffer: &mut [u8]) -> Option<usize> {
    let buffers = &mut [IoSliceMut::new(buffer)];
    // After an error, such as that the file system has no such read, a worker reads.
    rustix::io::preadv2(file, buffers, offset, ReadWriteFlags::NOWAIT).ok()
}

/// The path as the kernel takes it.
fn visible(path: &str) -> nix::Result<&str> {
    match path {
        _ if path.split('/').any(is_hidden) => Err(Errno::ENOENT),
        "" => Ok("."),
        path => Ok(path),
    }
}
