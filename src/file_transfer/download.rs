//! The download server (port 5566): sends one file to each client that connects, without a request.

use smoltcp::wire::IpEndpoint;

use super::writer::{ObjectWriter, WriteError, last_segment};
use crate::{
    protocol::{
        endpoints::Endpoints,
        environment::{Environment, Event},
        stream::{Phase, Protocol},
    },
    store::{Encoding, Store, StoreError},
};

/// Sends one file of a store as a JSON object, then closes. Input is dropped.
#[derive(Debug)]
pub struct Download<'n, S> {
    store: S,
    path: &'n str,
}

/// One connection of a [`Download`]: about 100 bytes and the store's handle; no buffer.
#[derive(Debug)]
pub struct Connection<'n, F> {
    path: &'n str,
    remote: Option<IpEndpoint>,
    state: State<F>,
}

#[derive(Debug)]
enum State<F> {
    /// The store has not opened the file yet.
    Opening,
    Sending {
        file: F,
        object: ObjectWriter,
    },
    Finished,
    Broken,
}

impl<F> Connection<'_, F> {
    /// Without a client.
    pub const fn new() -> Self {
        Self { path: "", remote: None, state: State::Finished }
    }
}

impl<F> Default for Connection<'_, F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'n, S: Store> Download<'n, S> {
    /// Serves the file at `path`, which is opened for each client, so that it may be created and
    /// replaced meanwhile. A client is sent nothing if it cannot be opened. The last segment of
    /// `path` is the name in the object.
    pub fn new(store: S, path: &'n str) -> Self {
        Self { store, path }
    }

    /// Serves another file from the next client on.
    pub fn set_path(&mut self, path: &'n str) {
        self.path = path;
    }
}

impl<'n, S: Store> Protocol for Download<'n, S> {
    type Connection = Connection<'n, S::File>;

    fn name(&self) -> &'static str {
        "file"
    }

    fn open(
        &mut self,
        connection: &mut Self::Connection,
        peer: Endpoints,
        env: &mut Environment<'_>,
    ) {
        connection.path = self.path;
        connection.remote = Some(peer.remote);
        connection.state = State::Opening;
        self.open_file(connection, env);
    }

    fn receive(
        &mut self,
        _connection: &mut Self::Connection,
        input: &[u8],
        _env: &mut Environment<'_>,
    ) -> usize {
        input.len()
    }

    fn end_of_input(&mut self, _connection: &mut Self::Connection, _env: &mut Environment<'_>) {}

    fn transmit(
        &mut self,
        connection: &mut Self::Connection,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> usize {
        if S::CAN_WAIT && matches!(connection.state, State::Opening) {
            self.open_file(connection, env);
        }
        let State::Sending { file, object } = &mut connection.state else { return 0 };
        let path = connection.path;
        let read = &mut |offset, buffer: &mut [u8]| self.store.read(file, offset, buffer);
        match object.write(last_segment(path), output, read) {
            Ok(given) => {
                if object.is_complete() {
                    let size = object.size();
                    connection.state = State::Finished;
                    connection.report(env, Ok(size));
                }
                given
            }
            Err(WriteError::Read(StoreError::NotYet)) if S::CAN_WAIT => 0,
            Err(error) => {
                connection.state = State::Broken;
                connection.report(env, Err(error.text()));
                0
            }
        }
    }

    fn phase(&self, connection: &Self::Connection) -> Phase {
        match connection.state {
            State::Opening | State::Sending { .. } => Phase::Sending,
            State::Finished => Phase::Finished,
            State::Broken => Phase::Broken,
        }
    }

    fn expire(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        // A reset: an incomplete object must not end like a complete one.
        connection.state = State::Broken;
    }

    fn close(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.state = State::Finished;
    }
}

impl<'n, S: Store> Download<'n, S> {
    /// Opens the file, if the store has it at hand.
    fn open_file(&self, connection: &mut Connection<'n, S::File>, env: &mut Environment<'_>) {
        connection.state = match self.store.open(connection.path, Encoding::Identity) {
            Ok(file) => {
                let size = self.store.metadata(&file).size;
                State::Sending { file, object: ObjectWriter::new(size) }
            }
            Err(StoreError::NotYet) if S::CAN_WAIT => return,
            Err(error) => {
                connection.report(env, Err(error.text()));
                State::Finished
            }
        };
    }
}

impl<F> Connection<'_, F> {
    fn report(&self, env: &mut Environment<'_>, result: Result<u64, &str>) {
        if let Some(remote) = self.remote {
            let (service, file) = ("file", self.path);
            let event = Event::Transferred { service, remote, file, is_upload: false, result };
            env.observer.event(event);
        }
    }
}
