//! Requests, and the bytes that belong to each.

use super::std::{format, string::String, vec, vec::Vec};

use super::{files, statuses};
use crate::protocol::stream::Phase;

const HOST: &str = "Host: a\r\n";

#[test]
fn a_file() {
    let answer = files().ask(b"GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\r\n\
         Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n\
         X-Content-Type-Options: nosniff\r\nContent-Security-Policy: sandbox\r\n\
         ETag: \"0000000000000002\"\r\n\
         Last-Modified: Tue, 14 Nov 2023 00:00:00 GMT\r\n\
         Cache-Control: no-cache\r\n\
         Accept-Ranges: bytes\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: 14\r\n\
         \r\n\
         Hello, world!\n"
    );
}

/// Requests; the status codes of the responses; whether the connection is closed after them.
type Row = (&'static str, &'static [u16], bool);

const ROWS: &[Row] = &[
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[200], false),
    ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &[200], false),
    ("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", &[404], false),
    ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &[200], false),
    ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", &[400], true),
    ("GET / HTTP/1.0\r\n\r\n", &[200], true),
    ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &[200], false),
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &[200], true),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", &[505], true),
    ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", &[200], false),
    ("get / HTTP/1.1\r\nHost: a\r\n\r\n", &[501], false),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", &[405], false),
    ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", &[405], false),
    ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", &[405], false),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &[204], false),
    ("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", &[204], false),
    ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", &[200], false),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\nHost: a\n\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\r\nX[]: b\r\n\r\n", &[400], true),
    ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", &[417], false),
    ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", &[200], false),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[200, 200],
        false,
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[200, 200],
        false,
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[400],
        true,
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        &[501],
        true,
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[400],
        true,
    ),
    ("\x16\x03\x01\x02", &[400], true),
];

#[test]
fn rows_at_every_split() {
    let mut bench = files();
    for (input, expected, is_closed) in ROWS {
        let whole = bench.ask(input.as_bytes());
        assert_eq!(statuses(&whole), *expected, "{input:?}");
        assert_eq!(bench.phase() == Phase::Finished, *is_closed, "{input:?}");
        for split in 1..input.len() {
            bench.open();
            let (first, second) = input.as_bytes().split_at(split);
            let left = first.len() - bench.feed(first);
            let rest = [&first[first.len() - left..], second].concat();
            bench.feed(&rest);
            assert_eq!(bench.text(), whole, "{input:?} split at {split}");
        }
        for room in [1, 2, 7, 31, 33] {
            bench.room = room;
            assert_eq!(bench.ask(input.as_bytes()), whole, "{input:?} with room for {room}");
        }
        bench.room = 4096;
    }
}

#[test]
fn ten_requests_in_one_segment() {
    let mut bench = files();
    let input: String = ["hello.txt", "digits.bin"]
        .map(|name| format!("GET /{name} HTTP/1.1\r\n{HOST}\r\n"))
        .concat();
    let answer = bench.ask(input.repeat(5).as_bytes());
    assert_eq!(statuses(&answer), vec![200; 10]);
    let bodies: Vec<&str> = answer.split("\r\n\r\n").skip(1).map(|rest| &rest[..10]).collect();
    assert_eq!(bodies, ["Hello, wor", "0123456789"].repeat(5));
    assert_eq!(bench.phase(), Phase::Idle);
}

#[test]
fn a_long_cookie_is_skipped() {
    let request = format!(
        "GET / HTTP/1.1\r\n{HOST}Cookie: {}\r\nX: {}\r\n\r\n",
        "c".repeat(16 << 10),
        "x".repeat(9000)
    );
    let mut bench = files();
    assert_eq!(bench.statuses(request.as_bytes()), [200]);
    for size in [1, 3, 1000] {
        bench.open();
        for piece in request.as_bytes().chunks(size) {
            assert_eq!(bench.feed(piece), piece.len());
        }
        assert_eq!(statuses(&bench.text()), [200]);
    }
}
