//! The clients: [`Fetch`] receives a file of any size, [`Upload`] sends one.

use core::fmt;

use super::{
    reader::{Field, ObjectError, ObjectReader, Step},
    writer::{ObjectWriter, WriteError},
};
use crate::{
    protocol::{
        client::{Failure, Progress, StreamSession},
        environment::Environment,
    },
    store::{Store, StoreError, is_valid_name},
    wire::{template::Value, writer::ResumableWriter},
};

/// The destination of a fetched file.
pub trait Sink {
    /// Why the file could not be stored.
    type Error;

    /// Appends all of `bytes` to the file. Its name may not be known yet.
    ///
    /// # Errors
    /// The sink's own; the fetch fails with it.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// The file is complete; its name is a single segment of a path.
    ///
    /// # Errors
    /// The sink's own; the fetch fails with it.
    fn finish(&mut self, name: &str) -> Result<(), Self::Error>;

    /// The fetch has failed; discards the bytes written.
    fn discard(&mut self);
}

/// A store as a sink: the file is stored in its root folder.
#[derive(Debug)]
pub struct StoreSink<S: Store> {
    store: S,
    upload: Option<S::Upload>,
}

impl<S: Store> StoreSink<S> {
    /// A sink without a file.
    pub const fn new(store: S) -> Self {
        Self { store, upload: None }
    }

    /// The upload, created if it does not exist.
    fn take(&mut self) -> Result<S::Upload, StoreError> {
        self.upload.take().map_or_else(|| self.store.create(None), Ok)
    }
}

impl<S: Store> Sink for StoreSink<S> {
    type Error = StoreError;

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut upload = self.take()?;
        let written = self.store.write(&mut upload, bytes);
        self.upload = Some(upload);
        written
    }

    fn finish(&mut self, name: &str) -> Result<(), StoreError> {
        let upload = self.take()?;
        self.store.commit(upload, name).map(|_| ())
    }

    fn discard(&mut self) {
        self.upload = None;
    }
}

/// The source of a file to send.
pub trait Source {
    /// Why the file cannot be read.
    type Error;

    /// The length of the file in bytes.
    fn size(&self) -> u64;

    /// Copies bytes from `offset` on into `buffer` and returns how many: 0 only at the end.
    ///
    /// # Errors
    /// The source's own; the upload fails with it.
    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Self::Error>;
}

/// Why a client failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientError<E> {
    /// The connection failed.
    Connection(Failure),
    /// The server closed before its object was complete.
    Incomplete,
    /// The server sent something other than a valid object.
    Object(ObjectError),
    /// The server sent a valid object, but another than expected.
    Unexpected,
    /// The file's name is not a single segment of a path: it could leave the folder.
    InvalidName,
    /// The server sent an error; [`Fetch::text`] and [`Upload::text`] return its reason.
    Refused,
    /// The file became shorter while it was sent.
    Shrunk,
    /// The sink's or source's own error.
    Storage(E),
}

impl<E: fmt::Display> fmt::Display for ClientError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(failure) => failure.fmt(f),
            Self::Incomplete => f.write_str("the server closed in the middle of the object"),
            Self::Object(error) => error.fmt(f),
            Self::Unexpected => f.write_str("the server sent another object than was asked for"),
            Self::InvalidName => f.write_str("the server sent an invalid file name"),
            Self::Refused => f.write_str("the server refused"),
            Self::Shrunk => f.write_str("the file shrank while it was sent"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for ClientError<E> {}

impl<E> From<ObjectError> for ClientError<E> {
    fn from(error: ObjectError) -> Self {
        Self::Object(error)
    }
}

/// Receives one file.
///
/// It is complete with the object's closing brace; bytes after that are ignored. Members come in any
/// order.
#[derive(Debug)]
pub struct Fetch<'n, K: Sink> {
    wanted: Option<&'n str>,
    /// Bytes of the request that were written.
    sent: usize,
    reader: ObjectReader,
    sink: K,
    received: u64,
    outcome: Option<Result<(), ClientError<K::Error>>>,
}

impl<'n, K: Sink> Fetch<'n, K> {
    /// Receives the file that a download server (port 5566) sends without a request.
    pub fn offered(sink: K) -> Self {
        Self {
            wanted: None,
            sent: 0,
            reader: ObjectReader::new(),
            sink,
            received: 0,
            outcome: None,
        }
    }

    /// Requests the file at `path` from a request server (port 5567).
    pub fn named(path: &'n str, sink: K) -> Self {
        Self { wanted: Some(path), ..Self::offered(sink) }
    }

    /// The result; `None` while the transfer runs.
    pub fn outcome(&self) -> Option<&Result<(), ClientError<K::Error>>> {
        self.outcome.as_ref()
    }

    /// Bytes of the file received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The file's name as far as it was received, or the reason of the server's error. From the
    /// network: may contain any characters.
    pub fn text(&self) -> &str {
        self.reader.text().map_or("", |(_, text)| text)
    }

    /// The sink.
    pub fn sink(&self) -> &K {
        &self.sink
    }

    /// Takes the next step in `input`. Returns whether the file is complete.
    fn take(&mut self, input: &mut &[u8]) -> Result<bool, ClientError<K::Error>> {
        let mut data = [0; _];
        match self.reader.next(input, &mut data)? {
            Step::NeedInput => {}
            Step::Data(length) => {
                let data = data.get(..length).unwrap_or_default();
                self.sink.write(data).map_err(ClientError::Storage)?;
                self.received += length as u64;
            }
            Step::Text(Field::FileName) if !is_valid_name(self.text()) => {
                return Err(ClientError::InvalidName);
            }
            Step::Text(_) => {}
            Step::Complete => match self.reader.text() {
                Some((Field::FileName, name)) if self.reader.has_data() => {
                    self.sink.finish(name).map_err(ClientError::Storage)?;
                    return Ok(true);
                }
                Some((Field::Error, _)) => return Err(ClientError::Refused),
                _ => return Err(ClientError::Unexpected),
            },
        }
        Ok(false)
    }
}

impl<K: Sink> StreamSession for Fetch<'_, K> {
    fn receive(&mut self, input: &[u8], _env: &mut Environment<'_>) -> usize {
        let mut rest = input;
        while !rest.is_empty() && self.outcome.is_none() {
            match self.take(&mut rest) {
                Ok(false) => {}
                Ok(true) => self.outcome = Some(Ok(())),
                Err(error) => self.outcome = Some(Err(error)),
            }
        }
        input.len()
    }

    fn end_of_input(&mut self, _env: &mut Environment<'_>) {
        self.outcome.get_or_insert(Err(ClientError::Incomplete));
    }

    fn transmit(&mut self, output: &mut [u8], _env: &mut Environment<'_>) -> usize {
        let Some(path) = self.wanted else { return 0 };
        let mut request = ResumableWriter::new(output, self.sent);
        request.render("{\"get\": %}", &[Value::Json(path)]);
        self.sent += request.written();
        request.written()
    }

    fn progress(&self) -> Progress {
        progress(&self.outcome)
    }

    fn end(&mut self, result: Result<(), Failure>, _env: &mut Environment<'_>) {
        end(&mut self.outcome, result);
        if !matches!(self.outcome, Some(Ok(()))) {
            self.sink.discard();
        }
    }
}

/// Sends one file to a request server (port 5567), which stores it.
#[derive(Debug)]
pub struct Upload<'n, R: Source> {
    path: &'n str,
    token: Option<&'n str>,
    object: ObjectWriter,
    source: R,
    reader: ObjectReader,
    outcome: Option<Result<(), ClientError<R::Error>>>,
}

impl<'n, R: Source> Upload<'n, R> {
    /// Sends `source` to be stored at `path`.
    pub fn new(path: &'n str, source: R) -> Self {
        let object = ObjectWriter::new(source.size());
        Self { path, token: None, object, source, reader: ObjectReader::new(), outcome: None }
    }

    /// Shows the server's token.
    #[must_use]
    pub fn with_token(mut self, token: &'n str) -> Self {
        self.token = Some(token);
        self
    }

    /// The result; `None` while the transfer runs.
    pub fn outcome(&self) -> Option<&Result<(), ClientError<R::Error>>> {
        self.outcome.as_ref()
    }

    /// Bytes of the file written so far.
    pub fn sent(&self) -> u64 {
        self.object.offset()
    }

    /// The reason of the server's error. From the network: may contain any characters.
    pub fn text(&self) -> &str {
        self.reader.text().map_or("", |(_, text)| text)
    }

    /// Takes the next step in `input`. Returns whether the file is stored.
    fn take(&mut self, input: &mut &[u8]) -> Result<bool, ClientError<R::Error>> {
        match self.reader.next(input, &mut [0; _])? {
            Step::NeedInput | Step::Text(_) => Ok(false),
            Step::Data(_) => Err(ClientError::Unexpected),
            Step::Complete => match (self.reader.text(), self.reader.size()) {
                (Some((Field::Stored, name)), Some(size))
                    if name == self.path
                        && size == self.object.size()
                        && self.object.is_complete() =>
                {
                    Ok(true)
                }
                (Some((Field::Error, _)), _) => Err(ClientError::Refused),
                _ => Err(ClientError::Unexpected),
            },
        }
    }
}

impl<R: Source> StreamSession for Upload<'_, R> {
    fn receive(&mut self, input: &[u8], _env: &mut Environment<'_>) -> usize {
        let mut rest = input;
        while !rest.is_empty() && self.outcome.is_none() {
            match self.take(&mut rest) {
                Ok(false) => {}
                Ok(true) => self.outcome = Some(Ok(())),
                Err(error) => self.outcome = Some(Err(error)),
            }
        }
        input.len()
    }

    fn end_of_input(&mut self, _env: &mut Environment<'_>) {
        self.outcome.get_or_insert(Err(ClientError::Incomplete));
    }

    fn transmit(&mut self, output: &mut [u8], _env: &mut Environment<'_>) -> usize {
        if self.outcome.is_some() {
            return 0;
        }
        let read = &mut |offset, buffer: &mut [u8]| self.source.read(offset, buffer);
        match self.object.write_with_token(self.token, self.path, output, read) {
            Ok(given) => given,
            Err(error) => {
                self.outcome = Some(Err(match error {
                    WriteError::Shrunk => ClientError::Shrunk,
                    WriteError::Read(error) => ClientError::Storage(error),
                }));
                0
            }
        }
    }

    fn progress(&self) -> Progress {
        progress(&self.outcome)
    }

    fn end(&mut self, result: Result<(), Failure>, _env: &mut Environment<'_>) {
        end(&mut self.outcome, result);
    }
}

fn progress<E>(outcome: &Option<Result<(), ClientError<E>>>) -> Progress {
    match outcome {
        None => Progress::Running,
        Some(Ok(())) => Progress::Succeeded,
        Some(Err(_)) => Progress::Failed,
    }
}

/// The connection has ended: a transfer without a result has failed.
fn end<E>(outcome: &mut Option<Result<(), ClientError<E>>>, result: Result<(), Failure>) {
    outcome.get_or_insert(Err(match result {
        Ok(()) => ClientError::Incomplete,
        Err(failure) => ClientError::Connection(failure),
    }));
}
