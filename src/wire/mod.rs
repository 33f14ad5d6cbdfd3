//! Byte formats: checked readers and writers that know nothing of connections.

pub mod base64;
pub mod calendar;
pub mod json;
