//! `todo`: a JSON API over a store of fixed size.
//!
//! | route | what | answers |
//! |---|---|---|
//! | `GET /todos` | all of them | 200 |
//! | `POST /todos` | a new one | 201 with Location, 409 for a title that is there, 507 when full |
//! | `GET /todos/ID` | one | 200, 404 |
//! | `PUT /todos/ID` | changes it | 200, 404, 409 |
//! | `DELETE /todos/ID` | removes it | 204, 404 |
//!
//! A todo is `{"id": 1, "title": "Buy milk", "done": false}`; it is sent without the `id`, and `done`
//! may be left out. JSON that is something else gets 400, a body that is no JSON 415.

use core::convert::Infallible;

use bareserve::{
    http::{Answer, Application, Begin, Method, Reply, Request, Status, segments},
    protocol::environment::Environment,
};
use serde::{Deserialize, Serialize};

/// How many there can be: as JSON, all of them must fit into a connection's buffer.
const CAPACITY: usize = 16;

/// The longest title, in bytes.
const LONGEST_TITLE: usize = 48;

/// The longest body: a title all in escapes like `\u00e9`, and the rest.
const LONGEST_BODY: usize = 6 * LONGEST_TITLE + 64;

/// The application and its store. 16 todos of 48 bytes and the count.
pub struct Todos {
    todos: heapless::Vec<Todo, CAPACITY>,
    last_id: u32,
}

#[derive(Serialize)]
struct Todo {
    id: u32,
    title: Title,
    done: bool,
}

type Title = heapless::String<LONGEST_TITLE>;

/// What a client sends. Unknown members are refused: to skip them, the reader would have to recurse.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    title: Title,
    #[serde(default)]
    done: bool,
}

impl Todos {
    /// None yet.
    pub const fn new() -> Self {
        Self { todos: heapless::Vec::new(), last_id: 0 }
    }

    fn find(&self, id: &str) -> Result<usize, Status> {
        let id: u32 = id.parse().map_err(|_| Status::NOT_FOUND)?;
        self.todos.iter().position(|todo| todo.id == id).ok_or(Status::NOT_FOUND)
    }

    fn add(&mut self, body: &[u8]) -> Result<&Todo, Status> {
        let Draft { title, done } = read(body)?;
        if self.todos.iter().any(|todo| todo.title == title) {
            return Err(Status::CONFLICT);
        }
        let id = self.last_id.wrapping_add(1);
        self.todos.push(Todo { id, title, done }).map_err(|_| Status::INSUFFICIENT_STORAGE)?;
        self.last_id = id;
        self.todos.last().ok_or(Status::INTERNAL_SERVER_ERROR)
    }

    fn change(&mut self, id: &str, body: &[u8]) -> Result<&Todo, Status> {
        let index = self.find(id)?;
        let Draft { title, done } = read(body)?;
        let is_other = |(other, todo): (usize, &Todo)| other != index && todo.title == title;
        if self.todos.iter().enumerate().any(is_other) {
            return Err(Status::CONFLICT);
        }
        let todo = self.todos.get_mut(index).ok_or(Status::NOT_FOUND)?;
        (todo.title, todo.done) = (title, done);
        Ok(todo)
    }
}

fn read(body: &[u8]) -> Result<Draft, Status> {
    let mut unescaped = [0; LONGEST_BODY];
    let (draft, length): (Draft, usize) = serde_json_core::from_slice_escaped(body, &mut unescaped)
        .map_err(|_| Status::BAD_REQUEST)?;
    let is_all = body.get(length..).unwrap_or_default().trim_ascii().is_empty();
    if is_all && !draft.title.is_empty() { Ok(draft) } else { Err(Status::BAD_REQUEST) }
}

impl Application for Todos {
    type Exchange = Infallible;

    fn methods(&self, path: &str) -> Option<&'static [Method]> {
        match segments(path, &mut [""; 2]) {
            ["todos"] => Some(&[Method::Get, Method::Post]),
            ["todos", _] => Some(&[Method::Get, Method::Put, Method::Delete]),
            _ => None,
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        _: &mut Option<Infallible>,
        _: &mut Environment<'_>,
    ) -> Result<Begin, Status> {
        if !matches!(request.method(), Method::Post | Method::Put) {
            return Ok(Begin::Respond);
        }
        // A page of another site can send forms and plain text here, but not JSON, without asking.
        let media_type = request.field("Content-Type").unwrap_or_default().split(';').next();
        if !media_type.unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(Status::UNSUPPORTED_MEDIA_TYPE);
        }
        Ok(Begin::Collect { limit: LONGEST_BODY })
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        _: &mut Option<Infallible>,
        reply: Reply<'_>,
        _: &mut Environment<'_>,
    ) -> Answer {
        match (request.method(), request.segments(&mut [""; 2])) {
            (Method::Get, ["todos"]) => reply.ok().json(&self.todos.as_slice()),
            (Method::Post, ["todos"]) => match self.add(request.body()) {
                Ok(todo) => reply
                    .status(Status::CREATED)
                    .display_field("Location", format_args!("/todos/{}", todo.id))
                    .json(todo),
                Err(status) => reply.error(status),
            },
            (Method::Get, ["todos", id]) => match self.find(id).map(|at| self.todos.get(at)) {
                Ok(todo) => reply.ok().json(&todo),
                Err(status) => reply.error(status),
            },
            (Method::Put, ["todos", id]) => match self.change(id, request.body()) {
                Ok(todo) => reply.ok().json(todo),
                Err(status) => reply.error(status),
            },
            (Method::Delete, ["todos", id]) => match self.find(id) {
                Ok(index) => {
                    self.todos.remove(index);
                    reply.status(Status::NO_CONTENT).empty()
                }
                Err(status) => reply.error(status),
            },
            _ => reply.error(Status::NOT_FOUND),
        }
    }
}
