//! Byte formats: checked readers and writers that know nothing of connections.

pub mod calendar;
pub mod base64;
pub mod json;
pub mod html;
pub mod percent;
pub mod text;
