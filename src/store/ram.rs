//! A small writable store in RAM: blocks of [`BLOCK`] bytes, chained as files need them.
//!
//! A file that is replaced or removed while somebody reads it keeps its blocks until the last reader
//! has closed it, so that what has been announced can be sent.

use core::cell::RefCell;

use super::{
    Commit, Encoding, Entry, Metadata, Store, StoreError, depth_of, first_segment, is_inside,
    is_valid_path, set,
};

/// Bytes in a block.
pub const BLOCK: usize = 512;

/// Bytes of the longest path.
pub const LONGEST_PATH: usize = 64;

type Path = heapless::String<LONGEST_PATH>;

/// The memory of a [`RamStore`]: room for `FILES` files and uploads, open ones that have been
/// replaced included, and for `BLOCKS` (at most 65,534) blocks. 514 bytes a block, about 104 a file;
/// all zeros at first.
#[derive(Debug)]
pub struct RamMemory<const FILES: usize, const BLOCKS: usize> {
    files: [File; FILES],
    links: [Link; BLOCKS],
    blocks: [[u8; BLOCK]; BLOCKS],
}

impl<const FILES: usize, const BLOCKS: usize> RamMemory<FILES, BLOCKS> {
    /// Memory with nothing in it.
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

/// A store in RAM; services share it as `&RamStore`.
#[derive(Debug)]
pub struct RamStore<'m> {
    memory: RefCell<Memory<'m>>,
}

impl<'m> RamStore<'m> {
    /// A store in `memory`, with the files that were there.
    pub fn new<const FILES: usize, const BLOCKS: usize>(
        memory: &'m mut RamMemory<FILES, BLOCKS>,
    ) -> Self {
        let RamMemory { files, links, blocks } = memory;
        Self { memory: RefCell::new(Memory { files, links, blocks }) }
    }

    /// Bytes that are still free, in whole blocks.
    pub fn free_bytes(&self) -> usize {
        self.with(|memory| Ok(memory.free_blocks() * BLOCK)).unwrap_or(0)
    }

    /// No method calls another while it holds the memory, so that this never fails.
    fn with<T>(
        &self,
        action: impl FnOnce(&mut Memory<'m>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.memory.try_borrow_mut().map_err(|_| StoreError::Io).and_then(|mut m| action(&mut m))
    }
}

/// What follows a block: [`FREE`], [`END`], or the number of the next one, counted from 1.
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
    /// Where the next byte goes while it is written.
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
    /// Replaced or removed, but somebody still reads it.
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

    /// Whether a file may stand at `path`, or what says that it may not.
    fn check_place(&self, path: &str) -> Result<(), StoreError> {
        let is_in_the_way =
            |file: &File| file.state == State::Visible && is_inside(path, &file.path);
        if self.is_folder(path) {
            Err(StoreError::IsFolder)
        } else if !is_valid_path(path) || self.files.iter().any(is_in_the_way) {
            Err(StoreError::InvalidName)
        } else {
            Ok(())
        }
    }

    /// What comes next in a walk, and its path.
    fn first_after(&self, listing: &RamListing) -> Option<(&str, Entry)> {
        let RamListing { place, depth } = listing;
        let folder = place.get(..*depth)?;
        let mut first: Option<(&str, &File)> = None;
        for file in self.files.iter().filter(|file| file.state == State::Visible) {
            let Some(inside) = file.path.strip_prefix(folder) else { continue };
            let path = file.path.get(..depth + first_segment(inside).len())?;
            if path > place.as_str() && first.is_none_or(|(other, _)| path < other) {
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

    /// Takes away the file in `slot` for all but those who read it.
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

/// Goes on with the hash of what came before: Fowler, Noll, Vo, variant 1a, 64 bits (RFC 9923).
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// An open file in RAM.
#[derive(Debug)]
pub struct OpenRamFile<'s, 'm> {
    store: &'s RamStore<'m>,
    slot: usize,
    /// Where the last read ended: number of the block that begins at `block_offset`.
    block: Link,
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

/// A walk through a folder in RAM.
#[derive(Debug, Clone)]
pub struct RamListing {
    /// The folder's path and a separator, then the name that came last: files may come and go
    /// meanwhile.
    place: Path,
    /// Where names begin in the paths.
    depth: usize,
}

/// A file on its way into RAM.
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
            // As far as the block goes; the next call goes on.
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
        let mut listing = RamListing { place: Path::new(), depth: depth_of(path) };
        // What files are in is shorter than their paths.
        set(&mut listing.place, path);
        if !path.is_empty() {
            let _ = listing.place.push('/');
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
                let Some((path, entry)) = memory.first_after(listing) else { return Ok(None) };
                if !set(&mut listing.place, path) {
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
            memory.check_place(path)?;
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
