//! Paths in requests and paths in the store.

use crate::{http::Request, store::is_valid_path};

/// The longest path of a file.
pub(super) type Path = heapless::String<255>;

/// Whether `path` is that of a folder: the root, or with a slash at its end.
pub(super) fn is_folder(path: &str) -> bool {
    path.is_empty() || path.ends_with('/')
}

/// Whether a store may get `path`, that of a file or of a folder, without the slash at its end. `/` is
/// invalid: it is a folder with an empty name, from a target like `//`.
pub(super) fn is_valid(path: &str) -> bool {
    path != "/" && is_valid_path(path.strip_suffix('/').unwrap_or(path))
}

/// The raw path of the request, for a Location on this server. The root if the raw path begins with
/// two slashes: a client would take the name after them for a host (RFC 3986 section 4.2).
pub(super) fn own_location<'b>(request: &Request<'b>) -> &'b str {
    let path = request.raw_path();
    if path.starts_with('/') && !path.starts_with("//") { path } else { "/" }
}
