//! The entries of a folder.

use std::{fs::File, vec};

use bareserve::store::{Entry, StoreError, is_valid_name};
use nix::{dir::Dir, fcntl::OFlag};

use super::{
    attributes::{modified, refusal},
    resolve::{Root, is_hidden},
};

/// The entries of a folder that have not been returned yet.
#[derive(Debug)]
pub struct Listing(pub vec::IntoIter<(String, Entry)>);

/// Lists the folder at `path`, by name, which may wait for the medium.
pub fn entries(root: &Root, path: &str) -> Result<Vec<(String, Entry)>, StoreError> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
    let folder = root.resolve(path, flags).map_err(refusal)?;
    let mut entries = Vec::new();
    for found in Dir::from_fd(folder).map_err(refusal)? {
        let found = found.map_err(refusal)?;
        if let Ok(name) = found.file_name().to_str()
            && is_valid_name(name)
            && !is_hidden(name)
            && let Some(entry) = entry_of(root, path, name)
        {
            entries.push((name.to_string(), entry));
        }
    }
    entries.sort_unstable_by(|(name, _), (other, _)| name.cmp(other));
    Ok(entries)
}

/// Describes a file or a folder; `None` if it has been removed, is a link out of the root, or of another
/// kind.
fn entry_of(root: &Root, folder: &str, name: &str) -> Option<Entry> {
    let path = match folder {
        "" => name.to_string(),
        folder => format!("{folder}/{name}"),
    };
    let file = root.resolve(&path, OFlag::O_PATH).ok()?;
    let metadata = File::from(file).metadata().ok()?;
    if !metadata.is_dir() && !metadata.is_file() {
        return None;
    }
    let is_folder = metadata.is_dir();
    let size = if is_folder { 0 } else { metadata.len() };
    Some(Entry { is_folder, size, modified: Some(modified(&metadata)) })
}
