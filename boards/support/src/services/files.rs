//! Files as JSON objects, on ports 5566 and 5567.

use bareserve::{
    Context, Service, Stack,
    counters::Counters,
    device::{ServiceEntry, Transport},
    file_transfer::{
        download::{self, Download},
        request::{self, Requests},
    },
    net::tcp_server::{SetupError, TcpServer},
    resources::TcpResources,
};
use smoltcp::{phy::Device, time::Instant};

use super::{
    first_poll,
    store::{OFFERED, Store},
};
use crate::place::Place;

type File = <Store as bareserve::store::Store>::File;
type Upload = <Store as bareserve::store::Store>::Upload;

const DOWNLOAD_PORT: u16 = 5566;
const REQUEST_PORT: u16 = 5567;

/// The memory of [`Files`]: four sockets, 4.5 KB.
pub struct FilesMemory {
    service: Place<Files>,
    download: TcpResources<download::Connection<'static, File>, 2, 64, 512>,
    request: TcpResources<request::Connection<File, Upload>, 2, 536, 256>,
    counters: [Counters; 2],
}

impl FilesMemory {
    /// Sockets this takes.
    pub const SOCKETS: usize = 2 + 2;

    /// All empty.
    pub const fn new() -> Self {
        Self {
            service: Place::new(),
            download: TcpResources::empty(),
            request: TcpResources::empty(),
            counters: [const { Counters::new() }; 2],
        }
    }
}

impl Default for FilesMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// The course's file transfer, and requests by name.
pub struct Files {
    download: TcpServer<'static, Download<'static, Store>>,
    request: TcpServer<'static, Requests<Store>>,
    counters: &'static [Counters; 2],
}

impl Files {
    /// Opens the ports. With `is_writable`, everybody who reaches port 5567 may store files: its
    /// protocol has no place for a token.
    ///
    /// # Errors
    /// [`SetupError`]
    // Keeps what is only needed to set up off the stack of the main loop.
    #[inline(never)]
    pub fn new<D: Device>(
        stack: &mut Stack<'static, D>,
        store: Store,
        is_writable: bool,
        memory: &'static mut FilesMemory,
    ) -> Result<&'static mut Self, SetupError> {
        let FilesMemory { service, download, request, counters } = memory;
        let counters = &*counters;
        let [a, b] = counters;
        Ok(service.put(Self {
            download: TcpServer::new(
                stack,
                Download::new(store, OFFERED),
                &[DOWNLOAD_PORT],
                download.split_with(download::Connection::new),
                a,
            )?,
            request: TcpServer::new(
                stack,
                Requests::new(store, is_writable),
                &[REQUEST_PORT],
                request.split_with(request::Connection::new),
                b,
            )?,
            counters,
        }))
    }

    /// What there is to show.
    pub fn entries(&self) -> [ServiceEntry<'static>; 2] {
        let [a, b] = self.counters;
        [
            ServiceEntry {
                name: "file",
                transport: Transport::Tcp,
                ports: &[DOWNLOAD_PORT],
                counters: a,
            },
            ServiceEntry {
                name: "file-request",
                transport: Transport::Tcp,
                ports: &[REQUEST_PORT],
                counters: b,
            },
        ]
    }
}

impl Service for Files {
    fn poll(&mut self, cx: &mut Context<'_, '_>) {
        self.download.poll(cx);
        self.request.poll(cx);
    }

    fn poll_at(&self) -> Option<Instant> {
        first_poll(&[&self.download, &self.request])
    }
}
