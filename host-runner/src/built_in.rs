//! The small site that is served without `--root`.

use bareserve::store::{Encoding, Entry, Metadata, Store, StoreError};
use heapless::string::StringView;

/// Sorted by name.
const FILES: [(&str, &[u8]); 3] = [
    ("HelloWorld.html", include_bytes!("../site/HelloWorld.html")),
    (PICTURE, include_bytes!("../site/bareserve.png")),
    ("index.html", include_bytes!("../site/index.html")),
];

/// The picture's name.
pub const PICTURE: &str = "bareserve.png";

/// The site as a store.
#[derive(Debug)]
pub struct BuiltIn;

/// A file of the site.
#[derive(Debug)]
pub struct OpenFile {
    place: usize,
}

/// How many files a walk has passed.
#[derive(Debug)]
pub struct Listing(usize);

impl Store for BuiltIn {
    type File = OpenFile;
    type Listing = Listing;
    type Upload = ();

    fn open(&self, path: &str, encoding: Encoding) -> Result<OpenFile, StoreError> {
        if path.is_empty() {
            return Err(StoreError::IsFolder);
        }
        match FILES.iter().position(|(name, _)| *name == path) {
            Some(place) if encoding == Encoding::Identity => Ok(OpenFile { place }),
            _ => Err(StoreError::NotFound),
        }
    }

    fn metadata(&self, file: &OpenFile) -> Metadata {
        let (_, content) = FILES[file.place];
        // FNV-1a.
        let version = content.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Metadata {
            size: content.len() as u64,
            modified: None,
            version,
            content_type: None,
            immutable: false,
        }
    }

    fn read(
        &self,
        file: &mut OpenFile,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, StoreError> {
        let (_, content) = FILES[file.place];
        let rest = usize::try_from(offset).ok().and_then(|offset| content.get(offset..));
        let rest = rest.unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn list(&self, path: &str) -> Result<Listing, StoreError> {
        if path.is_empty() { Ok(Listing(0)) } else { Err(StoreError::NotFound) }
    }

    fn next_entry(
        &self,
        listing: &mut Listing,
        name: &mut StringView,
    ) -> Result<Option<Entry>, StoreError> {
        while let Some((candidate, content)) = FILES.get(listing.0) {
            listing.0 += 1;
            name.clear();
            if name.push_str(candidate).is_ok() {
                let size = content.len() as u64;
                return Ok(Some(Entry { is_folder: false, size, modified: None }));
            }
        }
        Ok(None)
    }
}
