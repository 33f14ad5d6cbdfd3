//! Files as JSON objects with base64 content:
//! `{"filename": "guido.jpg", "filedata": "<standard base64 with padding>"}`, one object a
//! connection.
//!
//! [`download`] sends one file to whoever connects, [`request`] sends and stores files by name,
//! [`client`] is the other side of both. They share [`writer`] and [`reader`], which stream an
//! object of any size through buffers of any size.

pub mod client;
pub mod download;
pub mod reader;
pub mod request;
pub mod writer;
