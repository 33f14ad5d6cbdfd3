//! Files as JSON objects with base64 content.
