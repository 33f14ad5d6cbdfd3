//! The `send` subcommand: uploads a file to a server.

use std::{fs::File, io, os::unix::fs::FileExt};

use bareserve::file_transfer::client::{ClientError, Source, Upload};

use super::{Server, print_line, printable, progress::Meter};
use crate::{
    arguments::{Client, FILE_REQUEST_PORT, Send},
    error::{Error, Failure},
};

/// Uploads one file, to be stored under its own name.
pub fn send(client: &Client, Send { path, token }: &Send) -> Result<(), Error> {
    let server = Server::find(client, FILE_REQUEST_PORT)?;
    let describe = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Failure(format!("{}: the file name is missing or not UTF-8", path.display()))
    })?;
    let file = File::open(path).map_err(describe)?;
    let metadata = file.metadata().map_err(describe)?;
    if !metadata.is_file() {
        return Err(Failure(format!("{}: not a regular file", path.display())).into());
    }
    let size = metadata.len();
    let mut session = Upload::new(name, FileSource { file, size });
    if let Some(token) = token {
        session = session.with_token(token);
    }
    let mut meter = Meter::new(client.verbosity, Some(size));
    let _ = server.stream(&mut session, |session| meter.show(session.sent()))?;
    meter.clear();
    match session.outcome() {
        Some(Ok(())) => {
            print_line(format_args!("{name}: stored, {}", meter.summary(size)));
            Ok(())
        }
        Some(Err(ClientError::Refused)) => {
            let reason = printable(session.text());
            Err(Failure(format!("{}: the server refused: {reason}", server.address())).into())
        }
        Some(Err(ClientError::Storage(error))) => {
            Err(Failure(format!("{}: {error}", path.display())).into())
        }
        Some(Err(error)) => Err(Failure(format!("{}: {error}", server.address())).into()),
        None => Err(Failure(format!("{}: the transfer is incomplete", server.address())).into()),
    }
}

struct FileSource {
    file: File,
    size: u64,
}

impl Source for FileSource {
    type Error = io::Error;

    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
}
