//! Requests on whose body length servers have disagreed, which is how requests are smuggled (RFC 9112
//! section 11.2). A strict server refuses each with one response and closes the connection.

/// One ambiguous request.
pub enum Framing {
    /// The fields of the head are ambiguous.
    Fields(&'static str),
    /// The chunked body is ambiguous.
    Chunks(&'static str),
}

/// The request that a lax server would read next.
pub const HIDDEN: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

impl Framing {
    /// The request, followed by [`HIDDEN`].
    pub fn request(&self) -> String {
        match self {
            Self::Fields(fields) => {
                format!("POST / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n0\r\n\r\n{HIDDEN}")
            }
            Self::Chunks(chunks) => format!(
                "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{HIDDEN}"
            ),
        }
    }
}

use Framing::{Chunks, Fields};

pub const AMBIGUOUS: &[Framing] = &[
    // Different or invalid lengths.
    Fields("Content-Length: 4\r\nContent-Length: 5\r\n"),
    Fields("Content-Length: 5\r\nContent-Length: 0\r\n"),
    Fields("Content-Length: 4, 5\r\n"),
    Fields("Content-Length: 4,\r\n"),
    Fields("Content-Length: +4\r\n"),
    Fields("Content-Length: -1\r\n"),
    Fields("Content-Length: 4 \x0b\r\n"),
    Fields("Content-Length: \x0c4\r\n"),
    Fields("Content-Length: 4 4\r\n"),
    Fields("Content-Length: 4;\r\n"),
    Fields("Content-Length: 4.0\r\n"),
    Fields("Content-Length: 1e1\r\n"),
    Fields("Content-Length: 0x4\r\n"),
    Fields("Content-Length: 04\r\n"),
    Fields("Content-Length: 1_0\r\n"),
    Fields("Content-Length: \"4\"\r\n"),
    Fields("Content-Length: \u{ff14}\r\n"),
    Fields("Content-Length:\r\n"),
    Fields("Content-Length: 99999999999999999999\r\n"),
    Fields("Content-Length: 18446744073709551620\r\n"),
    Fields("Content-Length: 4294967300\r\nContent-Length: 4\r\n"),
    // Both fields (CL.TE, TE.CL).
    Fields("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
    Fields("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
    Fields("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    Fields("Content-Length: 4\r\nTransfer-Encoding: identity\r\n"),
    Fields("Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n"),
    Fields("Content-Length: 4\r\nTransfer-Encoding:\r\n"),
    // Codings that some servers ignore (TE.TE).
    Fields("Transfer-Encoding: xchunked\r\n"),
    Fields("Transfer-Encoding: identity\r\n"),
    Fields("Transfer-Encoding: chunked, identity\r\n"),
    Fields("Transfer-Encoding: identity, chunked\r\n"),
    Fields("Transfer-Encoding: chunked, chunked\r\n"),
    Fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
    Fields("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"),
    Fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    Fields("Transfer-Encoding: \"chunked\"\r\n"),
    Fields("Transfer-Encoding: chun ked\r\n"),
    Fields("Transfer-Encoding: chunked x\r\n"),
    Fields("Transfer-Encoding: chunked;q=1\r\n"),
    Fields("Transfer-Encoding: ,chunked\r\n"),
    Fields("Transfer-Encoding: chunked,\r\n"),
    Fields("Transfer-Encoding: chunked\u{17f}\r\n"),
    Fields("Transfer-Encoding:\x0bchunked\r\n"),
    Fields("Transfer-Encoding: chunked\x0b\r\n"),
    Fields("Transfer-Encoding: \0chunked\r\n"),
    // White space, line ends and folds in unusual places.
    Fields("Content-Length : 4\r\n"),
    Fields("Content-Length\t: 4\r\n"),
    Fields(" Content-Length: 4\r\n"),
    Fields("Transfer-Encoding : chunked\r\n"),
    Fields("Transfer-Encoding:\r\n chunked\r\n"),
    Fields("Transfer-Encoding: x\r\n\tchunked\r\n"),
    Fields("Transfer-Encoding\r\n: chunked\r\n"),
    Fields("X: y\r\n\tContent-Length: 4\r\n"),
    Fields("X: y\r\n Transfer-Encoding: chunked\r\n"),
    Fields("Content-Length: 4\rX: y\r\n"),
    Fields("Content-Length: 4\nX: y\r\n"),
    Fields("X: y\nContent-Length: 4\r\n"),
    Fields("X: y\rContent-Length: 4\r\n"),
    Fields("X: y\rTransfer-Encoding: chunked\r\n"),
    Fields("Transfer-Encoding: chunked\n\r\n"),
    Fields("Transfer-Encoding: chunked\r\r\n"),
    // Invalid names.
    Fields("Content-Length\0: 4\r\n"),
    Fields("Content-Length: 4\0\r\n"),
    Fields("Content Length: 4\r\n"),
    Fields("[Transfer-Encoding]: chunked\r\n"),
    Fields("Transfer-Encoding;: chunked\r\n"),
    Fields("Tran\u{17f}fer-Encoding: chunked\r\n"),
    Fields("Transfer-Encoding chunked\r\n"),
    Fields(": x\r\n"),
    Fields("no colon\r\n"),
    Fields("Host: b\r\n"),
    // Chunks.
    Chunks("0\n\n"),
    Chunks("0\r\n\n"),
    Chunks("0\r\r\n\r\n"),
    Chunks("\r\n0\r\n\r\n"),
    Chunks("-1\r\n\r\n"),
    Chunks("+0\r\n\r\n"),
    Chunks("0x0\r\n\r\n"),
    Chunks(" 0\r\n\r\n"),
    Chunks("\t0\r\n\r\n"),
    Chunks("g\r\n\r\n"),
    Chunks("1_\r\na\r\n0\r\n\r\n"),
    Chunks("1 1\r\na\r\n0\r\n\r\n"),
    Chunks("1\na\r\n0\r\n\r\n"),
    Chunks("1\r\nab\r\n0\r\n\r\n"),
    Chunks("1\r\na0\r\n\r\n"),
    Chunks("1\r\na\n0\r\n\r\n"),
    Chunks("1\r\na\r0\r\n\r\n"),
    Chunks("1;a\nb\r\na\r\n0\r\n\r\n"),
    Chunks("1;a\rb\r\na\r\n0\r\n\r\n"),
    Chunks("1;a=\"\n\"\r\na\r\n0\r\n\r\n"),
    Chunks("0;\0\r\n\r\n"),
    Chunks("0\r\nX: y\n\r\n"),
    Chunks("0\r\nX : y\r\n\r\n"),
    Chunks("0\r\n X: y\r\n\r\n"),
    Chunks("0\r\nno colon\r\n\r\n"),
];
