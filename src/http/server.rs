//! HTTP as a [`Protocol`]: the applications, and what all connections share.

use smoltcp::time::Instant;

use super::{
    access::{Admission, WriteAccess},
    application::Application,
    connection::{Connection, ConnectionMut},
    date::DateField,
};
use crate::protocol::{
    endpoints::Endpoints,
    environment::Environment,
    stream::{Phase, Protocol},
};

/// An HTTP/1.1 server for the resources of `A`, usually a tuple of applications that ends in
/// [`Files`](super::Files). `BUFFER` is that of each [`Connection`].
pub struct Server<A, const BUFFER: usize> {
    application: A,
    pub(super) admission: Admission,
    date: DateField,
}

impl<A: Application, const BUFFER: usize> Server<A, BUFFER> {
    /// A server for these resources.
    pub const fn new(application: A) -> Self {
        let admission = Admission { links: WriteAccess::DENIED, host_names: &[] };
        Self { application, admission, date: DateField::new() }
    }

    /// Answers requests for these host names too, and for the names below them. Always answered are
    /// those for IP addresses, for `localhost` and the names below it, and those of HTTP/1.0 without a
    /// Host field. All others are refused with 421, so that no page of another site reaches the server
    /// under a name of its own (DNS rebinding).
    #[must_use]
    pub fn with_host_names(mut self, names: &'static [&'static str]) -> Self {
        self.admission.host_names = names;
        self
    }

    /// Accepts links that carry a token: `GET /…?token=…` sets a cookie with it, which
    /// [`WriteAccess::check`] accepts, and redirects to the path without it.
    #[must_use]
    pub fn with_links(mut self, access: WriteAccess) -> Self {
        self.admission.links = access;
        self
    }

    /// The application that answers the requests.
    pub fn application(&mut self) -> &mut A {
        &mut self.application
    }

    fn connection_mut<'s, 'e>(
        &'s mut self,
        connection: &'s mut Connection<A, BUFFER>,
        env: &'s mut Environment<'e>,
    ) -> ConnectionMut<'s, 'e, A> {
        ConnectionMut {
            service: SERVICE,
            application: &mut self.application,
            admission: &self.admission,
            date: &mut self.date,
            state: &mut connection.state,
            buffer: &mut connection.buffer,
            env,
        }
    }
}

const SERVICE: &str = "http";

impl<A: Application, const BUFFER: usize> Protocol for Server<A, BUFFER> {
    type Connection = Connection<A, BUFFER>;

    fn name(&self) -> &'static str {
        SERVICE
    }

    fn open(
        &mut self,
        connection: &mut Self::Connection,
        peer: Endpoints,
        _env: &mut Environment<'_>,
    ) {
        connection.state.open(peer);
    }

    fn receive(
        &mut self,
        connection: &mut Self::Connection,
        input: &[u8],
        env: &mut Environment<'_>,
    ) -> usize {
        self.connection_mut(connection, env).receive(input)
    }

    fn end_of_input(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>) {
        self.connection_mut(connection, env).end_of_input();
    }

    fn transmit(
        &mut self,
        connection: &mut Self::Connection,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> usize {
        self.connection_mut(connection, env).transmit(output)
    }

    fn phase(&self, connection: &Self::Connection) -> Phase {
        connection.state.phase()
    }

    fn poll_at(&self, connection: &Self::Connection) -> Option<Instant> {
        connection.state.poll_at()
    }

    fn expire(&mut self, connection: &mut Self::Connection, env: &mut Environment<'_>) {
        self.connection_mut(connection, env).expire();
    }

    fn close(&mut self, connection: &mut Self::Connection, _env: &mut Environment<'_>) {
        connection.state.close();
    }
}
