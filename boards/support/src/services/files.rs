//! Files as JSON objects, on ports 5566 and 5567.

use bareserve::file_transfer::{download, download::Download, request, request::FileServer};
use smoltcp::phy::Device;

use super::{
    Services,
    store::{OFFERED, Store},
    tcp::Tcp,
};
use crate::runner::StartError;

const DOWNLOAD_PORTS: &[u16] = &[5566];
const REQUEST_PORTS: &[u16] = &[5567];

/// The course's file transfer, and requests by name: four sockets, 4 KB.
pub struct FilesMemory {
    download: Tcp<Download<'static, Store>, 2, 16, 512>,
    request: Tcp<FileServer<Store>, 2, 536, 256>,
}

impl FilesMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 2 + 2;

    /// All empty.
    pub const fn new() -> Self {
        Self { download: Tcp::new(), request: Tcp::new() }
    }

    /// Opens the ports. Port 5567 sends files and stores none.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start<E: Device>(
        &'static mut self,
        services: &mut Services<E>,
        store: Store,
    ) -> Result<(), StartError> {
        let download = Download::new(store, OFFERED);
        self.download.start(services, download, DOWNLOAD_PORTS, download::Connection::new)?;
        let requests = FileServer::new(store);
        self.request.start(services, requests, REQUEST_PORTS, request::Connection::new)
    }
}

impl Default for FilesMemory {
    fn default() -> Self {
        Self::new()
    }
}
