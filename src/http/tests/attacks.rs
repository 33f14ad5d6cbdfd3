//! Ambiguous framings and random input.

use super::std::{format, vec::Vec};

use super::{Bench, Files, MemoryStore, WriteAccess, statuses};
use crate::{
    entropy::{Entropy, SeededEntropy},
    http::auth::Token,
    protocol::stream::Phase,
};

/// Fields on whose meaning for the body's length servers have disagreed.
const AMBIGUOUS: &[&str] = &[
    "Content-Length: 4\r\nContent-Length: 5\r\n",
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Content-Length: 4, 5\r\n",
    "Content-Length: +4\r\n",
    "Content-Length: 4 \x0b\r\n",
    "Content-Length : 4\r\n",
    " Content-Length: 4\r\n",
    "Content-Length: 0x4\r\n",
    "Content-Length: 04\r\n",
    "Content-Length: 4\rX: y\r\n",
    "Content-Length: 4\nX: y\r\n",
    "X: y\nContent-Length: 4\r\n",
    "X: y\rContent-Length: 4\r\n",
    "X: y\r\n\tContent-Length: 4\r\n",
    "Content-Length\0: 4\r\n",
    "Content-Length: 4\0\r\n",
    "Content-Length:\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: chun ked\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding:\x0bchunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding\r\n: chunked\r\n",
    "Transfer-Encoding: ,chunked\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "[Transfer-Encoding]: chunked\r\n",
    "Transfer-Encoding: chunked\n\r\n",
    ": x\r\n",
    "no colon\r\n",
    "Host: b\r\n",
];

#[test]
fn ambiguous_framings_get_one_response_and_close() {
    let mut bench = super::files();
    for head in AMBIGUOUS {
        for body in
            ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n"]
        {
            let input = format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n{body}");
            let answers = bench.statuses(input.as_bytes());
            assert!(matches!(answers[..], [400 | 501]), "{head:?}: {answers:?}");
            assert_eq!(bench.phase(), Phase::Finished, "{head:?}");
            assert!(bench.text().contains("Connection: close"), "{head:?}");
        }
    }
}

const SEEDS: &[&str] = &[
    "GET /hello.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1,4-\r\nAccept-Encoding: gzip\r\n\r\n",
    "GET /folder/ HTTP/1.1\r\nHost: [::1]:80\r\nIf-None-Match: \"x\", W/\"y\"\r\nCookie: a=b\r\n\r\n",
    "PUT /n HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n\
     Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nT: u\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n\
     Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 90\r\n\r\n\
     --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"g\"\r\n\r\nx\r\n--B--\r\n0123456789012",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcHEAD http://b/plain/ HTTP/1.0\r\n\r\n",
];

/// For any input: no panic, no endless loop, at most one response for each request, and the same
/// responses for every split of the input.
#[test]
fn mutated_requests() {
    let mut random = SeededEntropy::new(0x1157);
    let mut below = |limit: usize| (random.next_u64() % limit as u64) as usize;
    for round in 0..20_000 {
        let mut input: Vec<u8> = SEEDS[below(SEEDS.len())].as_bytes().to_vec();
        if below(3) == 0 {
            input.extend_from_slice(SEEDS[below(SEEDS.len())].as_bytes());
        }
        for _ in 0..below(6) {
            let at = below(input.len());
            match below(6) {
                0 => input[at] = below(256) as u8,
                1 => input.insert(at, b"\r\n :;,\0\t/%0"[below(11)]),
                2 if input.len() > 1 => drop(input.remove(at)),
                2 => {}
                3 => input.truncate(at.max(1)),
                4 => {
                    let end = (at + below(20)).min(input.len());
                    let piece = input[at..end].to_vec();
                    input.splice(at..at, piece);
                }
                _ => input[at] ^= 1 << below(8),
            }
        }
        let run = |sizes: &mut dyn FnMut() -> usize, room| {
            let access = WriteAccess::with_token(
                Token::from_text("0123456789abcdef0123456789abcdef").unwrap(),
            );
            let store = MemoryStore::sample();
            let mut bench: Bench<_> =
                Bench::new(Files::new(store.clone()).with_listings().with_writing(access));
            bench.room = room;
            let mut at = 0;
            let mut held = 0;
            while at < input.len() {
                // Bytes that were not taken are offered again, followed by new ones.
                let end = (at + held + sizes()).min(input.len());
                let taken = bench.feed(&input[at..end]);
                at += taken;
                held = end - at;
                if held > 0 && end == input.len() {
                    break;
                }
            }
            bench.end_of_input();
            assert_ne!(bench.phase(), Phase::Broken);
            (bench.text(), store.get("n"), store.get("g"))
        };
        let whole = run(&mut || usize::MAX >> 1, 4096);
        let requests = input.windows(5).filter(|part| part == b"HTTP/").count();
        let answers = statuses(&whole.0).into_iter().filter(|&status| status != 100).count();
        assert!(answers <= requests + 1, "round {round}: {answers} answers");
        let pieces = run(&mut || 1 + below(40), 1 + round % 97);
        if !whole.0.contains("chunked") && !whole.0.contains("byteranges") {
            assert_eq!(pieces, whole, "round {round}: {:?}", input.escape_ascii());
        }
    }
}
