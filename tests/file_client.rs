//! The clients of file transfer, without sockets: against objects of any server, and against the
//! servers of this crate.

mod common;

use bareserve::{
    file_transfer::{
        client::{ClientError, Fetch, Sink, Source, Upload},
        download,
        reader::ObjectError,
        request,
    },
    protocol::token::Token,
    protocol::{
        client::{Failure, Progress, StreamSession},
        stream::{Phase, Protocol},
    },
};
use common::{
    conversation::{Bench, peer},
    memory_store::MemoryStore,
};

/// A sink that fails once it holds `capacity` bytes.
#[derive(Debug)]
struct Folder {
    bytes: Vec<u8>,
    name: Option<String>,
    discarded: bool,
    capacity: usize,
}

impl Folder {
    fn new() -> Self {
        Self { bytes: Vec::new(), name: None, discarded: false, capacity: usize::MAX }
    }
}

impl Sink for Folder {
    type Error = &'static str;

    fn write(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > self.capacity { Err("disk full") } else { Ok(()) }
    }

    fn finish(&mut self, name: &str) -> Result<(), &'static str> {
        assert!(self.name.replace(name.into()).is_none());
        Ok(())
    }

    fn discard(&mut self) {
        self.discarded = true;
    }
}

type Outcome = Result<(String, Vec<u8>), ClientError<&'static str>>;

/// The result of a fetch to which the server sends `parts` and then closes.
fn fetch(parts: &[&[u8]]) -> Outcome {
    let (mut bench, mut client) = (Bench::new(), Fetch::offered(Folder::new()));
    assert_eq!(client.transmit(&mut [0; 9], &mut bench.env()), 0);
    for part in parts {
        if client.progress() == Progress::Running {
            assert_eq!(client.receive(part, &mut bench.env()), part.len());
        }
    }
    client.end_of_input(&mut bench.env());
    client.end(Ok(()), &mut bench.env());
    let outcome = *client.outcome().unwrap();
    let folder = client.sink();
    assert_eq!(folder.discarded, outcome.is_err());
    assert_eq!(folder.name.is_some(), outcome.is_ok());
    outcome.map(|()| (folder.name.clone().unwrap(), folder.bytes.clone()))
}

#[test]
fn objects_of_any_form_are_parsed_at_every_cut() {
    let cases: &[(&str, &str, &[u8])] = &[
        (r#"{"filename": "guido.jpg", "filedata": "Zm9vYmE="}"#, "guido.jpg", b"fooba"),
        (r#"{"filedata": "Zm9vYmE=", "filename": "guido.jpg"}"#, "guido.jpg", b"fooba"),
        (r#"{"filename":"a","filedata":""}"#, "a", b""),
        (
            " {\r\n\t\"filedata\" : \"\\/\\/8\\u003d\" ,\n\"filename\":\"\\u00e9\\ud83d\\ude00\"} \n",
            "é😀",
            b"\xff\xff",
        ),
        (
            r#"{"v": [1, {"filename": "x"}], "filename": "é", "filedata": "Zg==", "w": null}"#,
            "é",
            b"f",
        ),
        (r#"{"filename": "a", "filedata": "Zg=="} and more"#, "a", b"f"),
    ];
    for (object, name, bytes) in cases {
        let object = object.as_bytes();
        let expected: Outcome = Ok((name.to_string(), bytes.to_vec()));
        for cut in 0..=object.len() {
            let (left, right) = object.split_at(cut);
            assert_eq!(fetch(&[left, right]), expected, "cut at {cut}");
        }
        assert_eq!(fetch(&object.chunks(1).collect::<Vec<_>>()), expected);
    }
}

#[test]
fn invalid_objects_fail_with_their_error() {
    let cases = [
        (r#"{"filename": "../x", "filedata": ""}"#, ClientError::InvalidName),
        (r#"{"filedata": "Zg==", "filename": "a/b"}"#, ClientError::InvalidName),
        (r#"{"filename": "a\\b", "filedata": ""}"#, ClientError::InvalidName),
        (r#"{"filename": "..", "filedata": ""}"#, ClientError::InvalidName),
        (r#"{"filename": "", "filedata": ""}"#, ClientError::InvalidName),
        (r#"{"filename": "a\u0000", "filedata": ""}"#, ClientError::InvalidName),
        (r#"{"filename": "a", "filedata": "Zg="}"#, ClientError::Object(ObjectError::Base64)),
        (r#"{"filename": "a", "filedata": "Zg"}"#, ClientError::Object(ObjectError::Base64)),
        (r#"{"filename": "a", "filedata": []}"#, ClientError::Object(ObjectError::WrongType)),
        (r#"{"filename": "a", "filename": "b"}"#, ClientError::Object(ObjectError::Ambiguous)),
        (r#"{"error": "no such file"}"#, ClientError::Refused),
        (r#"{"stored": "a", "size": 1}"#, ClientError::Unexpected),
        (r#"{"filename": "a"}"#, ClientError::Unexpected),
        (r#"{"filedata": "Zg=="}"#, ClientError::Unexpected),
        ("{}", ClientError::Unexpected),
        ("", ClientError::Incomplete),
        (r#"{"filename": "a", "filedata": "Zg==""#, ClientError::Incomplete),
    ];
    for (object, error) in cases {
        let object = object.as_bytes();
        for cut in 0..=object.len() {
            let (left, right) = object.split_at(cut);
            assert_eq!(fetch(&[left, right]), Err(error), "{}", object.escape_ascii());
        }
    }
}

#[test]
fn the_reason_of_an_error_is_kept_and_cut_at_its_limit() {
    for (reason, read) in [("nö", "nö".to_string()), (&"nö".repeat(100), "nö".repeat(85))] {
        let (mut bench, mut client) = (Bench::new(), Fetch::named("x", Folder::new()));
        client.receive(format!("{{\"error\": \"{reason}\"}}").as_bytes(), &mut bench.env());
        assert_eq!(client.outcome(), Some(&Err(ClientError::Refused)));
        assert_eq!(client.text(), read);
    }
}

#[test]
fn a_failing_sink_and_a_lost_connection_discard_the_file() {
    let (mut bench, mut client) =
        (Bench::new(), Fetch::offered(Folder { capacity: 2, ..Folder::new() }));
    client.receive(br#"{"filename": "a", "filedata": "Zm9v"}"#, &mut bench.env());
    assert_eq!(client.outcome(), Some(&Err(ClientError::Storage("disk full"))));
    client.end(Err(Failure::GaveUp), &mut bench.env());
    assert_eq!(client.outcome(), Some(&Err(ClientError::Storage("disk full"))));
    assert!(client.sink().discarded);

    let mut client = Fetch::offered(Folder::new());
    client.receive(br#"{"filename": "a", "filedata": "Zm9v"#, &mut bench.env());
    client.end(Err(Failure::Reset), &mut bench.env());
    assert_eq!(client.outcome(), Some(&Err(ClientError::Connection(Failure::Reset))));
    assert!(client.sink().discarded);
}

/// A file that may be shorter than its size.
struct File {
    bytes: Vec<u8>,
    size: u64,
}

impl Source for File {
    type Error = &'static str;

    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, &'static str> {
        let rest = &self.bytes[(offset as usize).min(self.bytes.len())..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

fn file(bytes: &[u8]) -> File {
    File { bytes: bytes.into(), size: bytes.len() as u64 }
}

/// Moves bytes between a client and a server, at most `window` at once, until the client ends.
fn connect<P: Protocol>(
    client: &mut impl StreamSession,
    server: &mut P,
    connection: &mut P::Connection,
    window: usize,
) {
    let (mut bench, mut buffer) = (Bench::new(), vec![0; window]);
    server.open(connection, peer(), &mut bench.env());
    loop {
        let sent = client.transmit(&mut buffer, &mut bench.env());
        assert_eq!(server.receive(connection, &buffer[..sent], &mut bench.env()), sent);
        let answered = match server.phase(connection) {
            Phase::Finished | Phase::Broken => 0,
            _ => server.transmit(connection, &mut buffer, &mut bench.env()),
        };
        client.receive(&buffer[..answered], &mut bench.env());
        if client.progress() != Progress::Running {
            break;
        }
        if sent + answered == 0 {
            client.end_of_input(&mut bench.env());
        }
    }
    server.close(connection, &mut bench.env());
    client.end(Ok(()), &mut bench.env());
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn files_are_transferred_between_clients_and_servers() {
    for length in [0, 1, 2, 3, 4, 767, 768, 769, 5000] {
        let bytes: Vec<u8> = (0..length).map(|index| (index * 7) as u8).collect();
        for window in [1, 2, 3, 100, 1460, 65536] {
            let store = MemoryStore::writable();
            let mut client = Upload::new("fotos/é.png", file(&bytes)).with_token(TOKEN);
            let mut server =
                request::FileServer::new(&store).with_token(Token::from_text(TOKEN).unwrap());
            connect(&mut client, &mut server, &mut request::Connection::new(), window);
            assert_eq!(client.outcome(), Some(&Ok(())), "{}", client.text());
            assert_eq!(client.sent(), length);
            assert_eq!(store.content("fotos/é.png").as_ref(), Some(&bytes));

            let mut client = Fetch::named("fotos/é.png", Folder::new());
            connect(&mut client, &mut server, &mut request::Connection::new(), window);
            assert_eq!(client.outcome(), Some(&Ok(())), "{}", client.text());
            assert_eq!(client.sink().name.as_deref(), Some("é.png"));
            assert_eq!(client.sink().bytes, bytes);

            let mut download = download::Download::new(&store, "fotos/é.png");
            let mut client = Fetch::offered(Folder::new());
            connect(&mut client, &mut download, &mut download::Connection::new(), window);
            assert_eq!(client.outcome(), Some(&Ok(())));
            assert_eq!((client.received(), &client.sink().bytes), (length, &bytes));
            assert_eq!(store.open_handles(), 0);
        }
    }
}

#[test]
fn a_rejected_upload_stops_at_once() {
    let store = MemoryStore::new();
    let mut server = request::FileServer::new(&store).with_token(Token::from_text(TOKEN).unwrap());
    let mut client = Upload::new("a", file(&[0; 1_000_000]));
    connect(&mut client, &mut server, &mut request::Connection::new(), 1000);
    assert_eq!(client.outcome(), Some(&Err(ClientError::Refused)));
    assert_eq!(client.text(), "read-only");
    assert!(client.sent() < 3000);
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_not_stored() {
    let store = MemoryStore::writable();
    let mut server = request::FileServer::new(&store).with_token(Token::from_text(TOKEN).unwrap());
    let mut client = Upload::new("a", File { size: 6000, ..file(&[0; 5000]) }).with_token(TOKEN);
    connect(&mut client, &mut server, &mut request::Connection::new(), 1000);
    assert_eq!(client.outcome(), Some(&Err(ClientError::Shrunk)));
    assert!(store.names().is_empty());
    assert_eq!(store.open_handles(), 0);
}

#[test]
fn an_upload_accepts_only_the_answer_to_its_file() {
    let cases = [
        (r#"{"stored": "a", "size": 3}"#, Ok(())),
        (r#"{"size": 3, "new": true, "stored": "a"}"#, Ok(())),
        (r#"{"stored": "a", "size": 2}"#, Err(ClientError::Unexpected)),
        (r#"{"stored": "b", "size": 3}"#, Err(ClientError::Unexpected)),
        (r#"{"stored": "a"}"#, Err(ClientError::Unexpected)),
        (r#"{"filename": "a", "filedata": ""}"#, Err(ClientError::Unexpected)),
        (r#"{"filename": "a", "filedata": "Zg=="}"#, Err(ClientError::Unexpected)),
        (r#"{"stored": "a", "size": -3}"#, Err(ClientError::Object(ObjectError::WrongType))),
        (r#"{"stored": "a", "size": 3.0}"#, Err(ClientError::Object(ObjectError::WrongType))),
        (r#"{"size": 99999999999999999999}"#, Err(ClientError::Object(ObjectError::WrongType))),
        (r#"{"stored": "a", "size"#, Err(ClientError::Incomplete)),
    ];
    for (answer, outcome) in cases {
        let (mut bench, mut client) = (Bench::new(), Upload::new("a", file(b"foo")));
        let mut object = [0; 99];
        let given = client.transmit(&mut object, &mut bench.env());
        assert_eq!(&object[..given], br#"{"filename": "a", "filedata": "Zm9v"}"#);
        for byte in answer.bytes() {
            client.receive(&[byte], &mut bench.env());
        }
        client.end_of_input(&mut bench.env());
        assert_eq!(client.outcome(), Some(&outcome), "{answer}");
    }
}
