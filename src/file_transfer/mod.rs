//! Files over TCP as JSON objects with base64 content, one object in each direction of a connection:
//!
//! ```json
//! {"filename": "guido.jpg", "filedata": "<standard base64 with padding, RFC 4648 section 4>"}
//! ```
//!
//! | module | port | content |
//! |---|---|---|
//! | [`download`] | 5566 | sends one file to each client that connects |
//! | [`request`] | 5567 | sends and stores files by name |
//! | [`client`] | | the clients of both |
//! | [`writer`], [`reader`] | | stream an object of any size through buffers of any size |

pub mod client;
pub mod download;
pub mod reader;
pub mod request;
pub mod writer;
