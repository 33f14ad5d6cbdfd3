//! The protocols that share one pool of connections.
//!
//! [`on`] binds a protocol to its ports; the protocols of a tuple share one pool. The protocol state of
//! a connection is as large as that of the largest protocol. It belongs to the protocol whose port the
//! peer connected to, and is replaced when the next peer connects to another protocol.
//!
//! ```
//! use bareserve::{
//!     echo::{self, TcpEcho},
//!     net::tcp::protocols::on,
//!     time::{server::TimeServer, timestamp::{self, Timestamp}},
//! };
//!
//! // Of all connections in the pool, at most 3 are for the echo service.
//! let protocols = (
//!     on(&[timestamp::PORT], TimeServer(Timestamp)),
//!     on(&[echo::PORT], TcpEcho::<128>).at_most(3),
//! );
//! ```

use super::erased::ErasedConnection;
use crate::{counters::Ports, protocol::stream::Protocol};

/// A protocol and its ports.
#[derive(Debug, Clone)]
pub struct On<P> {
    /// The protocol, which holds the state that its connections share.
    pub protocol: P,
    listener: Listener,
}

/// The ports of a protocol, and the most connections that it may have.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The ports; `None` if there are more than a service can have.
    pub(in crate::net) ports: Option<Ports>,
    /// The most connections at once.
    pub(in crate::net) cap: usize,
}

/// Binds a protocol to one to four ports. [`Stack::tcp`](crate::Stack::tcp) returns an error for any
/// other number.
pub fn on<P: Protocol>(ports: &[u16], protocol: P) -> On<P> {
    On { protocol, listener: Listener::new(ports) }
}

impl Listener {
    // Called for each protocol of a pool; not inlined, to save flash.
    #[inline(never)]
    fn new(ports: &[u16]) -> Self {
        Self { ports: Ports::from_slice(ports).ok(), cap: usize::MAX }
    }
}

impl<P> On<P> {
    /// Limits the protocol to `cap` connections at once (at least one), even if more are free. In any
    /// case it leaves a quarter of the pool, one or two connections, to the other protocols.
    #[must_use]
    pub fn at_most(mut self, cap: usize) -> Self {
        self.listener.cap = cap.max(1);
        self
    }
}

/// The protocols of a pool: one [`On`], or a tuple of two to four [`Protocols`].
pub trait Protocols {
    /// A connection of any of the protocols.
    type Connection: Default;

    /// The number of protocols.
    const COUNT: usize;

    /// Calls `visit` with each protocol's name and listener, in order.
    fn visit(&self, visit: &mut dyn FnMut(&'static str, &Listener));

    /// A new connection of the protocol of this number, counted from 0.
    fn connection(number: usize) -> Self::Connection;

    /// Calls `step` with `connection` and its protocol.
    fn with(&mut self, connection: &mut Self::Connection, step: Step<'_>);
}

/// An operation on a connection.
pub type Step<'s> = &'s mut dyn FnMut(&mut dyn ErasedConnection);

impl<P: Protocol> Protocols for On<P> {
    type Connection = P::Connection;
    const COUNT: usize = 1;

    fn visit(&self, visit: &mut dyn FnMut(&'static str, &Listener)) {
        visit(self.protocol.name(), &self.listener);
    }

    fn connection(_number: usize) -> Self::Connection {
        P::Connection::default()
    }

    fn with(&mut self, connection: &mut Self::Connection, step: Step<'_>) {
        step(&mut (&mut self.protocol, connection));
    }
}

/// A connection of one of two protocols.
#[derive(Debug, Clone)]
pub enum OneOf<A, B> {
    /// Of the first protocol.
    First(A),
    /// Of the second protocol.
    Second(B),
}

impl<A: Default, B> Default for OneOf<A, B> {
    fn default() -> Self {
        Self::First(A::default())
    }
}

impl<A: Protocols, B: Protocols> Protocols for (A, B) {
    type Connection = OneOf<A::Connection, B::Connection>;
    const COUNT: usize = A::COUNT + B::COUNT;

    fn visit(&self, visit: &mut dyn FnMut(&'static str, &Listener)) {
        self.0.visit(visit);
        self.1.visit(visit);
    }

    fn connection(number: usize) -> Self::Connection {
        match number.checked_sub(A::COUNT) {
            None => OneOf::First(A::connection(number)),
            Some(number) => OneOf::Second(B::connection(number)),
        }
    }

    fn with(&mut self, connection: &mut Self::Connection, step: Step<'_>) {
        match connection {
            OneOf::First(connection) => self.0.with(connection, step),
            OneOf::Second(connection) => self.1.with(connection, step),
        }
    }
}

impl<A: Protocols, B: Protocols, C: Protocols> Protocols for (A, B, C) {
    type Connection = OneOf<A::Connection, OneOf<B::Connection, C::Connection>>;
    const COUNT: usize = A::COUNT + B::COUNT + C::COUNT;

    fn visit(&self, visit: &mut dyn FnMut(&'static str, &Listener)) {
        self.0.visit(visit);
        self.1.visit(visit);
        self.2.visit(visit);
    }

    fn connection(number: usize) -> Self::Connection {
        <(A, (B, C))>::connection(number)
    }

    fn with(&mut self, connection: &mut Self::Connection, step: Step<'_>) {
        (&mut self.0, (&mut self.1, &mut self.2)).with(connection, step);
    }
}

impl<A: Protocols, B: Protocols, C: Protocols, D: Protocols> Protocols for (A, B, C, D) {
    type Connection =
        OneOf<OneOf<A::Connection, B::Connection>, OneOf<C::Connection, D::Connection>>;
    const COUNT: usize = A::COUNT + B::COUNT + C::COUNT + D::COUNT;

    fn visit(&self, visit: &mut dyn FnMut(&'static str, &Listener)) {
        self.0.visit(visit);
        self.1.visit(visit);
        self.2.visit(visit);
        self.3.visit(visit);
    }

    fn connection(number: usize) -> Self::Connection {
        <((A, B), (C, D))>::connection(number)
    }

    fn with(&mut self, connection: &mut Self::Connection, step: Step<'_>) {
        ((&mut self.0, &mut self.1), (&mut self.2, &mut self.3)).with(connection, step);
    }
}

/// Lets the implementation for a longer tuple use that for a tuple of tuples.
impl<P: Protocols> Protocols for &mut P {
    type Connection = P::Connection;
    const COUNT: usize = P::COUNT;

    fn visit(&self, visit: &mut dyn FnMut(&'static str, &Listener)) {
        (**self).visit(visit);
    }

    fn connection(number: usize) -> Self::Connection {
        P::connection(number)
    }

    fn with(&mut self, connection: &mut Self::Connection, step: Step<'_>) {
        (**self).with(connection, step);
    }
}
