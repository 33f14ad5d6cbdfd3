//! HTTP/1.1 (RFC 9110, RFC 9112).
//!
//! [`Server`] is the protocol core: it reads requests strictly, in whatever pieces they come, lets
//! an [`Application`] answer them, and manages the connection. [`Files`] is the application
//! that serves a [`Store`](crate::store::Store).
//!
//! # Writing an application
//!
//! Most are a table of [`Routes`]: paths and functions. Each row is one line there, or one call.
//!
//! | to | do |
//! |---|---|
//! | add a resource | `get("/todos/:id", App::show)` in the table, and `fn show(&mut self, request: &Request, reply: Reply, env: &mut Environment) -> Result` |
//! | read a part of the path | [`Request::parameter`], `request.parse::<u32>("id")?` |
//! | read the query | [`Request::query_parameter`] |
//! | read a field | [`Request::field`]; one out of the ordinary needs [`Route::fields`] |
//! | get a body | [`Route::body`], then [`Request::body`] |
//! | get JSON | [`Route::json`] and [`Route::body`], then `request.json::<T>()?` |
//! | answer shortly | `Ok(reply.ok().json(&value))`, `.text("…")`, `.html("…")` |
//! | refuse | `Err(Status::CONFLICT.because("this title exists already"))`, `Err(Status::NOT_FOUND.into())` |
//! | add fields | `.field("Refresh", "5")` or [`Response::field_with`], any number of them before the body |
//! | answer with a long text | [`Route::streamed`], `.stream()` |
//! | send events | `events("/clock", App::tick)` in the table, and `fn tick(&mut self, events: &mut EventWriter, env: &mut Environment) -> Option<Instant>` |
//! | guard a change | `self.access.check(request)?` with a [`WriteAccess`] |
//! | answer under a host name | [`Server::with_host_names`] |
//! | combine | `Server::new((first, second, files))` |
//! | anything else | [`Application`] |
//!
//! # Errors
//!
//! A [`Problem`] is a status and a reason. The client gets both, in a short page or, from a
//! [JSON route](Route::json), as problem details; [`Event::Answered`] shows both to the log.
//!
//! [`Event::Answered`]: crate::Event::Answered
//!
//! # Memory
//!
//! A [`Connection`] is its buffer, the application's exchange, and 288 bytes more (on 64-bit
//! machines; about 220 on 32-bit ones). The socket's buffers come on top. The buffer holds the
//! target, its path once more if escapes or dot segments are in it, the fields that are kept, a
//! collected body, and behind all that, with [`RESERVE`] bytes of its own, the head of the response
//! and a short body. Everything else is read and dropped: a cookie of 16 KB takes no memory.
//!
//! Everything that one connection takes, for files from flash
//! ([`RomStore`](crate::store::rom::RomStore)), on a 64-bit machine with IPv6, in bytes:
//!
//! | | |
//! |---|---|
//! | buffer | 1024 |
//! | the rest of the [`Connection`], 240 of it the exchange | 528 |
//! | the rest of its [`Slot`](crate::net::tcp::slot::Slot) | 112 |
//! | the path ([`Flow`](crate::net::guard::Flow)) | 200 |
//! | receive buffer | 1024 |
//! | transmit buffer | 2048 |
//! | smoltcp's socket | 472 |
//! | in all | 5408 |

pub mod accept_encoding;
pub mod auth;
pub mod date;
pub mod etag;
pub mod files;
pub mod multipart;
pub mod parameters;
pub mod range;

mod access;
mod application;
mod body;
mod body_writer;
mod bytes;
mod chunked;
mod connection;
mod event_writer;
mod fields;
mod framing;
mod head;
mod host;
#[cfg(feature = "json")]
mod json;
mod method;
mod methods;
mod output;
mod path;
mod pattern;
mod problem;
mod request;
mod request_line;
mod response;
mod result;
mod routes;
mod server;
mod status;

pub use access::WriteAccess;
pub use application::{Application, BodyMode, Either};
pub use body_writer::{BodyPoll, BodyWriter};
pub use connection::{Connection, LEAST_PIECE, RESERVE};
pub use event_writer::EventWriter;
pub use files::Files;
pub use method::{Method, Version};
pub use methods::Methods;
pub use problem::Problem;
pub use request::{Request, segments};
pub use response::{Answer, Reply, Response};
pub use result::Result;
pub use routes::{
    BodyHandler, EventHandler, Handler, Route, Routes, any, delete, events, get, patch, post, put,
};
pub use server::Server;
pub use status::Status;

#[cfg(test)]
mod tests;
