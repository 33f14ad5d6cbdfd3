//! Services on a store that is not ready at once: the bytes are those of a store that is.

mod common;

use bareserve::{
    file_transfer::{
        download::{self, Download},
        request::{self, FileServer},
    },
    http::{self, Files, Server, WriteAccess},
    protocol::{
        stream::{Phase, Protocol},
        token::Token,
    },
};
use common::{conversation::Bench, memory_store::MemoryStore};

const TOKEN: &str = "0123456789abcdef-_ABCDEFGHIJKLMN";

/// The longest delay, in polls.
const DELAY: usize = 3;

fn token() -> Token {
    Token::from_text(TOKEN).unwrap()
}

fn store() -> MemoryStore {
    let content: Vec<u8> = (0..5000).map(|n| n as u8).collect();
    MemoryStore::writable().with("index.html", b"<p>").with("large", &content)
}

/// Asserts that delays, room and the end of input change neither output nor log.
fn assert_same<P: Protocol<Connection: Default>>(
    input: &[u8],
    make: impl Fn(&'static MemoryStore) -> P,
) {
    let run = |delay, room, half_close| {
        let store = Box::leak(Box::new(store()));
        store.delay.set(delay);
        let (mut bench, mut connection) = (Bench::new(), P::Connection::default());
        bench.patience = delay;
        let (output, phase) =
            bench.converse(&mut make(store), &mut connection, &[input], half_close, room);
        assert_eq!(phase, Phase::Finished, "{}", String::from_utf8_lossy(&output));
        assert_eq!(store.open_handles(), 0, "a handle was left open");
        (output, bench.log.0)
    };
    let expected = run(0, 1 << 16, false);
    for delay in 1..=DELAY {
        for room in [1, 2, 7, 100, 1 << 16] {
            for half_close in [false, true] {
                assert!(run(delay, room, half_close) == expected, "{delay} {room} {half_close}");
            }
        }
    }
}

fn server(store: &'static MemoryStore) -> Server<Files<&'static MemoryStore>, 1024> {
    Server::new(Files::new(store).with_listings().with_writing(WriteAccess::with_token(token())))
}

#[test]
fn pages() {
    let requests = [
        "GET / HTTP/1.1",
        "HEAD /large HTTP/1.1",
        "GET /large HTTP/1.1",
        "GET /large HTTP/1.1\r\nRange: bytes=0-9,100-199,-1",
        "GET /none HTTP/1.1",
        "GET /large HTTP/1.1\r\nIf-None-Match: *",
        "DELETE /index.html HTTP/1.1",
        "GET /index.html HTTP/1.1\r\nConnection: close",
    ];
    let all: String = requests.map(|head| format!("{head}\r\nHost: localhost\r\n\r\n")).concat();
    assert_same(all.as_bytes(), server);
}

/// A change is not delayed: it waits for the store.
#[test]
fn changes() {
    let put = |condition: &str, content: &str| {
        format!(
            "PUT /index.html HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\
             {condition}\r\nContent-Length: {}\r\n\r\n{content}",
            content.len()
        )
    };
    let all = [
        put("If-None-Match: *", "refused"),
        put("If-Match: *", "<h1>"),
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_string(),
    ];
    let (store, mut bench, mut connection) = (store(), Bench::new(), http::Connection::new());
    store.delay.set(DELAY);
    bench.patience = DELAY;
    let store = Box::leak(Box::new(store));
    let input = all.concat();
    let (output, _) =
        bench.converse(&mut server(store), &mut connection, &[input.as_bytes()], false, 99);
    let output = String::from_utf8_lossy(&output);
    let statuses: Vec<_> = output.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["412", "204", "200"], "{output}");
    assert!(output.ends_with("<h1>"), "{output}");
}

#[test]
fn downloads() {
    for path in ["index.html", "large", "none"] {
        assert_same::<Download<'_, _>>(b"", |store| Download::new(store, path));
    }
}

#[test]
fn requested_files() {
    for name in ["index.html", "large", "none"] {
        let input = format!("{{\"get\": \"{name}\"}}");
        assert_same::<FileServer<_>>(input.as_bytes(), FileServer::new);
    }
}

#[test]
fn stores_over_others() {
    use bareserve::store::{Commit, Encoding, Store, StoreError, overlay::Overlay};
    let (upper, lower) = (MemoryStore::writable().with("new", b"1"), store());
    upper.delay.set(DELAY);
    lower.delay.set(DELAY);
    let both: Overlay<_, _> = Overlay::new(&upper, &lower);
    assert_eq!(both.open("new", Encoding::Gzip).err(), Some(StoreError::NotYet));
    assert_eq!(both.metadata_now("new").map(|metadata| metadata.size), Ok(1));
    assert_eq!(both.metadata_now("large").map(|metadata| metadata.size), Ok(5000));
    assert_eq!(both.metadata_now("none"), Err(StoreError::NotFound));
    assert_eq!(both.remove("large"), Err(StoreError::ReadOnly));
    let upload = both.create(None).unwrap();
    assert_eq!(both.commit(upload, "large"), Ok(Commit::Replaced));
}

/// A client that is not served in time is reset, as in the middle of a file.
#[test]
fn a_file_that_never_comes_is_reset() {
    let store = store();
    store.delay.set(usize::MAX);
    let mut bench = Bench::new();
    let mut connection = download::Connection::new();
    let mut server = Download::new(&store, "large");
    server.open(&mut connection, common::conversation::peer(), &mut bench.env());
    assert_eq!(server.transmit(&mut connection, &mut [0; 99], &mut bench.env()), 0);
    assert_eq!(server.phase(&connection), Phase::Sending);
    server.expire(&mut connection, &mut bench.env());
    assert_eq!(server.phase(&connection), Phase::Broken);

    let mut connection = request::Connection::new();
    let mut server = FileServer::new(&store);
    server.open(&mut connection, common::conversation::peer(), &mut bench.env());
    let input = b"{\"get\": \"large\"}";
    assert_eq!(server.receive(&mut connection, input, &mut bench.env()), input.len());
    assert_eq!(server.transmit(&mut connection, &mut [0; 99], &mut bench.env()), 0);
    assert_eq!(server.phase(&connection), Phase::Sending);
    server.expire(&mut connection, &mut bench.env());
    assert_eq!(server.phase(&connection), Phase::Broken);
}
