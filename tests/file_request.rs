//! The request server, without sockets: the answer to each request, and its effect on the store.

mod common;

use bareserve::{
    entropy::{Entropy, SeededEntropy},
    file_transfer::request::{Connection, FileServer},
    protocol::stream::{Phase, Protocol},
    protocol::token::Token,
    wire::base64::Encoder,
};
use common::{
    conversation::{Bench, peer},
    memory_store::MemoryStore,
};

fn store() -> MemoryStore {
    MemoryStore::writable().with("guido.jpg", b"foobar").with("sub/é \"x\"", b"f")
}

const TOKEN: &str = "0123456789abcdef-_ABCDEFGHIJKLMN";

fn token() -> Token {
    Token::from_text(TOKEN).unwrap()
}

/// The object with the token in front.
fn with_token(object: &str) -> String {
    object.replacen('{', &format!("{{\"token\": \"{TOKEN}\", "), 1)
}

/// The answer to `parts`, after which the client half-closes.
fn ask(store: &MemoryStore, parts: &[&[u8]], room: usize) -> String {
    let mut server = FileServer::new(store).with_token(token());
    let (answer, phase) =
        Bench::new().converse(&mut server, &mut Connection::new(), parts, true, room);
    assert_eq!(phase, Phase::Finished);
    assert_eq!(store.open_handles(), 0, "a handle was left open");
    String::from_utf8(answer).unwrap()
}

/// FileServer and their answers.
const EXCHANGES: &[(&str, &str)] = &[
    (r#"{"get": "guido.jpg"}"#, r#"{"filename": "guido.jpg", "filedata": "Zm9vYmFy"}"#),
    (r#"{"get":"sub/\u00e9 \"x\""}"#, r#"{"filename": "\u00e9 \"x\"", "filedata": "Zg=="}"#),
    (
        r#" {"v": 1.5, "x": [{"get": 1}], "get": "sub/é \"x\""} and more"#,
        r#"{"filename": "\u00e9 \"x\"", "filedata": "Zg=="}"#,
    ),
    (r#"{"get": "nothing"}"#, r#"{"error": "no such file"}"#),
    (r#"{"get": "../guido.jpg"}"#, r#"{"error": "invalid name"}"#),
    (r#"{"get": "/guido.jpg"}"#, r#"{"error": "invalid name"}"#),
    (r#"{"get": "sub/\u002e./guido.jpg"}"#, r#"{"error": "invalid name"}"#),
    (r#"{"get": "..\\guido.jpg"}"#, r#"{"error": "invalid name"}"#),
    (r#"{"get": "a\u0000b"}"#, r#"{"error": "invalid name"}"#),
    (r#"{"get": ""}"#, r#"{"error": "invalid name"}"#),
    (r#"{"get": 5}"#, r#"{"error": "a member has the wrong type"}"#),
    (r#"{"get": null}"#, r#"{"error": "a member has the wrong type"}"#),
    (r#"{"size": ""}"#, r#"{"error": "a member has the wrong type"}"#),
    (r#"{"size": "5"}"#, r#"{"error": "a member has the wrong type"}"#),
    (r#"{"size": true}"#, r#"{"error": "a member has the wrong type"}"#),
    (r#"{"get": "a", "get": "b"}"#, r#"{"error": "members contradict each other"}"#),
    (r#"{"get": "a", "filename": "b"}"#, r#"{"error": "members contradict each other"}"#),
    (
        r#"{"get": "guido.jpg", "filedata": ""}"#,
        r#"{"error": "neither get nor filename and filedata"}"#,
    ),
    (r#"{"filename": "a"}"#, r#"{"error": "neither get nor filename and filedata"}"#),
    (r#"{"filedata": "Zg=="}"#, r#"{"error": "neither get nor filename and filedata"}"#),
    ("{}", r#"{"error": "neither get nor filename and filedata"}"#),
    ("GET / HTTP/1.1\r\n\r\n", r#"{"error": "not JSON: unexpected byte 0x47"}"#),
    ("[\"", r#"{"error": "not JSON: unexpected byte 0x5b"}"#),
    ("{'", r#"{"error": "not JSON: unexpected byte 0x27"}"#),
    ("{\0", r#"{"error": "not JSON: unexpected byte 0x00"}"#),
    (r#"{"get": "gui"#, r#"{"error": "incomplete object"}"#),
    ("", ""),
    (" \r\n", ""),
    (r#"{"filename": "new", "filedata": "Zm9vYmE="}"#, r#"{"stored": "new", "size": 5}"#),
    (r#"{"filedata": "Zm9vYmE=", "filename": "new"}"#, r#"{"stored": "new", "size": 5}"#),
    (r#"{"filename": "new", "filedata": ""}"#, r#"{"stored": "new", "size": 0}"#),
    (
        r#"{"filename": "sub/\ud83d\ude00", "filedata": "\/\/8="}"#,
        r#"{"stored": "sub/\ud83d\ude00", "size": 2}"#,
    ),
    (r#"{"filename": "../x", "filedata": "Zg=="}"#, r#"{"error": "invalid name"}"#),
    (r#"{"filedata": "Zg==", "filename": "../x"}"#, r#"{"error": "invalid name"}"#),
    (r#"{"filename": "new", "filedata": "Zg="}"#, r#"{"error": "filedata is not base64"}"#),
    (r#"{"filename": "new", "filedata": "Zh=="}"#, r#"{"error": "filedata is not base64"}"#),
    (r#"{"filename": "new", "filedata": "Zg==Zg=="}"#, r#"{"error": "filedata is not base64"}"#),
    (r#"{"filename": "new", "filedata": 7}"#, r#"{"error": "a member has the wrong type"}"#),
    (r#"{"filename": "new", "filedata": "Zm9vYm"#, r#"{"error": "incomplete object"}"#),
    (
        r#"{"filedata": "Zm9v", "filedata": "Zm9v"}"#,
        r#"{"error": "members contradict each other"}"#,
    ),
];

#[test]
fn every_request_is_answered_the_same_at_every_cut() {
    for (request, answer) in EXCHANGES {
        let request = match request.contains("\"filedata\": \"") {
            true => with_token(request),
            false => request.to_string(),
        };
        let request = request.as_bytes();
        for cut in 0..=request.len() {
            let store = store();
            let (left, right) = request.split_at(cut);
            assert_eq!(ask(&store, &[left, right], 1 + cut), *answer, "cut at {cut}");
            let stored = answer.contains("stored");
            assert_eq!(store.names().len(), if stored { 3 } else { 2 });
        }
        let single: Vec<&[u8]> = request.chunks(1).collect();
        assert_eq!(ask(&store(), &single, 1), *answer);
    }
}

#[test]
fn what_is_stored_is_what_was_sent() {
    let store = store();
    let request = with_token(r#"{"filedata": "\/\/8=", "filename": "sub\/\ud83d\ude00"}"#);
    ask(&store, &[request.as_bytes()], 99);
    assert_eq!(store.content("sub/😀").unwrap(), [0xff, 0xff]);
    let request = with_token(r#"{"filename": "guido.jpg", "filedata": "bmV3"}"#);
    ask(&store, &[request.as_bytes()], 99);
    assert_eq!(store.content("guido.jpg").unwrap(), b"new");
}

fn base64(bytes: &[u8]) -> String {
    let mut text = vec![0; bytes.len().div_ceil(3) * 4];
    let mut encoder = Encoder::new();
    let given = encoder.encode(bytes, &mut text).given;
    encoder.finish(&mut text[given..]);
    String::from_utf8(text).unwrap()
}

#[test]
fn random_files_are_stored_and_sent() {
    for seed in 0..60 {
        let mut random = SeededEntropy::new(seed);
        let mut below = |bound| (random.next_u64() % bound) as usize;
        let (length, part, room) = (below(6000), 1 + below(2000), 1 + below(2000));
        let mut content = vec![0; length];
        random.fill(&mut content);
        let name: String = (0..1 + random.next_u64() % 20)
            .filter_map(|_| char::from_u32((random.next_u64() % 0x1_1000) as u32))
            .filter(|c| !c.is_control() && !"/\\\".".contains(*c))
            .chain(['x'])
            .collect();
        let data = base64(&content);
        let request = match seed % 2 {
            0 => format!(r#"{{"filename": "{name}", "filedata": "{data}"}}"#),
            _ => format!(r#"{{"filedata": "{data}", "filename": "{name}"}}"#),
        };
        let request = with_token(&request);
        let store = MemoryStore::writable();
        let parts: Vec<&[u8]> = request.as_bytes().chunks(part).collect();
        let answer: serde_json::Value = serde_json::from_str(&ask(&store, &parts, room)).unwrap();
        assert_eq!(answer, serde_json::json!({"stored": name, "size": length}), "seed {seed}");
        assert_eq!(store.content(&name).as_ref(), Some(&content), "seed {seed}");

        let answer = ask(&store, &[format!(r#"{{"get": "{name}"}}"#).as_bytes()], room);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer, serde_json::json!({"filename": name, "filedata": data}), "seed {seed}");
    }
}

#[test]
fn names_have_255_bytes_at_most() {
    for (length, stored) in [(255, true), (256, false), (70_000, false)] {
        let store = MemoryStore::writable();
        let name = "n".repeat(length);
        let request = with_token(&format!(r#"{{"filename": "{name}", "filedata": ""}}"#));
        let answer = ask(&store, &[request.as_bytes()], 99);
        let expected = match stored {
            true => format!(r#"{{"stored": "{name}", "size": 0}}"#),
            false => r#"{"error": "name too long"}"#.into(),
        };
        assert_eq!(answer, expected);
    }
}

#[test]
fn an_object_nested_ten_thousand_deep_is_an_error() {
    let request = format!(r#"{{"x":{}"#, r#"{"x":"#.repeat(10_000));
    assert_eq!(ask(&store(), &[request.as_bytes()], 99), r#"{"error": "JSON nested too deep"}"#);
}

#[test]
fn nothing_is_stored_without_permission() {
    let request = with_token(r#"{"filename": "new", "filedata": "Zg=="}"#);
    for (store_allows, has_token) in [(false, true), (true, false), (false, false)] {
        let store = store();
        store.writable.set(store_allows);
        let mut server = FileServer::new(&store);
        if has_token {
            server = server.with_token(token());
        }
        let request = [request.as_bytes()];
        let (answer, _) =
            Bench::new().converse(&mut server, &mut Connection::new(), &request, true, 99);
        assert_eq!(answer, br#"{"error": "read-only"}"#);
        assert_eq!(store.names().len(), 2);
        // Reading is permitted nevertheless.
        let (answer, _) = Bench::new().converse(
            &mut server,
            &mut Connection::new(),
            &[br#"{"get": "guido.jpg"}"#],
            false,
            99,
        );
        assert!(answer.starts_with(br#"{"filename""#));
    }
}

/// Before a byte of it reaches the store, at every cut.
#[test]
fn nothing_is_stored_without_the_token() {
    let refused = r#"{"error": "token missing or wrong: send \"token\" before \"filedata\""}"#;
    for request in [
        r#"{"filename": "new", "filedata": "Zm9v"}"#.to_string(),
        format!(r#"{{"filename": "new", "filedata": "Zm9v", "token": "{TOKEN}"}}"#),
        r#"{"token": "", "filename": "new", "filedata": "Zm9v"}"#.to_string(),
        format!(r#"{{"token": "{}", "filename": "new", "filedata": "Zm9v"}}"#, &TOKEN[1..]),
        format!(r#"{{"token": "{TOKEN}x", "filename": "new", "filedata": "Zm9v"}}"#),
        format!(r#"{{"token": "{TOKEN}{TOKEN}", "filename": "new", "filedata": "Zm9v"}}"#),
        r#"{"filename": "new", "filedata": ""}"#.to_string(),
    ] {
        for cut in 0..=request.len() {
            let store = store();
            let (left, right) = request.as_bytes().split_at(cut);
            assert_eq!(ask(&store, &[left, right], 99), refused, "{request} cut at {cut}");
            assert_eq!(store.names().len(), 2);
        }
    }
    let twice = with_token(&with_token(r#"{"filename": "new", "filedata": "Zm9v"}"#));
    let expected = r#"{"error": "members contradict each other"}"#;
    assert_eq!(ask(&store(), &[twice.as_bytes()], 99), expected);
    let wrong = r#"{"token": 5, "filename": "new", "filedata": "Zm9v"}"#;
    let expected = r#"{"error": "a member has the wrong type"}"#;
    assert_eq!(ask(&store(), &[wrong.as_bytes()], 99), expected);
}

#[test]
fn a_full_store_rejects_the_file_and_keeps_the_old_one() {
    let store = store();
    store.capacity.set(Some(10));
    let request = with_token(r#"{"filename": "guido.jpg", "filedata": "Zm9vYmFyZm9vYmFy"}"#);
    assert_eq!(ask(&store, &[request.as_bytes()], 99), r#"{"error": "no room left"}"#);
    assert_eq!(store.content("guido.jpg").unwrap(), b"foobar");
}

#[test]
fn an_incomplete_upload_leaves_nothing_however_it_ends() {
    let half = with_token(r#"{"filename": "guido.jpg", "filedata": "Zm9vYmFy"#);
    let half = half.as_bytes();
    let store = store();
    let (mut bench, mut connection) = (Bench::new(), Connection::new());
    let mut server = FileServer::new(&store).with_token(token());
    server.open(&mut connection, peer(), &mut bench.env());
    assert_eq!(server.phase(&connection), Phase::FirstByte);
    server.receive(&mut connection, &half[..9], &mut bench.env());
    assert_eq!(server.phase(&connection), Phase::Head);
    server.receive(&mut connection, &half[9..], &mut bench.env());
    assert_eq!(server.phase(&connection), Phase::Body);
    assert_eq!(store.open_handles(), 1);
    server.close(&mut connection, &mut bench.env());
    assert_eq!(store.open_handles(), 0);

    server.open(&mut connection, peer(), &mut bench.env());
    server.receive(&mut connection, half, &mut bench.env());
    server.expire(&mut connection, &mut bench.env());
    assert_eq!(store.open_handles(), 0);
    assert_eq!(server.phase(&connection), Phase::Sending);
    let mut output = [0; 99];
    let given = server.transmit(&mut connection, &mut output, &mut bench.env());
    assert_eq!(&output[..given], br#"{"error": "too slow"}"#);
    assert_eq!(server.phase(&connection), Phase::Finished);
    assert_eq!(store.content("guido.jpg").unwrap(), b"foobar");
}

#[test]
fn a_client_that_sends_nothing_is_closed_without_an_answer() {
    let store = store();
    let (mut bench, mut connection) = (Bench::new(), Connection::new());
    let mut server = FileServer::new(&store).with_token(token());
    server.open(&mut connection, peer(), &mut bench.env());
    server.expire(&mut connection, &mut bench.env());
    assert_eq!(server.phase(&connection), Phase::Finished);
}

#[test]
fn a_file_that_shrinks_is_reset_and_never_complete() {
    let store = MemoryStore::new().with("a", &[1; 3000]);
    store.shrunk_to.set(Some(2000));
    let mut server = FileServer::new(&store);
    let request: &[u8] = br#"{"get": "a"}"#;
    let (answer, phase) =
        Bench::new().converse(&mut server, &mut Connection::new(), &[request], false, 100);
    assert_eq!(phase, Phase::Broken);
    assert!(answer.len() > 2000 && !answer.contains(&b'}'));
    assert_eq!(store.open_handles(), 0);
}
