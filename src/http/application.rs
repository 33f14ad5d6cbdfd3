//! The trait of applications, which answer requests.

mod combined;

pub use self::combined::Either;
use super::{
    body_writer::{BodyPoll, BodyWriter},
    methods::Methods,
    request::Request,
    response::{Answer, Reply},
    result::Result,
};
use crate::protocol::environment::Environment;

/// A set of resources, and how they answer.
///
/// [`Routes`](super::Routes) is the application to start with: a table of paths and functions. This
/// trait is for those that need more: bodies of any length in either direction, paths that are not
/// known beforehand.
///
/// The server calls, for each request: [`methods`](Application::methods), which says whether the
/// path is one of this application's and what may be done with it; [`begin`](Application::begin),
/// which decides how the body is handled; [`receive`](Application::receive) for each piece of a body
/// that is streamed; [`respond`](Application::respond) for the response; and
/// [`produce`](Application::produce) for each piece of a response's body that is streamed. Only
/// `methods` and `respond` are required.
///
/// The server itself handles methods that are unknown (501) or not allowed (405), OPTIONS, HEAD,
/// framing, limits and connections. Two to four applications make one as a tuple: the first that
/// knows the path answers. `Option<A>` is an application without resources while it is `None`.
///
/// ```
/// use bareserve::{
///     Environment,
///     http::{Answer, Application, Methods, Reply, Request, Status, segments},
/// };
///
/// /// `GET /greeting/NAME`.
/// struct Greeter;
///
/// impl Application for Greeter {
///     type Exchange = ();
///
///     fn methods(&self, path: &str) -> Option<Methods> {
///         match segments(path, &mut [""; 2]) {
///             ["greeting", _] => Some(Methods::GET),
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
    /// The state of a streamed request between two calls. Each connection
    /// has a place for it, so its size counts for every connection. It is empty when a request
    /// begins, and emptied when nothing more is to be produced or the connection is lost.
    type Exchange;

    /// Whether a [`Store`](crate::store::Store) that it shows [can wait](crate::store::Store::CAN_WAIT).
    const CAN_WAIT: bool = true;

    /// The methods that the resource at `path` has, or `None` if there is no such resource here.
    /// `path` is as in [`Request::path`].
    fn methods(&self, path: &str) -> Option<Methods>;

    /// Whether to keep the field `name` of requests for `path`, besides those that are always kept
    /// (see [`Request::field`]). A kept field that does not fit into the connection's buffer fails
    /// the request with 431. Compare names without regard to case.
    fn wants_field(&self, path: &str, name: &str) -> bool {
        let _ = (path, name);
        false
    }

    /// The head is complete: decides how the body is handled. Check here whether the request is
    /// allowed at all. For [`BodyMode::Stream`], fill `exchange`.
    ///
    /// # Errors
    /// The problem to answer with instead. The body is not awaited then.
    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        let _ = (request, exchange, env);
        Ok(BodyMode::Ignore)
    }

    /// Takes a piece of the body, after [`BodyMode::Stream`], and returns how many bytes of it were
    /// taken. The rest is offered again in the next call of the main loop. Taking none stops the
    /// sender: its window closes.
    ///
    /// `scratch` is the free part of the connection's buffer, [`RESERVE`](super::RESERVE) bytes or
    /// more. It keeps its content until [`respond`](Application::respond).
    ///
    /// # Errors
    /// The problem to answer with. The rest of the body is not awaited.
    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> Result<usize> {
        let _ = (request, exchange, scratch, env);
        Ok(piece.len())
    }

    /// Answers the request, which is complete. `exchange` is as [`begin`](Application::begin) and
    /// [`receive`](Application::receive) left it. For a response that is streamed, fill it with
    /// what [`produce`](Application::produce) needs.
    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer;

    /// Writes the next piece of a streamed body. The room in `output` is never empty. For a body
    /// whose length was announced it may be as short as a byte, for one of unknown length it has
    /// [`LEAST_PIECE`](super::LEAST_PIECE) bytes at least.
    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        let _ = (request, exchange, output, env);
        BodyPoll::End
    }

    /// Whether the clients of the resource at `path` expect JSON. Its errors are
    /// [problem details](https://www.rfc-editor.org/rfc/rfc9457) then, instead of short pages.
    fn speaks_json(&self, path: &str) -> bool {
        let _ = path;
        false
    }
}

/// How a request's body is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyMode {
    /// It is not needed. The server reads and drops a short one, and closes the connection instead
    /// of reading a long one.
    Ignore,
    /// The whole body is needed, and is in [`Request::body`] when it is complete. One that is longer
    /// than `limit` bytes, or than the free part of the connection's buffer, is answered with 413.
    Collect {
        /// In bytes.
        limit: usize,
    },
    /// The application [receives](Application::receive) the body in pieces.
    Stream {
        /// A longer body, in bytes, is answered with 413.
        limit: u64,
    },
}
