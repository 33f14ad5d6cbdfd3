//! HTTP/1.1 (RFC 9110, RFC 9112).

pub mod accept_encoding;
pub mod auth;
pub mod content_range;
pub mod date;
pub mod etag;
pub mod files;
pub mod media_type;
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
