//! HTTP/1.1 (RFC 9110, RFC 9112).
//!
//! [`Server`] is the protocol core: it reads requests strictly, whatever pieces they come in, lets
//! an [`Application`] answer them, and keeps the connection in order. [`Files`] is the application
//! that serves a [`Store`](crate::store::Store).
//!
//! # Writing an application
//!
//! Say which paths there are, and answer. Everything below is optional but [`methods`] and
//! [`respond`].
//!
//! | to | do |
//! |---|---|
//! | tell paths apart | `match segments(path, &mut [""; 3])` in [`methods`], [`Request::segments`] after that |
//! | read the query | [`Request::parameter`] |
//! | read a field | [`Request::field`]; one out of the ordinary needs [`wants_field`] |
//! | get a short body, JSON | [`begin`]: [`Begin::Collect`]; in [`respond`]: `serde_json_core::from_slice_escaped(request.body(), …)`, of a type with `deny_unknown_fields` |
//! | get a long body | [`begin`]: [`Begin::Stream`]; then [`receive`] |
//! | answer shortly | `reply.ok().json(&value)`, `.text("…")`, `.html("…")`, `reply.error(Status::NOT_FOUND)` |
//! | add fields | `.field("Refresh", "5")`, any number of them before that |
//! | answer at length | `*exchange = Some(…)`, `.sized(len)` or `.stream()`; then [`produce`] |
//! | send events | `*exchange = Some(…)`, `.events()`; then [`produce`], which says [`Produced::Wait`] between two |
//! | guard a change | [`begin`]: `self.access.check(request)?` with a [`WriteAccess`] |
//! | combine | `Server::new((first, (second, files)))` |
//!
//! The `Exchange` is what a request remembers between two calls; its size counts for every
//! connection, so an enum with what each kind of answer needs is the usual form, and `()` that of an
//! application which answers at once.
//!
//! [`methods`]: Application::methods
//! [`respond`]: Application::respond
//! [`wants_field`]: Application::wants_field
//! [`begin`]: Application::begin
//! [`receive`]: Application::receive
//! [`produce`]: Application::produce
//!
//! # Memory
//!
//! A [`Connection`] is its buffer, the application's exchange, and 272 bytes more (on 64-bit
//! machines; about 200 on 32-bit ones). The socket's buffers come on top. The buffer holds the
//! target, its path once more if escapes or dot segments are in it, the fields that somebody asked
//! for, a collected body, and behind all that, with [`RESERVE`] bytes of its own, the head of the
//! response and a short body. Everything else streams by: a cookie of 16 KB costs nothing.
//!
//! Everything that one connection takes, for files from flash
//! ([`RomStore`](crate::store::rom::RomStore)), on a 64-bit machine with IPv6, in bytes:
//!
//! | | |
//! |---|---|
//! | buffer | 1024 |
//! | the rest of the [`Connection`], 232 of it the exchange | 504 |
//! | the rest of its [`Slot`](crate::net::tcp::slot::Slot) | 104 |
//! | receive buffer | 1024 |
//! | transmit buffer | 2048 |
//! | smoltcp's socket | 472 |
//! | in all | 5176 |

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
mod bytes;
mod chunked;
mod connection;
mod fields;
mod framing;
mod head;
mod host;
mod method;
mod path;
mod request;
mod request_line;
mod response;
mod server;
mod status;

pub use access::WriteAccess;
pub use application::{Application, Begin, Either, Produced};
pub use connection::{Connection, RESERVE};
pub use files::Files;
pub use method::{Method, Version};
pub use request::{Request, segments};
pub use response::{Answer, Reply, Response};
pub use server::Server;
pub use status::Status;

#[cfg(test)]
mod tests;
