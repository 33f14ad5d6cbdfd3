//! The download server, without sockets: the bytes of Python's `json.dumps`, for any file and any
//! buffers.

mod common;

use bareserve::{
    file_transfer::download::{Connection, Download},
    protocol::stream::{Phase, Protocol},
};
use common::{
    conversation::{Bench, peer},
    memory_store::MemoryStore,
};

/// Name, content, and what `json.dumps({"filename": name, "filedata": base64.b64encode(content)
/// .decode()})` gave for them in Python 3.
const OBJECTS: &[(&str, &[u8], &str)] = &[
    (
        "guido.jpg",
        b"",
        r#"{"filename": "guido.jpg", "filedata": ""}"#,
    ),
    (
        "a",
        b"f",
        r#"{"filename": "a", "filedata": "Zg=="}"#,
    ),
    (
        "\u{e9}.txt",
        b"fo",
        r#"{"filename": "\u00e9.txt", "filedata": "Zm8="}"#,
    ),
    (
        "\u{65e5}\u{672c}\u{8a9e}.bin",
        b"foo",
        r#"{"filename": "\u65e5\u672c\u8a9e.bin", "filedata": "Zm9v"}"#,
    ),
    (
        "\u{1f600} \u{10ffff}.png",
        b"foob",
        r#"{"filename": "\ud83d\ude00 \udbff\udfff.png", "filedata": "Zm9vYg=="}"#,
    ),
    (
        "quote \" mark\u{7e}",
        b"fooba",
        r#"{"filename": "quote \" mark~", "filedata": "Zm9vYmE="}"#,
    ),
    (
        "line\u{2028}end \u{ffff}\u{e000}",
        b"foobar",
        r#"{"filename": "line\u2028end \uffff\ue000", "filedata": "Zm9vYmFy"}"#,
    ),
    (
        "guido.jpg",
        b"\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xdb\xdc\xdd\xde\xdf\xe0\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xeb\xec\xed\xee\xef\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff",
        r#"{"filename": "guido.jpg", "filedata": "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8="}"#,
    ),
];

fn download(store: &MemoryStore, path: &str, room: usize) -> (Vec<u8>, Phase, Vec<String>) {
    let mut bench = Bench::new();
    let (output, phase) =
        bench.converse(&mut Download::new(store, path), &mut Connection::new(), &[], false, room);
    (output, phase, bench.log.0)
}

#[test]
fn objects_are_those_of_python_in_slices_of_any_size() {
    for (name, content, object) in OBJECTS {
        let store = MemoryStore::new().with(name, content);
        for read_limit in [None, Some(1), Some(2), Some(4)] {
            store.read_limit.set(read_limit);
            for room in (1..40).chain([1 << 16]) {
                let (output, phase, log) = download(&store, name, room);
                assert_eq!(str::from_utf8(&output), Ok(*object), "room {room}, {read_limit:?}");
                assert_eq!(phase, Phase::Finished);
                assert_eq!(log, [format!("{name}: {} bytes", content.len())]);
                assert_eq!(store.open_handles(), 0);
            }
        }
    }
}

#[test]
fn the_name_is_the_last_segment_of_the_path() {
    let store = MemoryStore::new().with("pictures/guido.jpg", b"");
    let (output, ..) = download(&store, "pictures/guido.jpg", 99);
    assert_eq!(output, br#"{"filename": "guido.jpg", "filedata": ""}"#);
}

#[test]
fn a_missing_file_is_closed_without_data() {
    let (output, phase, log) = download(&MemoryStore::new(), "guido.jpg", 99);
    assert_eq!((output.len(), phase), (0, Phase::Finished));
    assert_eq!(log, ["guido.jpg: no such file"]);
}

#[test]
fn a_file_that_shrinks_or_fails_is_reset_and_never_looks_complete() {
    let content = [7; 5000];
    for at in [0, 1, 2, 3, 2500, 4998, 4999] {
        for room in [1, 5, 1000, 1 << 16] {
            let store = MemoryStore::new().with("a", &content);
            store.shrunk_to.set(Some(at));
            let (output, phase, log) = download(&store, "a", room);
            assert!(!output.contains(&b'}'));
            assert_eq!(phase, Phase::Broken);
            assert_eq!(log, ["a: the file shrank while it was sent"]);

            store.shrunk_to.set(None);
            store.broken_at.set(Some(at));
            let (output, phase, log) = download(&store, "a", room);
            assert!(!output.contains(&b'}'));
            assert_eq!(phase, Phase::Broken);
            assert_eq!(log, ["a: storage failed"]);
            assert_eq!(store.open_handles(), 0);
        }
    }
}

#[test]
fn input_is_dropped() {
    let store = MemoryStore::new().with("a", b"x");
    let (mut bench, mut connection) = (Bench::new(), Connection::new());
    let (output, phase) = bench.converse(
        &mut Download::new(&store, "a"),
        &mut connection,
        &[b"GET / HTTP/1.1\r\n", b"\r\n"],
        true,
        1,
    );
    assert_eq!(output, br#"{"filename": "a", "filedata": "eA=="}"#);
    assert_eq!(phase, Phase::Finished);
}

#[test]
fn a_client_that_does_not_read_is_reset() {
    let store = MemoryStore::new().with("a", b"x");
    let (mut bench, mut connection) = (Bench::new(), Connection::new());
    let mut server = Download::new(&store, "a");
    server.open(&mut connection, peer(), &mut bench.env());
    assert_eq!(server.transmit(&mut connection, &mut [0; 9], &mut bench.env()), 9);
    server.expire(&mut connection, &mut bench.env());
    assert_eq!(server.phase(&connection), Phase::Broken);
    assert_eq!(server.transmit(&mut connection, &mut [0; 9], &mut bench.env()), 0);
    server.close(&mut connection, &mut bench.env());
    assert_eq!(store.open_handles(), 0);
}

#[test]
fn another_path_does_not_change_the_object_being_sent() {
    let store = MemoryStore::new().with("old", b"1").with("new", b"2");
    let (mut bench, mut connection) = (Bench::new(), Connection::new());
    let mut server = Download::new(&store, "old");
    server.open(&mut connection, peer(), &mut bench.env());
    let mut output = [0; 64];
    let half = server.transmit(&mut connection, &mut output[..16], &mut bench.env());
    server.set_path("new");
    let rest = server.transmit(&mut connection, &mut output[half..], &mut bench.env());
    assert_eq!(&output[..half + rest], br#"{"filename": "old", "filedata": "MQ=="}"#);
    let (next, _) = bench.converse(&mut server, &mut connection, &[], false, 64);
    assert_eq!(next, br#"{"filename": "new", "filedata": "Mg=="}"#);
}
