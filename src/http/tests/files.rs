//! Files: variants, conditions, ranges, listings, changes.

use super::std::{format, string::String, vec::Vec};

use core::cell::Cell;

use super::{Bench, Files, MemoryStore, WriteAccess, statuses};
use crate::{
    entropy::{Entropy, SeededEntropy},
    http::auth::Token,
    protocol::stream::{Phase, Protocol},
    store::{
        Encoding, Entry, Metadata, Store, StoreError, is_valid_path,
        ram::{RamMemory, RamStore},
    },
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The response to a request for `target` with additional fields.
fn get(bench: &mut Bench<Files<MemoryStore>>, target: &str, fields: &str) -> String {
    bench.ask(format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes())
}

fn files() -> Bench<Files<MemoryStore>> {
    Bench::new(Files::new(MemoryStore::sample()))
}

fn writable() -> (Bench<Files<MemoryStore>>, MemoryStore) {
    let store = MemoryStore::sample();
    let access = WriteAccess::with_token(Token::from_text(TOKEN).unwrap());
    let mut bench = Bench::new(Files::new(store.clone()).with_listings().with_writing(access));
    bench.server.admission.links = access;
    (bench, store)
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("an empty line").1
}

#[test]
fn conditions() {
    const TAG: &str = "\"0000000000000002\"";
    const WHEN: &str = "Tue, 14 Nov 2023 00:00:00 GMT";
    const BEFORE: &str = "Mon, 13 Nov 2023 00:00:00 GMT";
    let mut bench = files();
    for (fields, status) in [
        (format!("If-None-Match: {TAG}\r\n"), 304),
        (format!("If-None-Match: W/{TAG}\r\n"), 304),
        (format!("If-None-Match: \"x\", {TAG}\r\n"), 304),
        (format!("If-None-Match: \"x\"\r\nIf-None-Match: {TAG}\r\n"), 304),
        ("If-None-Match: *\r\n".into(), 304),
        ("If-None-Match: \"x\"\r\n".into(), 200),
        (format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {WHEN}\r\n"), 200),
        (format!("If-Modified-Since: {WHEN}\r\n"), 304),
        (format!("If-Modified-Since: {BEFORE}\r\n"), 200),
        ("If-Modified-Since: yesterday\r\n".into(), 200),
        (format!("If-Match: {TAG}\r\n"), 200),
        ("If-Match: *\r\n".into(), 200),
        (format!("If-Match: W/{TAG}\r\n"), 412),
        ("If-Match: \"x\"\r\n".into(), 412),
        (format!("If-Match: {TAG}\r\nIf-None-Match: {TAG}\r\n"), 304),
        (format!("If-Unmodified-Since: {WHEN}\r\n"), 200),
        (format!("If-Unmodified-Since: {BEFORE}\r\n"), 412),
        (format!("If-Match: {TAG}\r\nIf-Unmodified-Since: {BEFORE}\r\n"), 200),
        (format!("If-Range: {TAG}\r\nRange: bytes=0-1\r\n"), 206),
        (format!("If-Range: {WHEN}\r\nRange: bytes=0-1\r\n"), 206),
        (format!("If-Range: W/{TAG}\r\nRange: bytes=0-1\r\n"), 200),
        (format!("If-Range: {BEFORE}\r\nRange: bytes=0-1\r\n"), 200),
    ] {
        let answer = get(&mut bench, "/hello.txt", &fields);
        assert_eq!(statuses(&answer), [status], "{fields}");
        if status == 304 {
            assert_eq!(body(&answer), "");
            assert_eq!(field(&answer, "ETag"), Some(TAG));
            assert_eq!(field(&answer, "Content-Length"), None);
        }
    }
}

#[test]
fn ranges() {
    let mut bench = files();
    for (range, expected) in [
        ("bytes=0-0", Ok(("bytes 0-0/10", "0"))),
        ("bytes=3-5", Ok(("bytes 3-5/10", "345"))),
        ("bytes=8-", Ok(("bytes 8-9/10", "89"))),
        ("bytes=-3", Ok(("bytes 7-9/10", "789"))),
        ("bytes=5-100", Ok(("bytes 5-9/10", "56789"))),
        ("bytes=10-", Err(416)),
        ("bytes=3-2", Err(200)),
        ("lines=0-1", Err(200)),
    ] {
        let answer = get(&mut bench, "/digits.bin", &format!("Range: {range}\r\n"));
        match expected {
            Ok((content_range, content)) => {
                assert_eq!(statuses(&answer), [206], "{range}");
                assert_eq!(field(&answer, "Content-Range"), Some(content_range));
                assert_eq!(field(&answer, "Content-Length").unwrap(), format!("{}", content.len()));
                assert_eq!(body(&answer), content);
            }
            Err(status) => assert_eq!(statuses(&answer), [status], "{range}"),
        }
    }
    let answer = get(&mut bench, "/digits.bin", "Range: bytes=10-\r\n");
    assert_eq!(field(&answer, "Content-Range"), Some("bytes */10"));
}

#[test]
fn several_ranges_at_any_room() {
    let mut bench = files();
    let request =
        b"GET /digits.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1,5-6,-1\r\nConnection: close\r\n\r\n";
    for room in [1, 2, 3, 7, 64, 4096] {
        bench.room = room;
        bench.entropy = crate::entropy::SeededEntropy::new(1);
        let answer = bench.ask(request);
        assert_eq!(statuses(&answer), [206]);
        let boundary = field(&answer, "Content-Type")
            .and_then(|value| value.strip_prefix("multipart/byteranges; boundary="))
            .unwrap();
        let part = |range: &str, content: &str| {
            format!(
                "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
                 Content-Range: bytes {range}/10\r\n\r\n{content}"
            )
        };
        let expected = part("0-1", "01") + &part("5-6", "56") + &part("9-9", "9");
        assert_eq!(body(&answer), format!("{expected}\r\n--{boundary}--\r\n"));
        assert_eq!(field(&answer, "Content-Length").unwrap(), format!("{}", body(&answer).len()));
        assert_eq!(bench.phase(), Phase::Finished);
    }
}

#[test]
fn variants() {
    let mut bench = files();
    let plain = get(&mut bench, "/script.js", "");
    let gzipped = get(&mut bench, "/script.js", "Accept-Encoding: br, gzip;q=0.5\r\n");
    let refused = get(&mut bench, "/script.js", "Accept-Encoding: gzip;q=0\r\n");
    assert_eq!(field(&plain, "Content-Encoding"), None);
    assert_eq!(field(&plain, "Vary"), Some("Accept-Encoding"));
    assert_eq!(field(&gzipped, "Content-Encoding"), Some("gzip"));
    assert_eq!(field(&gzipped, "Content-Type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(field(&gzipped, "Vary"), Some("Accept-Encoding"));
    assert_eq!(body(&gzipped), "compressed\n");
    assert_eq!(refused, plain);
    assert_ne!(field(&plain, "ETag"), field(&gzipped, "ETag"));
    assert_eq!(field(&get(&mut bench, "/hello.txt", ""), "Vary"), None);
}

#[test]
fn paths() {
    let mut bench = files();
    for (target, status) in [
        ("/", 200),
        ("/?query", 200),
        ("/index.html", 200),
        ("/a%20b/%C3%A4.html", 200),
        ("/folder/", 200),
        ("/folder", 301),
        ("/folder/../hello.txt", 200),
        ("/../hello.txt", 200),
        ("/%2e%2e/%2e%2e/hello.txt", 200),
        ("/plain/", 404),
        ("/hello.txt/", 404),
        ("//hello.txt", 404),
        ("//../folder", 404),
        ("/a%5cb", 404),
        ("/%00", 400),
        ("/a%2fb", 400),
        ("/%ff", 400),
    ] {
        assert_eq!(statuses(&get(&mut bench, target, "")), [status], "{target}");
    }
    let answer = get(&mut bench, "/folder?a=b", "");
    assert_eq!(field(&answer, "Location"), Some("/folder/?a=b"));
    let answer = get(&mut bench, "/immutable.css", "");
    assert_eq!(field(&answer, "Cache-Control"), Some("public, max-age=31536000, immutable"));
    let answer = bench.ask(b"HEAD /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((field(&answer, "Content-Length"), body(&answer)), (Some("14"), ""));
    let answer = get(&mut bench, "/empty", "");
    assert_eq!((field(&answer, "Content-Length"), body(&answer)), (Some("0"), ""));
}

#[test]
fn a_listing_at_any_room() {
    let (mut bench, _) = writable();
    let request = b"GET /plain/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut pages = Vec::new();
    for room in [1, 20, 33, 50, 4096] {
        bench.room = room;
        let answer = bench.ask(request);
        assert_eq!(statuses(&answer), [200]);
        pages.push(unchunk(body(&answer)));
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(pages[0].contains("<h1>/plain/</h1>"));
    assert!(pages[0].contains("<li><a href=\"./x%3Cy.txt\">x&lt;y.txt</a> 2 bytes\n"));
    assert!(pages[0].contains("<li><a href=\"./sub/\">sub/</a>\n"));
    assert!(pages[0].ends_with("</form>\n"));
}

fn unchunk(mut chunked: &str) -> String {
    let mut whole = String::new();
    loop {
        let (size, rest) = chunked.split_once("\r\n").expect("a chunk");
        let size = usize::from_str_radix(size, 16).expect("a size");
        if size == 0 {
            assert_eq!(rest, "\r\n");
            return whole;
        }
        whole.push_str(&rest[..size]);
        assert_eq!(&rest[size..size + 2], "\r\n");
        chunked = &rest[size + 2..];
    }
}

#[test]
fn changes_need_the_token() {
    let (mut bench, store) = writable();
    let put = |fields: &str| {
        format!("PUT /new.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n{fields}\r\nabc")
    };
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    for (fields, status) in [
        ("".into(), 401),
        ("Authorization: Bearer x\r\n".into(), 401),
        (format!("{bearer}Origin: http://evil\r\n"), 403),
        (format!("{bearer}Origin: null\r\n"), 403),
        (format!("{bearer}Sec-Fetch-Site: cross-site\r\n"), 403),
        (format!("{bearer}Sec-Fetch-Site: same-site\r\n"), 403),
        (format!("{bearer}If-Match: *\r\n"), 412),
        (format!("{bearer}Content-Range: bytes 0-2/3\r\n"), 400),
        (format!("{bearer}Content-Encoding: gzip\r\n"), 415),
    ] {
        assert_eq!(bench.statuses(put(&fields).as_bytes()), [status], "{fields}");
        assert_eq!(store.get("new.txt"), None);
    }
    let answer = bench.ask(put("").as_bytes());
    assert!(answer.contains("WWW-Authenticate: Bearer"));
    assert!(answer.contains("WWW-Authenticate: Basic"));
    for (fields, status) in [
        (format!("{bearer}Origin: http://a\r\nIf-None-Match: *\r\n"), 201),
        (format!("{bearer}If-None-Match: *\r\n"), 412),
        (format!("{bearer}Sec-Fetch-Site: same-origin\r\n"), 204),
        (format!("Cookie: x=y; bareserve-token-80={TOKEN}\r\n"), 204),
        // user:TOKEN
        (
            "Authorization: Basic dXNlcjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\n".into(),
            204,
        ),
    ] {
        assert_eq!(bench.statuses(put(&fields).as_bytes()), [status], "{fields}");
        assert_eq!(store.get("new.txt").as_deref(), Some(&b"abc"[..]));
    }
    let request = |line: &str| format!("{line} HTTP/1.1\r\nHost: a\r\n{bearer}");
    let mut status = |head: String, rest: &str| bench.statuses((head + rest).as_bytes());
    assert_eq!(status(request("PUT /x"), "\r\n"), [411]);
    assert_eq!(status(request("PUT /folder/"), "Content-Length: 0\r\n\r\n"), [409]);
    assert_eq!(status(request("PUT /folder"), "Content-Length: 0\r\n\r\n"), [409]);
    assert_eq!(
        status(request("PUT /x"), "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
        [201]
    );
    assert_eq!(store.get("x").as_deref(), Some(&b"ab"[..]));
    assert_eq!(status(request("DELETE /x"), "\r\n"), [204]);
    assert_eq!(status(request("DELETE /x"), "\r\n"), [404]);
    assert_eq!(status(request("DELETE /folder"), "\r\n"), [409]);
}

#[test]
fn an_upload_is_visible_only_when_complete() {
    let (mut bench, store) = writable();
    let head = format!("PUT /new.txt?token={TOKEN} HTTP/1.1\r\nHost: a\r\n");
    bench.ask(format!("{head}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n").as_bytes());
    assert_eq!(bench.text(), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(bench.phase(), Phase::Body);
    bench.feed(b"abcd");
    assert_eq!(store.get("new.txt"), None);
    bench.feed(b"e");
    assert_eq!(statuses(&bench.text()), [100, 201]);
    assert_eq!(store.get("new.txt").as_deref(), Some(&b"abcde"[..]));

    bench.ask(format!("{head}Content-Length: 5\r\n\r\nzzz").as_bytes());
    bench.end_of_input();
    assert_eq!(statuses(&bench.text()), [400]);
    assert_eq!(bench.phase(), Phase::Finished);
    bench.ask(format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nzzz\r\nz").as_bytes());
    assert_eq!(statuses(&bench.text()), [400]);
    bench.ask(format!("{head}Content-Length: 5\r\n\r\nzzz").as_bytes());
    bench.expire();
    assert_eq!(statuses(&bench.text()), [408]);
    assert_eq!(store.get("new.txt").as_deref(), Some(&b"abcde"[..]));
}

#[test]
fn a_form_in_pieces_of_any_size() {
    let form = "--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nno file\r\n\
                --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"one.txt\"\r\n\
                Content-Type: text/plain\r\n\r\nfirst\r\n\
                --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\u{e4}.bin\"\r\n\r\n\
                second\r\n--\r\n--B--\r\n";
    let request = format!(
        "POST /folder/ HTTP/1.1\r\nHost: a\r\nCookie: bareserve-token-80={TOKEN}\r\n\
         Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    for size in [1, 2, 3, 10, 100, 10_000] {
        let (mut bench, store) = writable();
        for piece in request.as_bytes().chunks(size) {
            assert_eq!(bench.feed(piece), piece.len());
        }
        let answer = bench.text();
        assert_eq!(statuses(&answer), [303], "{answer}");
        assert_eq!(field(&answer, "Location"), Some("/folder/"));
        assert_eq!(store.get("folder/one.txt").as_deref(), Some(&b"first"[..]));
        assert_eq!(store.get("folder/\u{e4}.bin").as_deref(), Some(&b"second\r\n--"[..]));
    }
    let (mut bench, store) = writable();
    let evil = request.replace("one.txt", "../x.tx");
    assert_eq!(bench.statuses(evil.as_bytes()), [400]);
    assert_eq!(bench.statuses(request.replace("--B--", "--B  ").as_bytes()), [400]);
    assert_eq!(
        bench.statuses(request.replace("multipart/form-data", "text/plain").as_bytes()),
        [415]
    );
    assert_eq!(store.get("x.tx"), None);
}

#[test]
fn a_link_with_the_token_becomes_a_cookie() {
    let (mut bench, _) = writable();
    let answer = get(&mut bench, &format!("/folder/?token={TOKEN}"), "");
    assert_eq!(statuses(&answer), [303]);
    assert_eq!(field(&answer, "Location"), Some("/folder/"));
    let cookie = format!("bareserve-token-80={TOKEN}; Path=/; HttpOnly; SameSite=Strict");
    assert_eq!(field(&answer, "Set-Cookie"), Some(&*cookie));
    assert_eq!(statuses(&get(&mut bench, "/?token=wrong", "")), [200]);
}

/// The blocks of a failed upload are free before its response has been sent.
#[test]
fn a_failed_upload_is_freed_before_its_response_is_sent() {
    let mut memory = RamMemory::<2, 4>::new();
    let store = RamStore::new(&mut memory);
    let all = store.free_bytes();
    let token = WriteAccess::with_token(Token::from_text(TOKEN).unwrap());
    let mut bench = Bench::new(Files::new(&store).with_writing(token));
    // The last delimiter is missing.
    let form = "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nhalf";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let (begun, rest) = request.as_bytes().split_at(request.len() - 1);
    let receive = |bench: &mut Bench<Files<&RamStore<'_>>>, mut input: &[u8]| {
        while !input.is_empty() {
            let taken =
                bench.with(|server, connection, env| server.receive(connection, input, env));
            assert!(taken > 0);
            input = &input[taken..];
        }
        bench.with(|server, connection, env| server.receive(connection, b"", env));
    };
    receive(&mut bench, begun);
    assert!(store.free_bytes() < all, "the upload has begun");
    receive(&mut bench, rest);
    assert_eq!(store.free_bytes(), all);
    bench.feed(b"");
    assert!(bench.text().starts_with("HTTP/1.1 400 "), "{}", bench.text());
}

/// A store that fails the test when it gets an invalid path.
struct Strict<'c> {
    asked: &'c Cell<usize>,
}

impl Store for Strict<'_> {
    type File = ();
    type Listing = ();
    type Upload = ();

    fn open(&self, path: &str, _: Encoding) -> Result<(), StoreError> {
        assert!(is_valid_path(path), "{path:?}");
        self.asked.set(self.asked.get() + 1);
        Err(StoreError::NotFound)
    }

    fn metadata(&self, (): &()) -> Metadata {
        unreachable!("there are no files")
    }

    fn read(&self, (): &mut (), _: u64, _: &mut [u8]) -> Result<usize, StoreError> {
        unreachable!("there are no files")
    }

    fn list(&self, path: &str) -> Result<(), StoreError> {
        assert!(is_valid_path(path), "{path:?}");
        Err(StoreError::NotFound)
    }

    fn next_entry(
        &self,
        (): &mut (),
        _: &mut heapless::string::StringView,
    ) -> Result<Option<Entry>, StoreError> {
        unreachable!("there are no folders")
    }
}

#[test]
fn a_store_sees_valid_paths_only() {
    const PIECES: [&str; 12] =
        ["/", "/", "a", "b.c", ".", "..", "%2e", "%5C", "%c2%85", "%20", "%2541", "?/"];
    let (asked, mut entropy) = (Cell::new(0), SeededEntropy::new(12));
    for prefix in ["", "a/", "a"] {
        let files = Files::new(Strict { asked: &asked }).under(prefix).with_listings();
        let mut bench = Bench::<_>::new(files);
        for _ in 0..10_000 {
            let mut random = entropy.next_u64();
            let mut target = format!("/{prefix}");
            for _ in 0..random % 7 {
                random >>= 4;
                target += PIECES[random as usize % PIECES.len()];
            }
            let answer = bench.ask(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
            assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
        }
    }
    assert!(asked.get() > 10_000, "{}", asked.get());
}
