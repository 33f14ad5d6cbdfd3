//! The request server and the clients of file transfer.

use bareserve::{
    file_transfer::{
        client::{Fetch, Sink, Source, Upload},
        request::{Connection, FileServer},
    },
    protocol::token::Token,
    protocol::{
        client::{Progress, StreamSession},
        stream::Phase,
    },
    store::is_valid_name,
};

use super::{conversation::Bench, cut::cut, memory_store::MemoryStore};

/// Seeds of [`file_request`].
pub const REQUESTS: &[&[u8]] = &[
    br#"{"get": "a"}"#,
    br#"{"get": "folder/b", "unknown": [1, {"x": null}]}"#,
    br#"{"get": "../a"}"#,
    br#"{"filename": "new.txt", "filedata": "Zm9vYmFy"}"#,
    br#"{"token":"0123456789abcdef0123456789abcdef","filename":"new.txt","filedata":"Zm9vYmFy"}"#,
    br#"{"token":"0123456789abcdef0123456789abcdef","filedata":"Zm9v\/w==","filename":"f\/\u00e9"}"#,
    br#"{"token": "0123456789abcdef0123456789abcdef", "filename": "", "filedata": ""}"#,
    br#"{"filename": "a", "get": "a"}"#,
];

/// The response is one JSON object, only a complete file is stored, and no handle stays open.
pub fn file_request(data: &[u8]) {
    let whole = request(&[data], 65536);
    for room in [1, 7] {
        assert_eq!(whole, request(&cut(data), room));
    }
}

fn request(parts: &[&[u8]], room: usize) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let store = MemoryStore::writable().with("a", b"content of a").with("folder/b", &[0; 300]);
    let token = Token::from_text("0123456789abcdef0123456789abcdef").expect("a token");
    let mut server = FileServer::new(&store).with_token(token);
    let (answer, phase) =
        Bench::new().converse(&mut server, &mut Connection::new(), parts, true, room);
    assert_eq!(phase, Phase::Finished);
    assert_eq!(store.open_handles(), 0);
    let names = store.names();
    assert!(names.len() <= 3);
    if !answer.is_empty() {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&answer).expect("the answer is an object");
        if let Some(name) = object.get("stored") {
            assert!(names.iter().any(|stored| name == stored));
            let length = store.content(name.as_str().unwrap()).unwrap().len();
            assert_eq!(object["size"], length);
        } else {
            assert_eq!(names, ["a", "folder/b"]);
            assert!(object.contains_key("error") || object.contains_key("filedata"));
        }
    }
    let content = |name: String| (name.clone(), store.content(&name).unwrap());
    (answer, names.into_iter().map(content).collect())
}

/// Seeds of [`file_client`].
pub const ANSWERS: &[&[u8]] = &[
    br#"{"filename": "guido.jpg", "filedata": "R0lGODlhAQABAAAAACw="}"#,
    br#"{"filedata": "R0lGODlhAQABAAAAACw=", "filename": "\u00e9.jpg"}"#,
    br#"{"filename": "../guido.jpg", "filedata": ""}"#,
    br#"{"filename": "x", "filedata": "Zg==Zg=="}"#,
    br#"{"error": "no such file"}"#,
    br#"{"stored": "mine", "size": 1000}"#,
    br#"{"size": 1000, "stored": "mine"}"#,
];

/// Both clients end, whatever the server sends; only a complete file with a valid name is stored.
pub fn file_client(data: &[u8]) {
    assert_eq!(fetch(&[data]), fetch(&cut(data)));
    upload(&[data]);
    upload(&cut(data));
}

/// The name and content of the file, if one was received.
fn fetch(parts: &[&[u8]]) -> (Progress, Option<(String, Vec<u8>)>) {
    #[derive(Default)]
    struct Kept {
        bytes: Vec<u8>,
        name: Option<String>,
    }
    impl Sink for Kept {
        type Error = ();
        fn write(&mut self, bytes: &[u8]) -> Result<(), ()> {
            self.bytes.extend_from_slice(bytes);
            Ok(())
        }
        fn finish(&mut self, name: &str) -> Result<(), ()> {
            assert!(self.name.is_none() && is_valid_name(name));
            self.name = Some(name.into());
            Ok(())
        }
        fn discard(&mut self) {
            assert!(self.name.is_none());
        }
    }
    let mut client = Fetch::offered(Kept::default());
    let progress = run(&mut client, parts);
    let length: usize = parts.iter().map(|part| part.len()).sum();
    assert!(client.sink().bytes.len() <= length);
    assert_eq!(client.sink().name.is_some(), progress == Progress::Succeeded);
    let name = client.sink().name.clone();
    (progress, name.map(|name| (name, client.sink().bytes.clone())))
}

fn upload(parts: &[&[u8]]) {
    struct Zeros;
    impl Source for Zeros {
        type Error = ();
        fn size(&self) -> u64 {
            1000
        }
        fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, ()> {
            Ok(buffer.len().min((1000 - offset) as usize))
        }
    }
    let mut client = Upload::new("mine", Zeros);
    run(&mut client, parts);
}

fn run(client: &mut impl StreamSession, parts: &[&[u8]]) -> Progress {
    let mut bench = Bench::new();
    let mut output = [0; 64];
    let mut given = 1;
    while given > 0 {
        given = client.transmit(&mut output, &mut bench.env());
    }
    for &part in parts {
        let mut rest = part;
        while client.progress() == Progress::Running && !rest.is_empty() {
            let taken = client.receive(rest, &mut bench.env());
            assert!(taken > 0);
            rest = &rest[taken..];
        }
    }
    if client.progress() == Progress::Running {
        client.end_of_input(&mut bench.env());
    }
    let progress = client.progress();
    assert_ne!(progress, Progress::Running);
    client.end(Ok(()), &mut bench.env());
    assert_eq!(client.progress(), progress);
    progress
}
