//! HTTP/1.1 (RFC 9110, RFC 9112).

pub mod accept_encoding;
pub mod auth;
pub mod content_range;
pub mod date;
pub mod etag;
pub mod media_type;
pub mod multipart;
pub mod parameters;
pub mod range;
