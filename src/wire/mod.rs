//! Byte formats: checked readers and writers that know nothing of connections.
//!
//! | module | format |
//! |---|---|
//! | [`writer`], [`template`], [`mod@line`] | text in pieces of any size, with values in it |
//! | [`json`] | JSON (RFC 8259) |
//! | [`base64`] | base64 (RFC 4648) |
//! | [`percent`] | percent-encoding and form fields (RFC 3986, WHATWG URL) |
//! | [`html`] | escapes in HTML |
//! | [`calendar`], [`date_text`] | the Gregorian calendar, dates as text |
//! | [`media_type`] | media types by file name (RFC 9110) |
//! | [`number`], [`search`] | numbers in ASCII, searching and splitting |

pub mod base64;
pub mod calendar;
pub mod date_text;
pub mod html;
pub mod json;
pub mod line;
pub mod media_type;
pub mod number;
pub mod percent;
pub mod search;
pub mod template;
pub mod writer;
