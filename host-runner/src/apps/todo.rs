//! `todo`: a JSON API over a store of fixed size.
//!
//! | route | action | status |
//! |---|---|---|
//! | `GET /todos` | lists all todos | 200 |
//! | `POST /todos` | adds a todo | 201 with Location, 409 for an existing title, 507 when full |
//! | `GET /todos/ID` | shows a todo | 200, 404 |
//! | `PUT /todos/ID` | changes a todo | 200, 404, 409 |
//! | `DELETE /todos/ID` | removes a todo | 204, 404 |
//!
//! A todo is `{"id": 1, "title": "Buy milk", "done": false}`; clients send it without `id`, and may omit
//! `done`. Other JSON is answered with 400, a body of another media type with 415. Errors are JSON too
//! (RFC 9457).

use bareserve::{
    http::{Reply, Request, Result, Route, Status, delete, get, post, put},
    protocol::environment::Environment,
    wire::template::Value,
};
use serde::{Deserialize, Serialize};

/// The most todos: as JSON, all of them must fit into a connection's buffer.
const CAPACITY: usize = 16;

/// The longest title, in bytes.
const LONGEST_TITLE: usize = 48;

/// The longest body in bytes: a title written in escapes like `\u00e9`, and the other members.
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

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    title: Title,
    #[serde(default)]
    done: bool,
}

pub const ROUTES: &[Route<Todos>] = &[
    get("/todos", Todos::list).json(),
    post("/todos", Todos::add).json().body(LONGEST_BODY),
    get("/todos/:id", Todos::show).json(),
    put("/todos/:id", Todos::change).json().body(LONGEST_BODY),
    delete("/todos/:id", Todos::remove).json(),
];

impl Todos {
    /// An empty store.
    pub const fn new() -> Self {
        Self { todos: heapless::Vec::new(), last_id: 0 }
    }

    fn list(&mut self, _: &Request, reply: Reply, _: &mut Environment) -> Result {
        Ok(reply.ok().json(self.todos.as_slice()))
    }

    fn add(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let Draft { title, done } = self.draft(request, None)?;
        let id = self.last_id.wrapping_add(1);
        let todo = Todo { id, title, done };
        let response = reply.status(Status::CREATED);
        let response = response.field_with("Location", "/todos/%", &[Value::Number(id.into())]);
        let answer = response.json(&todo);
        self.todos
            .push(todo)
            .map_err(|_| Status::INSUFFICIENT_STORAGE.because("16 todos at most"))?;
        self.last_id = id;
        Ok(answer)
    }

    fn show(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let index = self.find(request)?;
        Ok(reply.ok().json(&self.todos.get(index)))
    }

    fn change(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        let index = self.find(request)?;
        let Draft { title, done } = self.draft(request, Some(index))?;
        let todo = self.todos.get_mut(index).ok_or(Status::NOT_FOUND)?;
        (todo.title, todo.done) = (title, done);
        Ok(reply.ok().json(todo))
    }

    fn remove(&mut self, request: &Request, reply: Reply, _: &mut Environment) -> Result {
        self.todos.remove(self.find(request)?);
        Ok(reply.status(Status::NO_CONTENT).empty())
    }

    fn find(&self, request: &Request) -> Result<usize> {
        let id: u32 = request.parse("id")?;
        let index = self.todos.iter().position(|todo| todo.id == id);
        index.ok_or(Status::NOT_FOUND.because("no todo has this id"))
    }

    /// The todo in `request`, unless a todo other than `own` has its title.
    fn draft(&self, request: &Request, own: Option<usize>) -> Result<Draft> {
        let draft: Draft = request.json()?;
        if draft.title.is_empty() {
            return Err(Status::BAD_REQUEST.because("the title is empty"));
        }
        match self.todos.iter().position(|todo| todo.title == draft.title) {
            Some(other) if own != Some(other) => {
                Err(Status::CONFLICT.because("this title exists already"))
            }
            _ => Ok(draft),
        }
    }
}
