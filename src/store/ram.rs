//! A small writable store in RAM: each file is a linked list of blocks of [`BLOCK`] bytes.
//!
//! A file that is replaced or removed while it is open keeps its blocks until its last reader has
//! closed it: the length that a response has announced stays true.

use core::cell::RefCell;

use super::{
    Commit, Encoding, Entry, Metadata, Store, StoreError, first_segment, is_inside, is_valid_path,
    name_offset, set,
};

/// Bytes in a block.
pub const BLOCK: usize = 512;

/// The longest path, in bytes.
pub const LONGEST_PATH: usize = 64;

type Path = heapless::String<LONGEST_PATH>;

/// The memory of a [`RamStore`]: `FILES` slots, each for a file, an upload or a replaced file that is
/// still open, and `BLOCKS` blocks, at most 65,534. It takes 514 bytes a block and about 104 bytes a
/// slot, and is all zeros at first.
#[derive(Debug)]
pub struct RamMemory<const FILES: usize, const BLOCKS: usize> {
    files: [File; FILES],
    links: [Link; BLOCKS],
    blocks: [[u8; BLOCK]; BLOCKS],
}

impl<const FILES: usize, const BLOCKS: usize> RamMemory<FILES, BLOCKS> {
    /// Memory without files.
    pub const fn new() -> Self {
        Self {
            files: [const { File::FREE }; FILES],
            links: [FREE; BLOCKS],
            blocks: [[0; BLOCK]; BLOCKS],
        }
    }
}

impl<const FILES: usize, const BLOCKS: usize> Default for RamMemory<FILES, BLOCKS> {
    fn default() -> Self {
        Self::new()
    }
}

/// A store in RAM. The store of services is `&RamStore`, which they share.
///
/// ```
/// use bareserve::store::{Commit, Encoding, Store, ram::{RamMemory, RamStore}};
///
/// let mut memory = RamMemory::<4, 16>::new(); // 4 files, 8 KiB
/// let store = &RamStore::new(&mut memory);
///
/// let mut upload = store.create(Some(5))?;
/// store.write(&mut upload, b"hello")?;
/// assert_eq!(store.commit(upload, "notes/a.txt")?, Commit::Created);
///
/// let (mut file, mut buffer) = (store.open("notes/a.txt", Encoding::Identity)?, [0; 8]);
/// assert_eq!(store.read(&mut file, 0, &mut buffer)?, 5);
/// # Ok::<(), bareserve::store::StoreError>(())
/// ```
#[derive(Debug)]
pub struct RamStore<'m> {
    memory: RefCell<Memory<'m>>,
}

impl<'m> RamStore<'m> {
    /// A store in `memory`, with the files that `memory` already holds.
    pub fn new<const FILES: usize, const BLOCKS: usize>(
        memory: &'m mut RamMemory<FILES, BLOCKS>,
    ) -> Self {
        let RamMemory { files, links, blocks } = memory;
        Self { memory: RefCell::new(Memory { files, links, blocks }) }
    }

    /// Free bytes, a multiple of [`BLOCK`].
    pub fn free_bytes(&self) -> usize {
        self.with(|memory| Ok(memory.free_blocks() * BLOCK)).unwrap_or(0)
    }

    /// Runs `action` on the memory. The borrow never fails: no method calls another inside `action`.
    fn with<T>(
        &self,
        action: impl FnOnce(&mut Memory<'m>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.memory.try_borrow_mut().map_err(|_| StoreError::Io).and_then(|mut m| action(&mut m))
    }
}

/// The successor of a block: [`FREE`], [`END`], or the number of the next block, counted from 1.
type Link = u16;

/// The block belongs to no file.
const FREE: Link = 0;
/// The block is the last of its file.
const END: Link = Link::MAX;

#[derive(Debug)]
struct File {
    state: State,
    path: Path,
    size: usize,
    /// Number of the first block, counted from 1; [`FREE`] while there is none.
    first: Link,
    /// Number of the last block, for [`Memory::append`].
    last: Link,
    /// FNV-1a of the content.
    version: u64,
    readers: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free = 0,
    Writing,
    Visible,
    /// Replaced or removed while it was open.
    Orphaned,
}

impl File {
    const FREE: Self = Self {
        state: State::Free,
        path: Path::new(),
        size: 0,
        first: FREE,
        last: FREE,
        version: 0,
        readers: 0,
    };
}

#[derive(Debug)]
struct Memory<'m> {
    files: &'m mut [File],
    links: &'m mut [Link],
    blocks: &'m mut [[u8; BLOCK]],
}

impl Memory<'_> {
    fn file(&mut self, slot: usize) -> Result<&mut File, StoreError> {
        self.files.get_mut(slot).ok_or(StoreError::Io)
    }

    fn visible(&self, path: &str) -> Result<usize, StoreError> {
        let mut is_folder = path.is_empty();
        for (slot, file) in self.files.iter().enumerate() {
            if file.state == State::Visible {
                if file.path == path {
                    return Ok(slot);
                }
                is_folder |= is_inside(&file.path, path);
            }
        }
        Err(if is_folder { StoreError::IsFolder } else { StoreError::NotFound })
    }

    /// Whether `path` is the root, or files are inside of it.
    fn is_folder(&self, path: &str) -> bool {
        let mut visible = self.files.iter().filter(|file| file.state == State::Visible);
        path.is_empty() || visible.any(|file| is_inside(&file.path, path))
    }

    /// Checks that `path` can be that of a file: it is valid, no folder has it, and no file is in the
    /// place of one of its folders.
    fn check_file_path(&self, path: &str) -> Result<(), StoreError> {
        let is_above = |file: &File| file.state == State::Visible && is_inside(path, &file.path);
        if self.is_folder(path) {
            Err(StoreError::IsFolder)
        } else if !is_valid_path(path) || self.files.iter().any(is_above) {
            Err(StoreError::InvalidName)
        } else {
            Ok(())
        }
    }

    /// The next entry of a listing, and its path.
    fn next_entry(&self, listing: &RamListing) -> Option<(&str, Entry)> {
        let RamListing { last, depth } = listing;
        let folder = last.get(..*depth)?;
        let mut first: Option<(&str, &File)> = None;
        for file in self.files.iter().filter(|file| file.state == State::Visible) {
            let Some(inside) = file.path.strip_prefix(folder) else { continue };
            let path = file.path.get(..depth + first_segment(inside).len())?;
            if path > last.as_str() && first.is_none_or(|(other, _)| path < other) {
                first = Some((path, file));
            }
        }
        let (path, file) = first?;
        let is_folder = path.len() < file.path.len();
        let size = if is_folder { 0 } else { file.size as u64 };
        Some((path, Entry { is_folder, size, modified: None }))
    }

    fn free_blocks(&self) -> usize {
        self.links.iter().filter(|&&link| link == FREE).count()
    }

    /// Adds a block after `last` and returns its number.
    fn extend(&mut self, last: Link) -> Result<Link, StoreError> {
        let free = self.links.iter().position(|&link| link == FREE).ok_or(StoreError::Full)?;
        let number = Link::try_from(free + 1).ok().filter(|&n| n != END).ok_or(StoreError::Full)?;
        *self.link(number)? = END;
        if last != FREE {
            *self.link(last)? = number;
        }
        Ok(number)
    }

    fn link(&mut self, number: Link) -> Result<&mut Link, StoreError> {
        self.links.get_mut(usize::from(number).wrapping_sub(1)).ok_or(StoreError::Io)
    }

    fn block(&mut self, number: Link) -> Result<&mut [u8; BLOCK], StoreError> {
        self.blocks.get_mut(usize::from(number).wrapping_sub(1)).ok_or(StoreError::Io)
    }

    fn append(&mut self, slot: usize, bytes: &[u8]) -> Result<(), StoreError> {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let File { size, last, .. } = *self.file(slot)?;
            let filled = size % BLOCK;
            let number = if filled == 0 { self.extend(last)? } else { last };
            let room = self.block(number)?.get_mut(filled..).unwrap_or_default();
            let (now, later) = bytes.split_at_checked(room.len()).unwrap_or((bytes, &[]));
            room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            let file = self.file(slot)?;
            if file.first == FREE {
                file.first = number;
            }
            file.last = number;
            file.size += now.len();
            file.version = fnv1a(file.version, now);
            bytes = later;
        }
        Ok(())
    }

    /// Makes the file in `slot` invisible, and frees it unless it is open.
    fn orphan(&mut self, slot: usize) -> Result<(), StoreError> {
        let file = self.file(slot)?;
        file.state = State::Orphaned;
        if file.readers == 0 { self.free(slot) } else { Ok(()) }
    }

    fn free(&mut self, slot: usize) -> Result<(), StoreError> {
        let file = self.file(slot)?;
        file.state = State::Free;
        let mut number = file.first;
        while number != FREE && number != END {
            number = core::mem::replace(self.link(number)?, FREE);
        }
        Ok(())
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// Continues `hash` with `bytes`: FNV-1a, 64 bits (RFC 9923).
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// An open file in RAM.
#[derive(Debug)]
pub struct OpenRamFile<'s, 'm> {
    store: &'s RamStore<'m>,
    slot: usize,
    /// Number of the block of the last read, so that reading on does not follow the list from its
    /// start.
    block: Link,
    /// The offset in the file of that block's first byte.
    block_offset: usize,
}

impl Drop for OpenRamFile<'_, '_> {
    fn drop(&mut self) {
        let _ = self.store.with(|memory| {
            let file = memory.file(self.slot)?;
            file.readers = file.readers.saturating_sub(1);
            let is_last = file.state == State::Orphaned && file.readers == 0;
            if is_last { memory.free(self.slot) } else { Ok(()) }
        });
    }
}

/// A listing of a folder in RAM.
#[derive(Debug, Clone)]
pub struct RamListing {
    /// The path of the last entry returned; at first that of the folder and a separator. Files may be
    /// added and removed between two entries.
    last: Path,
    /// The position of the names in the paths.
    depth: usize,
}

/// A file that is being written to RAM.
#[derive(Debug)]
pub struct RamUpload<'s, 'm> {
    store: &'s RamStore<'m>,
    slot: usize,
    is_committed: bool,
}

impl Drop for RamUpload<'_, '_> {
    fn drop(&mut self) {
        if !self.is_committed {
            let _ = self.store.with(|memory| memory.free(self.slot));
        }
    }
}

impl<'s, 'm> Store for &'s RamStore<'m> {
    type File = OpenRamFile<'s, 'm>;
    type Listing = RamListing;
    type Upload = RamUpload<'s, 'm>;

    const CAN_WAIT: bool = false;

    fn open(&self, path: &str, encoding: Encoding) -> Result<Self::File, StoreError> {
        let (slot, block) = self.with(|memory| {
            let slot = memory.visible(path)?;
            if encoding != Encoding::Identity {
                return Err(StoreError::NotFound);
            }
            let file = memory.file(slot)?;
            file.readers = file.readers.checked_add(1).ok_or(StoreError::Io)?;
            Ok((slot, file.first))
        })?;
        Ok(OpenRamFile { store: self, slot, block, block_offset: 0 })
    }

    fn metadata(&self, open: &Self::File) -> Metadata {
        let known = self.with(|memory| memory.file(open.slot).map(|f| (f.size, f.version)));
        let (size, version) = known.unwrap_or_default();
        Metadata {
            size: size as u64,
            modified: None,
            version,
            content_type: None,
            immutable: false,
        }
    }

    fn read(
        &self,
        open: &mut Self::File,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        self.with(|memory| {
            let File { size, first, .. } = *memory.file(open.slot)?;
            let Ok(offset) = usize::try_from(offset) else { return Ok(0) };
            if offset >= size || buffer.is_empty() {
                return Ok(0);
            }
            if offset < open.block_offset {
                (open.block, open.block_offset) = (first, 0);
            }
            while offset - open.block_offset >= BLOCK {
                open.block = *memory.link(open.block)?;
                open.block_offset += BLOCK;
            }
            // Up to the end of the block; the next call continues in the next one.
            let end = (size - open.block_offset).min(BLOCK);
            let block = memory.block(open.block)?;
            let rest = block.get(offset - open.block_offset..end).unwrap_or_default();
            let length = rest.len().min(buffer.len());
            buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            Ok(length)
        })
    }

    fn list(&self, path: &str) -> Result<RamListing, StoreError> {
        if !self.with(|memory| Ok(memory.is_folder(path)))? {
            return Err(StoreError::NotFound);
        }
        let mut listing = RamListing { last: Path::new(), depth: name_offset(path) };
        // Both fit: a folder's path and the separator are the front of a file's path.
        set(&mut listing.last, path);
        if !path.is_empty() {
            let _ = listing.last.push('/');
        }
        Ok(listing)
    }

    fn next_entry(
        &self,
        listing: &mut RamListing,
        name: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        self.with(|memory| {
            loop {
                let Some((path, entry)) = memory.next_entry(listing) else { return Ok(None) };
                if !set(&mut listing.last, path) {
                    return Err(StoreError::Io);
                }
                if set(name, path.get(listing.depth..).unwrap_or_default()) {
                    return Ok(Some(entry));
                }
            }
        })
    }

    fn is_writable(&self) -> bool {
        true
    }

    fn create(&self, size: Option<u64>) -> Result<Self::Upload, StoreError> {
        let slot = self.with(|memory| {
            let room = (memory.free_blocks() * BLOCK) as u64;
            let slot = memory.files.iter().position(|file| file.state == State::Free);
            let slot = slot.filter(|_| size.unwrap_or(0) <= room).ok_or(StoreError::Full)?;
            let file = memory.file(slot)?;
            (file.state, file.version, file.readers) = (State::Writing, FNV_OFFSET, 0);
            (file.size, file.first, file.last) = (0, FREE, FREE);
            Ok(slot)
        })?;
        Ok(RamUpload { store: self, slot, is_committed: false })
    }

    fn write(&self, upload: &mut Self::Upload, bytes: &[u8]) -> Result<(), StoreError> {
        self.with(|memory| memory.append(upload.slot, bytes))
    }

    fn commit(&self, mut upload: Self::Upload, path: &str) -> Result<Commit, StoreError> {
        self.with(|memory| {
            memory.check_file_path(path)?;
            let file = memory.file(upload.slot)?;
            if !set(&mut file.path, path) {
                return Err(StoreError::InvalidName);
            }
            let old = memory.visible(path).ok();
            if let Some(old) = old {
                memory.orphan(old)?;
            }
            memory.file(upload.slot)?.state = State::Visible;
            upload.is_committed = true;
            Ok(if old.is_some() { Commit::Replaced } else { Commit::Created })
        })
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        self.with(|memory| {
            let slot = memory.visible(path)?;
            memory.orphan(slot)
        })
    }
}

#[cfg(test)]
#[path = "ram_tests.rs"]
mod tests;
