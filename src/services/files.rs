//! File transfer: one file for each client that connects, and files by name.

use crate::{
    file_transfer::{download::Download, request::FileServer},
    net::tcp::protocols::{On, on},
    store::Store,
};

/// The ports: of the download of one file, and of requests by name.
pub const PORTS: [u16; 2] = [5566, 5567];

/// Both protocols over TCP, on the store `S`.
pub type Tcp<'n, S> = (On<Download<'n, S>>, On<FileServer<S>>);

/// Sends the file `offered` to each client of the first port, and files by name on the second one.
/// [`FileServer::with_token`] of the second protocol lets clients store files.
pub fn tcp<'n, S: Store + Copy>(
    [download, requests]: [u16; 2],
    offered: &'n str,
    store: S,
) -> Tcp<'n, S> {
    (on(&[download], Download::new(store, offered)), on(&[requests], FileServer::new(store)))
}
