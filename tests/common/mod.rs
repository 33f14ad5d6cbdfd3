//! Parts that several tests share.
#![allow(dead_code, reason = "no test uses all of it")]

pub mod conversation;
pub mod memory_store;
