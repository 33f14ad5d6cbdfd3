//! An application as a table of routes.
//!
//! ```
//! use bareserve::http::{Request, Reply, Result, Route, Routes, Status, get, put};
//! use bareserve::Environment;
//!
//! struct App {
//!     lamps: [bool; 8],
//! }
//!
//! const ROUTES: &[Route<App>] = &[
//!     get("/lamps/:number", App::lamp),
//!     put("/lamps/:number", App::switch).body(8),
//! ];
//!
//! impl App {
//!     fn lamp(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
//!         let lamp = self.lamps.get(request.parse::<usize>("number")?).ok_or(Status::NOT_FOUND)?;
//!         Ok(reply.ok().text(if *lamp { "on" } else { "off" }))
//!     }
//!
//!     fn switch(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
//!         let number: usize = request.parse("number")?;
//!         *self.lamps.get_mut(number).ok_or(Status::NOT_FOUND)? = match request.body() {
//!             b"on" => true,
//!             b"off" => false,
//!             _ => return Err(Status::BAD_REQUEST.because("neither on nor off")),
//!         };
//!         Ok(reply.status(Status::NO_CONTENT).empty())
//!     }
//! }
//!
//! let application = Routes::new(ROUTES, App { lamps: [false; 8] });
//! ```

use smoltcp::time::Instant;

use super::{
    application::{Application, BodyMode},
    body_writer::{BodyPoll, BodyWriter},
    event_writer::EventWriter,
    methods::Methods,
    parameters, pattern,
    problem::Problem,
    request::Request,
    response::{Answer, Reply},
    result::Result,
    status::Status,
};
use crate::{
    protocol::environment::Environment,
    wire::{number::parse_decimal, writer::ResumableWriter},
};

/// Answers a request.
pub type Handler<A> = fn(&mut A, &Request<'_>, Reply<'_>, &mut Environment<'_>) -> Result;

/// Writes the next event of a stream, if there is one, and returns when to be called again; `None`
/// for each poll of the stack.
pub type EventHandler<A> =
    fn(&mut A, &mut EventWriter<'_>, &mut Environment<'_>) -> Option<Instant>;

/// Writes a whole body. It is called for each piece of it, and must write the same in each call.
pub type BodyHandler<A> = fn(&A, &Request<'_>, &mut ResumableWriter<'_>);

/// The name of the field with which a client continues a stream of events.
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// An entry of a table: methods, a path, and what answers there. Tables are constants, in flash.
///
/// The path is a pattern of segments between slashes. `:name` matches one segment that is not
/// empty, see [`Request::parameter`]; `*` as the last one matches any rest of the path, even
/// none. Where several routes match, the first in the table answers.
pub struct Route<A> {
    methods: Methods,
    pattern: &'static str,
    action: Action<A>,
    body: Option<BodyHandler<A>>,
    limit: usize,
    fields: &'static [&'static str],
    is_json: bool,
}

enum Action<A> {
    Respond(Handler<A>),
    Events(EventHandler<A>),
}

/// GET, and with it HEAD.
pub const fn get<A>(pattern: &'static str, handler: Handler<A>) -> Route<A> {
    Route::new(Methods::GET, pattern, handler)
}

/// POST. For a body, add [`Route::body`].
pub const fn post<A>(pattern: &'static str, handler: Handler<A>) -> Route<A> {
    Route::new(Methods::POST, pattern, handler)
}

/// PUT. For a body, add [`Route::body`].
pub const fn put<A>(pattern: &'static str, handler: Handler<A>) -> Route<A> {
    Route::new(Methods::PUT, pattern, handler)
}

/// PATCH. For a body, add [`Route::body`].
pub const fn patch<A>(pattern: &'static str, handler: Handler<A>) -> Route<A> {
    Route::new(Methods::PATCH, pattern, handler)
}

/// DELETE.
pub const fn delete<A>(pattern: &'static str, handler: Handler<A>) -> Route<A> {
    Route::new(Methods::DELETE, pattern, handler)
}

/// All methods that a resource can have.
pub const fn any<A>(pattern: &'static str, handler: Handler<A>) -> Route<A> {
    Route::new(Methods::ALL, pattern, handler)
}

/// A stream of server-sent events (WHATWG HTML section 9.2). `handler` is called at once, and again
/// at the time that it returns.
pub const fn events<A>(pattern: &'static str, handler: EventHandler<A>) -> Route<A> {
    Route { action: Action::Events(handler), ..Route::new(Methods::GET, pattern, not_found) }
}

/// The placeholder for an action that is replaced.
fn not_found<A>(_: &mut A, _: &Request<'_>, _: Reply<'_>, _: &mut Environment<'_>) -> Result {
    Err(Status::NOT_FOUND.into())
}

impl<A> Route<A> {
    /// A route for these methods.
    pub const fn new(methods: Methods, pattern: &'static str, handler: Handler<A>) -> Self {
        let action = Action::Respond(handler);
        Self { methods, pattern, action, body: None, limit: 0, fields: &[], is_json: false }
    }

    /// The handler gets the request's body, of `limit` bytes at most, in [`Request::body`]. A longer
    /// one is answered with 413, and so is one that does not fit into the connection's buffer.
    #[must_use]
    pub const fn body(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The resource speaks JSON: a body that is not `application/json` is answered with 415 before
    /// it is read, and errors are [problem details](https://www.rfc-editor.org/rfc/rfc9457) in JSON
    /// instead of pages: `{"title": "Conflict", "status": 409, "detail": "…"}`.
    ///
    /// The 415 also keeps pages of other sites out, which can send forms and plain text without a
    /// preflight request, but not JSON.
    #[must_use]
    pub const fn json(self) -> Self {
        Self { is_json: true, ..self }
    }

    /// Keeps fields of these names for [`Request::field`], besides those that are always kept; `*`
    /// keeps all.
    #[must_use]
    pub const fn fields(self, names: &'static [&'static str]) -> Self {
        Self { fields: names, ..self }
    }

    /// Lets `body` write the response's body, when the handler ends the head with
    /// [`Response::stream`](super::Response::stream) or
    /// [`Response::sized`](super::Response::sized). For one that is longer than the connection's
    /// buffer.
    #[must_use]
    pub const fn streamed(self, body: BodyHandler<A>) -> Self {
        Self { body: Some(body), ..self }
    }

    fn wants(&self, name: &str) -> bool {
        let is_resumable = matches!(self.action, Action::Events(_));
        is_resumable && name.eq_ignore_ascii_case(LAST_EVENT_ID)
            || self.fields.iter().any(|wanted| *wanted == "*" || name.eq_ignore_ascii_case(wanted))
    }
}

/// The application `A` behind a table of routes.
///
/// A path that no route matches is left to the next application of a tuple. 404, 405 with Allow,
/// OPTIONS and HEAD come from the table.
pub struct Routes<A: 'static> {
    table: &'static [Route<A>],
    application: A,
}

/// The state of a request to [`Routes`] in a connection: 32 bytes at most.
#[derive(Debug)]
pub struct RouteExchange(Progress);

#[derive(Debug)]
enum Progress {
    /// The route of this index answers.
    Matched(usize),
    /// A stream of events: the time of the next call, and the id of the last event.
    Events { route: usize, due: Instant, last_id: u64 },
}

impl<A> Routes<A> {
    /// `application`, reached by the routes of `table`.
    pub const fn new(table: &'static [Route<A>], application: A) -> Self {
        Self { table, application }
    }

    /// The application.
    pub fn application(&mut self) -> &mut A {
        &mut self.application
    }

    fn find(&self, request: &Request<'_>) -> Result<usize> {
        let (path, method) = (request.path(), request.method());
        let is_it = |route: &Route<A>| {
            route.methods.contains(method) && pattern::matches(route.pattern, path)
        };
        self.table.iter().position(is_it).ok_or(Status::NOT_FOUND.into())
    }

    fn matching<'s>(&self, path: &'s str) -> impl Iterator<Item = &'static Route<A>> + use<'s, A> {
        self.table.iter().filter(move |route| pattern::matches(route.pattern, path))
    }
}

impl<A> Application for Routes<A> {
    type Exchange = RouteExchange;

    const CAN_WAIT: bool = false;

    fn methods(&self, path: &str) -> Option<Methods> {
        let add = |all: Methods, route: &Route<A>| all.and(route.methods);
        Some(self.matching(path).fold(Methods::NONE, add)).filter(|methods| !methods.is_empty())
    }

    fn wants_field(&self, path: &str, name: &str) -> bool {
        self.matching(path).any(|route| route.wants(name))
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<RouteExchange>,
        _: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        let index = self.find(request)?;
        let route = self.table.get(index).ok_or(Status::NOT_FOUND)?;
        *exchange = Some(RouteExchange(Progress::Matched(index)));
        if route.limit == 0 {
            return Ok(BodyMode::Ignore);
        }
        if route.is_json && !is_json(request) {
            return Err(NOT_JSON);
        }
        Ok(BodyMode::Collect { limit: route.limit })
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<RouteExchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        let index = match exchange {
            Some(RouteExchange(Progress::Matched(index))) => *index,
            _ => usize::MAX,
        };
        let Some(route) = self.table.get(index) else { return reply.error(Status::NOT_FOUND) };
        let request = request.on_route(route.pattern);
        match route.action {
            Action::Respond(handler) => {
                handler(&mut self.application, &request, reply, env).unwrap_or_else(Answer::from)
            }
            Action::Events(_) => {
                let last_id = request.field(LAST_EVENT_ID).unwrap_or_default();
                let last_id = parse_decimal(last_id.as_bytes()).unwrap_or(0);
                let progress = Progress::Events { route: index, due: Instant::ZERO, last_id };
                *exchange = Some(RouteExchange(progress));
                reply.ok().events()
            }
        }
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut RouteExchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        let (index, due, last_id) = match &mut exchange.0 {
            Progress::Matched(index) => (*index, None, &mut 0),
            Progress::Events { route, due, last_id } => (*route, Some(due), last_id),
        };
        let Some(route) = self.table.get(index) else { return BodyPoll::End };
        let request = request.on_route(route.pattern);
        match (&route.action, route.body, due) {
            (Action::Events(handler), _, Some(due)) => {
                if env.now < *due {
                    return BodyPoll::Wait(Some(*due));
                }
                let mut events = EventWriter::new(output.room(), request, *last_id);
                let next = handler(&mut self.application, &mut events, env);
                *due = next.unwrap_or(Instant::ZERO);
                events.finish(last_id, next)
            }
            (_, Some(body), _) => output.resume(|out| body(&self.application, &request, out)),
            _ => BodyPoll::End,
        }
    }

    fn speaks_json(&self, path: &str) -> bool {
        self.matching(path).any(|route| route.is_json)
    }
}

/// The answer to a body of another media type than JSON.
pub(super) const NOT_JSON: Problem =
    Status::UNSUPPORTED_MEDIA_TYPE.because("the body must be application/json");

/// Whether the request's Content-Type is JSON, with any parameters (RFC 8259 section 11).
pub(super) fn is_json(request: &Request<'_>) -> bool {
    let value = request.field("Content-Type").unwrap_or_default();
    parameters::split(value.as_bytes()).0.eq_ignore_ascii_case(b"application/json")
}
