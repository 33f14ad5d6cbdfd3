//! What answers requests.

use super::{
    method::Method,
    request::Request,
    response::{Answer, Reply},
    status::Status,
};
use crate::protocol::environment::Environment;
use smoltcp::time::Instant;

/// A set of resources, and how they answer.
///
/// The server asks, for each request: [`methods`](Application::methods) whether the path is one of
/// this application's and what may be done with it; [`begin`](Application::begin) what it makes of
/// the request and its body; [`receive`](Application::receive) for each piece of a body that it
/// wants to see as it comes; [`respond`](Application::respond) for the response; and
/// [`produce`](Application::produce) for each piece of a body longer than the connection's buffer.
/// Only `methods` and `respond` must be written.
///
/// Methods that are unknown (501) or not allowed (405), OPTIONS, HEAD, framing, limits and
/// connections are none of its business. Two applications make one as a tuple: the first that knows
/// the path answers.
///
/// ```
/// use bareserve::{
///     environment::Environment,
///     http::{Answer, Application, Method, Reply, Request, Status, segments},
/// };
///
/// /// `GET /greeting/NAME`.
/// struct Greeter;
///
/// impl Application for Greeter {
///     type Exchange = ();
///
///     fn methods(&self, path: &str) -> Option<&'static [Method]> {
///         match segments(path, &mut [""; 2]) {
///             ["greeting", _] => Some(&[Method::Get]),
///             _ => None,
///         }
///     }
///
///     fn respond(
///         &mut self,
///         request: &Request<'_>,
///         _: &mut Option<()>,
///         reply: Reply<'_>,
///         _: &mut Environment<'_>,
///     ) -> Answer {
///         match request.segments(&mut [""; 2]) {
///             ["greeting", name] => reply.ok().field("Cache-Control", "no-store").text(name),
///             _ => reply.error(Status::NOT_FOUND),
///         }
///     }
/// }
/// ```
pub trait Application {
    /// What a request in progress has to remember between two calls, if it streams. Each connection
    /// has a place for it, empty when a request comes; it is emptied when nothing more
    /// is to be produced, or the connection is lost.
    type Exchange;

    /// The methods that the resource at `path` has, or `None` if there is no such resource here.
    /// `path` is as in [`Request::path`]. GET stands for HEAD too; OPTIONS goes without saying.
    fn methods(&self, path: &str) -> Option<&'static [Method]>;

    /// Whether to keep the field `name` of requests for `path`, besides those that always are (see
    /// [`Request::field`]). What is kept and does not fit into the connection's buffer fails the
    /// request with 431. Compare names without regard to case.
    fn wants_field(&self, path: &str, name: &str) -> bool {
        let _ = (path, name);
        false
    }

    /// The head is complete: what about the body? Check here whether the request is allowed at all.
    /// For [`Begin::Stream`], `exchange` is to be filled.
    ///
    /// # Errors
    /// The status to answer with instead. A body is not awaited then.
    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<Begin, Status> {
        let _ = (request, exchange, env);
        Ok(Begin::Respond)
    }

    /// A piece of the body has come, after [`Begin::Stream`]. Returns how much of it was taken; the
    /// rest is offered again in the next turn. Taking nothing holds up the sender.
    ///
    /// `scratch` is what the connection's buffer has left, [`RESERVE`](super::RESERVE) bytes or
    /// more. It keeps its content until [`respond`](Application::respond).
    ///
    /// # Errors
    /// The status to answer with. The rest of the body is not awaited.
    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize, Status> {
        let _ = (request, exchange, scratch, env);
        Ok(piece.len())
    }

    /// The request is complete: answers it. `exchange` is as [`begin`](Application::begin) and
    /// [`receive`](Application::receive) left it. For an answer that is streamed, it is to be filled
    /// with what [`produce`](Application::produce) needs.
    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer;

    /// Writes the next piece of a streamed body to the front of `output`, which is never empty but
    /// may be as short as a byte.
    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Produced {
        let _ = (request, exchange, output, env);
        Produced::End
    }
}

/// What an application makes of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Nothing: it responds at once.
    Respond,
    /// It wants the body as a whole, in [`Request::body`], when it is complete. Longer than `limit`
    /// bytes, or than fits into the connection's buffer, is answered with 413.
    Collect {
        /// In bytes.
        limit: usize,
    },
    /// It wants to [`receive`](Application::receive) the body in pieces.
    Stream {
        /// More bytes than this are answered with 413.
        limit: u64,
    },
}

/// What [`Application::produce`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Produced {
    /// Wrote so many bytes, at least one.
    Bytes(usize),
    /// Has nothing to say now, but will: at that time, if one is given. It is asked again in every
    /// turn of the main loop anyway.
    Wait(Option<Instant>),
    /// The body is complete. For one whose length was announced: it cannot go on, and the connection
    /// is reset so that the client does not take a part for the whole.
    End,
}

/// Nothing is here.
impl Application for () {
    type Exchange = ();

    fn methods(&self, _path: &str) -> Option<&'static [Method]> {
        None
    }

    fn respond(
        &mut self,
        _request: &Request<'_>,
        _exchange: &mut Option<()>,
        reply: Reply<'_>,
        _env: &mut Environment<'_>,
    ) -> Answer {
        reply.error(Status::NOT_FOUND)
    }
}

/// The exchange of two applications in a row.
#[derive(Debug)]
pub enum Either<A, B> {
    /// The first answers.
    First(Option<A>),
    /// The second answers.
    Second(Option<B>),
}

/// The first answers for every path that it knows, the second for the others.
impl<A: Application, B: Application> Application for (A, B) {
    type Exchange = Either<A::Exchange, B::Exchange>;

    fn methods(&self, path: &str) -> Option<&'static [Method]> {
        self.0.methods(path).or_else(|| self.1.methods(path))
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        match self.0.methods(path) {
            Some(_) => self.0.wants_field(path, name),
            None => self.1.wants_field(path, name),
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<Begin, Status> {
        match choose(self, request, exchange) {
            Either::First(exchange) => self.0.begin(request, exchange, env),
            Either::Second(exchange) => self.1.begin(request, exchange, env),
        }
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize, Status> {
        match exchange {
            Either::First(Some(exchange)) => self.0.receive(request, exchange, piece, scratch, env),
            Either::Second(Some(exchange)) => {
                self.1.receive(request, exchange, piece, scratch, env)
            }
            Either::First(None) | Either::Second(None) => Ok(piece.len()),
        }
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match choose(self, request, exchange) {
            Either::First(exchange) => self.0.respond(request, exchange, reply, env),
            Either::Second(exchange) => self.1.respond(request, exchange, reply, env),
        }
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Produced {
        match exchange {
            Either::First(Some(exchange)) => self.0.produce(request, exchange, output, env),
            Either::Second(Some(exchange)) => self.1.produce(request, exchange, output, env),
            Either::First(None) | Either::Second(None) => Produced::End,
        }
    }
}

/// Which of `applications` answers `request`: noted in `exchange` when it has begun.
fn choose<'x, A: Application, B: Application>(
    (first, _): &(A, B),
    request: &Request<'_>,
    exchange: &'x mut Option<Either<A::Exchange, B::Exchange>>,
) -> &'x mut Either<A::Exchange, B::Exchange> {
    exchange.get_or_insert_with(|| match first.methods(request.path()) {
        Some(_) => Either::First(None),
        None => Either::Second(None),
    })
}
