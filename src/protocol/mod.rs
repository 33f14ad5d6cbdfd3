//! The contracts between a protocol and what carries it: over TCP ([`stream`], and in lines
//! of text [`line`](mod@line)), over UDP ([`datagram`]), on a client's side ([`client`]), and what each may know of the device it runs in
//! ([`environment`]).

pub mod client;
pub mod datagram;
pub mod environment;
pub mod line;
pub mod loop_guard;
pub mod stream;
pub mod token;
