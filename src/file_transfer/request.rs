//! The request server (port 5567): files by name, in both directions.
//!
//! A client sends one object and is answered with one object, then the connection closes:
//!
//! | the client sends | the answer |
//! |---|---|
//! | `{"get": "NAME"}` | `{"filename": "NAME", "filedata": "…"}` |
//! | `{"token": "TOKEN", "filename": "NAME", "filedata": "…"}` | `{"stored": "NAME", "size": 123}` |
//! | anything else, or a request that fails | `{"error": "REASON"}` |
//!
//! Members come in any order, except that `token` stands before `filedata`: the content goes to the store
//! as it arrives, and nothing is stored for a client that has not shown the token. An upload is visible
//! once it is complete, and never before.

use core::fmt;

use smoltcp::wire::IpEndpoint;

use super::{
    reader::{Field, ObjectError, ObjectReader, Step},
    writer::{ObjectWriter, WriteError, last_segment},
};
use crate::{
    protocol::token::Token,
    protocol::{
        endpoints::Endpoints,
        environment::{Environment, Event},
        stream::{Phase, Protocol},
    },
    store::{Encoding, Store, StoreError, is_valid_path},
    wire::{
        line::{Line, describe},
        template::Value,
        writer::ResumableWriter,
    },
};

/// Sends and stores files of a store.
#[derive(Debug)]
pub struct FileServer<S> {
    store: S,
    token: Option<Token>,
}

/// One connection of a [`FileServer`]: about 490 bytes and the store's handles.
#[derive(Debug)]
pub struct Connection<F, U> {
    remote: Option<IpEndpoint>,
    /// Holds the requested name, also while the answer is sent.
    reader: ObjectReader,
    state: State<F, U>,
}

#[derive(Debug)]
enum State<F, U> {
    Reading(Option<Incoming<U>>),
    /// The store has not opened the file yet.
    Opening,
    Sending {
        file: F,
        object: ObjectWriter,
    },
    Answering {
        answer: Answer,
        sent: usize,
    },
    Finished,
    Broken,
}

/// An upload.
#[derive(Debug)]
struct Incoming<U> {
    upload: U,
    size: u64,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Stored { size: u64 },
    Refused(Refusal),
}

/// Why a request was not fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The request is not a valid object.
    Object(ObjectError),
    /// The object has neither `get` nor `filename` and `filedata`.
    NothingAsked,
    /// The client closed in the middle of the object.
    Incomplete,
    /// The name is not a valid path within the store.
    InvalidName,
    /// A file is to be stored without the token, or with a wrong one.
    WrongToken,
    /// The store's own error.
    Store(StoreError),
    /// A timeout has passed.
    TooSlow,
}

impl Refusal {
    /// The reason as text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Object(error) => error.text(),
            Self::NothingAsked => "neither get nor filename and filedata",
            Self::Incomplete => "incomplete object",
            Self::InvalidName => StoreError::InvalidName.text(),
            Self::WrongToken => "token missing or wrong: send \"token\" before \"filedata\"",
            Self::Store(error) => error.text(),
            Self::TooSlow => "too slow",
        }
    }

    /// The byte at which it was found.
    pub const fn byte(self) -> Option<u8> {
        if let Self::Object(error) = self { error.byte() } else { None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(self.text(), self.byte(), f)
    }
}

impl core::error::Error for Refusal {}

impl From<ObjectError> for Refusal {
    fn from(error: ObjectError) -> Self {
        Self::Object(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<F, U> Connection<F, U> {
    /// Without a client.
    pub const fn new() -> Self {
        Self { remote: None, reader: ObjectReader::new(), state: State::Finished }
    }
}

impl<F, U> Default for Connection<F, U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Store> FileServer<S> {
    /// Sends files of `store`, and stores none.
    pub const fn new(store: S) -> Self {
        Self { store, token: None }
    }

    /// Stores files for clients that show `token`, if the store is writable.
    #[must_use]
    pub const fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }
}

impl<S: Store> Protocol for FileServer<S> {
    type Connection = Connection<S::File, S::Upload>;

    fn name(&self) -> &'static str {
        "file-request"
    }

    fn open(
        &mut self,
        connection: &mut Self::Connection,
        peer: Endpoints,
        _env: &mut Environment<'_>,
    ) {
        *connection = Connection {
            remote: Some(peer.remote),
            reader: ObjectReader::new(),
            state: State::Reading(None),
        };
    }

    fn receive(
        &mut self,
        connection: &mut Self::Connection,
        input: &[u8],
        env: &mut Environment<'_>,
    ) -> usize {
        let mut rest = input;
        // Input after the object is dropped, so that a client that is still sending can go on to read
        // the answer.
        while !rest.is_empty() && matches!(connection.state, State::Reading(_)) {
            if let Err(refusal) = self.read(connection, &mut rest, env) {
                connection.refuse(refusal, env);
            }
        }
        input.len()
    }

    fn end_of_input(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>) {
        if !matches!(connection.state, State::Reading(_)) {
            return;
        }
        if connection.reader.is_at_start() {
            connection.state = State::Finished;
        } else {
            connection.refuse(Refusal::Incomplete, env);
        }
    }

    fn transmit(
        &mut self,
        connection: &mut Self::Connection,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> usize {
        if S::CAN_WAIT
            && matches!(connection.state, State::Opening)
            && let Err(error) = self.open_file(connection)
        {
            connection.refuse(error.into(), env);
        }
        let name = connection.reader.text().map_or("", |(_, name)| name);
        match &mut connection.state {
            State::Sending { file, object } => {
                let read = &mut |offset, buffer: &mut [u8]| self.store.read(file, offset, buffer);
                let result = object.write(last_segment(name), output, read);
                let size = object.size();
                match result {
                    Ok(given) => {
                        if object.is_complete() {
                            connection.state = State::Finished;
                            connection.report(env, false, Ok(size));
                        }
                        given
                    }
                    Err(WriteError::Read(StoreError::NotYet)) if S::CAN_WAIT => 0,
                    Err(error) => {
                        connection.state = State::Broken;
                        connection.report(env, false, Err(error.text()));
                        0
                    }
                }
            }
            State::Answering { answer, sent } => {
                let mut text = ResumableWriter::new(output, *sent);
                answer.write(name, &mut text);
                let shown = text.written();
                *sent += shown;
                if text.is_complete() {
                    connection.state = State::Finished;
                }
                shown
            }
            State::Reading(_) | State::Opening | State::Finished | State::Broken => 0,
        }
    }

    fn phase(&self, connection: &Self::Connection) -> Phase {
        match connection.state {
            State::Reading(_) if connection.reader.is_at_start() => Phase::FirstByte,
            State::Reading(None) => Phase::Head,
            State::Reading(Some(_)) => Phase::Body,
            State::Opening | State::Sending { .. } | State::Answering { .. } => Phase::Sending,
            State::Finished => Phase::Finished,
            State::Broken => Phase::Broken,
        }
    }

    fn expire(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>) {
        match connection.state {
            State::Reading(_) if connection.reader.is_at_start() => {
                connection.state = State::Finished;
            }
            State::Reading(_) => connection.refuse(Refusal::TooSlow, env),
            // A reset: an incomplete object must not end like a complete one.
            State::Opening | State::Sending { .. } | State::Answering { .. } => {
                connection.state = State::Broken;
            }
            State::Finished | State::Broken => {}
        }
    }

    fn close(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.state = State::Finished;
    }
}

impl<S: Store> FileServer<S> {
    /// Reads the client's object up to its next step, and performs that.
    fn read(
        &self,
        connection: &mut Connection<S::File, S::Upload>,
        input: &mut &[u8],
        env: &mut Environment<'_>,
    ) -> Result<(), Refusal> {
        let State::Reading(incoming) = &mut connection.state else { return Ok(()) };
        let mut data = [0; _];
        let step = connection.reader.next(input, &mut data);
        if step == Err(ObjectError::Base64) {
            // The answer to a client without the token does not depend on where its segments end.
            self.incoming(incoming, connection.reader.token())?;
        }
        match step? {
            Step::NeedInput => {}
            Step::Data(length) => {
                let incoming = self.incoming(incoming, connection.reader.token())?;
                self.store.write(&mut incoming.upload, data.get(..length).unwrap_or_default())?;
                incoming.size += length as u64;
            }
            // An invalid name is rejected before the content is sent.
            Step::Text(_) => {
                let name = connection.reader.text().map_or("", |(_, name)| name);
                if name.is_empty() || !is_valid_path(name) {
                    return Err(Refusal::InvalidName);
                }
            }
            Step::Complete => match connection.reader.text() {
                Some((Field::Get, _)) if !connection.reader.has_data() => {
                    self.open_file(connection)?
                }
                Some((Field::FileName, name)) if connection.reader.has_data() => {
                    self.incoming(incoming, connection.reader.token())?;
                    let Some(Incoming { upload, size }) = incoming.take() else { return Ok(()) };
                    self.store.commit(upload, name)?;
                    let answer = Answer::Stored { size };
                    connection.state = State::Answering { answer, sent: 0 };
                    connection.report(env, true, Ok(size));
                }
                _ => return Err(Refusal::NothingAsked),
            },
        }
        Ok(())
    }

    /// Opens the file that the client asks for, or leaves it to a later call.
    fn open_file(&self, connection: &mut Connection<S::File, S::Upload>) -> Result<(), StoreError> {
        let name = connection.reader.text().map_or("", |(_, name)| name);
        connection.state = match self.store.open(name, Encoding::Identity) {
            Err(StoreError::NotYet) if S::CAN_WAIT => State::Opening,
            file => {
                let file = file?;
                let object = ObjectWriter::new(self.store.metadata(&file).size);
                State::Sending { file, object }
            }
        };
        Ok(())
    }

    /// The upload, created if it does not exist.
    fn incoming<'i>(
        &self,
        incoming: &'i mut Option<Incoming<S::Upload>>,
        shown: &[u8],
    ) -> Result<&'i mut Incoming<S::Upload>, Refusal> {
        let Some(token) = self.token.as_ref().filter(|_| self.store.is_writable()) else {
            return Err(StoreError::ReadOnly.into());
        };
        if incoming.is_none() {
            if !token.matches(shown) {
                return Err(Refusal::WrongToken);
            }
            *incoming = Some(Incoming { upload: self.store.create(None)?, size: 0 });
        }
        incoming.as_mut().ok_or(Refusal::Incomplete)
    }
}

impl<F, U> Connection<F, U> {
    /// Answers with an error and discards an upload.
    fn refuse(&mut self, refusal: Refusal, env: &mut Environment<'_>) {
        let is_upload = matches!(self.state, State::Reading(Some(_)));
        self.state = State::Answering { answer: Answer::Refused(refusal), sent: 0 };
        let text = Line::of(|out| out.error(refusal.text(), refusal.byte()));
        self.report(env, is_upload, Err(text.as_str()));
    }

    fn report(&self, env: &mut Environment<'_>, is_upload: bool, result: Result<u64, &str>) {
        let Some(remote) = self.remote else { return };
        // No line breaks or escape sequences of a client in a log.
        let name = self.reader.text().filter(|(_, name)| is_valid_path(name));
        let (service, file) = ("file-request", name.map_or("", |(_, name)| name));
        env.observer.event(Event::Transferred { service, remote, file, is_upload, result });
    }
}

impl Answer {
    fn write(self, name: &str, out: &mut ResumableWriter<'_>) {
        match self {
            Self::Stored { size } => out
                .render("{\"stored\": %, \"size\": %}", &[Value::Json(name), Value::Number(size)]),
            Self::Refused(refusal) => {
                let why = Line::of(|out| out.error(refusal.text(), refusal.byte()));
                out.render("{\"error\": %}", &[Value::Json(why.as_str())]);
            }
        }
    }
}
