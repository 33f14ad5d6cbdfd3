//! Byte formats: checked readers and writers that know nothing of connections.

pub mod base64;
pub mod calendar;
pub mod date_text;
pub mod html;
pub mod json;
pub mod media_type;
pub mod number;
pub mod percent;
pub mod search;
pub mod template;
pub mod writer;
