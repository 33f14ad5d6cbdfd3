//! The `fetch` subcommand: downloads a file into a folder.

use std::path::Path;

use bareserve::{
    file_transfer::client::{ClientError, Fetch as Session, Sink},
    store::{Store, StoreError},
};

use super::{Server, print_line, printable, progress::Meter};
use crate::{
    arguments::{Client, FILE_PORT, FILE_REQUEST_PORT, Fetch},
    error::{Error, Failure},
    folder_store::{FolderStore, Upload},
};

/// Downloads one file. It appears under its name only when it is complete.
pub fn fetch(client: &Client, options: &Fetch) -> Result<(), Error> {
    let default_port = if options.name.is_some() { FILE_REQUEST_PORT } else { FILE_PORT };
    let server = Server::find(client, default_port)?;
    let sink = FolderSink::new(&options.output)?;
    let mut session = match &options.name {
        Some(name) => Session::named(name, sink),
        None => Session::offered(sink),
    };
    let mut meter = Meter::new(client.verbosity, None);
    let _ = server.stream(&mut session, |session| meter.show(session.received()))?;
    meter.clear();
    match session.outcome() {
        Some(Ok(())) => {
            let path = options.output.join(printable(session.text()));
            print_line(format_args!("{}: {}", path.display(), meter.summary(session.received())));
            Ok(())
        }
        Some(Err(ClientError::Refused)) => {
            let reason = printable(session.text());
            Err(Failure(format!("{}: the server refused: {reason}", server.address())).into())
        }
        Some(Err(ClientError::Storage(error))) => {
            Err(Failure(format!("{}: {error}", options.output.display())).into())
        }
        Some(Err(error)) => Err(Failure(format!("{}: {error}", server.address())).into()),
        None => Err(Failure(format!("{}: the transfer is incomplete", server.address())).into()),
    }
}

/// Writes a download into a folder.
struct FolderSink {
    store: FolderStore,
    upload: Option<Upload>,
}

impl FolderSink {
    fn new(folder: &Path) -> Result<Self, Failure> {
        let store = FolderStore::open(folder, true, "--output")?;
        let upload = store
            .create(None)
            .map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
        Ok(Self { store, upload: Some(upload) })
    }
}

impl Sink for FolderSink {
    type Error = StoreError;

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let upload = self.upload.as_mut().ok_or(StoreError::Io)?;
        self.store.write(upload, bytes)
    }

    fn finish(&mut self, name: &str) -> Result<(), StoreError> {
        let upload = self.upload.take().ok_or(StoreError::Io)?;
        self.store.commit(upload, name).map(drop)
    }

    fn discard(&mut self) {
        self.upload = None;
    }
}
