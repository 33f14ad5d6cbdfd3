//! Files as JSON objects, on ports 5566 and 5567.

use bareserve::file_transfer::{
    download::{self, Download},
    request::{self, Requests},
};
use smoltcp::phy::Device;

use super::{
    Services,
    store::{OFFERED, Store},
    tcp::Tcp,
};
use crate::network::StartError;

const DOWNLOAD_PORTS: &[u16] = &[5566];
const REQUEST_PORTS: &[u16] = &[5567];

/// The course's file transfer, and requests by name: four sockets, 4 KB.
pub struct FilesMemory {
    download: Tcp<Download<'static, Store>, 2, 16, 512>,
    request: Tcp<Requests<Store>, 2, 536, 256>,
}

impl FilesMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 2 + 2;

    /// All empty.
    pub const fn new() -> Self {
        Self { download: Tcp::new(), request: Tcp::new() }
    }

    /// Opens the ports. With `is_writable`, everybody who reaches port 5567 may store files: its
    /// protocol has no place for a token.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
        store: Store,
        is_writable: bool,
    ) -> Result<(), StartError> {
        let download = Download::new(store, OFFERED);
        self.download.start(services, download, DOWNLOAD_PORTS, download::Connection::new)?;
        let requests = Requests::new(store, is_writable);
        self.request.start(services, requests, REQUEST_PORTS, request::Connection::new)
    }
}

impl Default for FilesMemory {
    fn default() -> Self {
        Self::new()
    }
}
