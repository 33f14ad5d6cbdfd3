//! Request smuggling: ambiguous framings that hide a second request must get one response only.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use crate::{
    case::{Case, case},
    device::{ADDRESS, Device},
    framings::AMBIGUOUS,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("smuggling::ambiguous_framing_gets_one_response", ambiguous_framing_gets_one_response),
        case("smuggling::request_in_a_valid_body_is_ignored", request_in_a_valid_body_is_ignored),
    ]
}

fn ambiguous_framing_gets_one_response(_: &Device) {
    assert!(AMBIGUOUS.len() >= 40);
    let wrong: Vec<_> = AMBIGUOUS
        .iter()
        .filter_map(|framing| {
            let statuses = statuses(&exchange(framing.request().as_bytes()));
            let is_refused = matches!(statuses[..], [400 | 501]);
            (!is_refused).then(|| format!("{:?}: {statuses:?}", framing.request()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A body that looks like a request is not parsed as one.
fn request_in_a_valid_body_is_ignored(_: &Device) {
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let length = hidden.len();
    for request in [
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("HEAD / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!(
            "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{hidden}"
        ),
        format!("BREW / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\
             {length:x}\r\n{hidden}\r\n0\r\n\r\n"
        ),
        // A field name that resembles one of the framing fields.
        format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nContent_Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}"
        ),
    ] {
        let statuses = statuses(&exchange(request.as_bytes()));
        assert_eq!(statuses.len(), 1, "{request:?}: {statuses:?}");
    }
}

/// Sends `request`, half-closes, and returns all that is received. An orderly close is checked by the
/// conformance test instead.
fn exchange(request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect((ADDRESS, 80)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream.write_all(request).expect("sent");
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer and its end");
    answer
}

fn statuses(answers: &[u8]) -> Vec<u16> {
    String::from_utf8_lossy(answers)
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| answer[..3].parse().expect("a status"))
        .collect()
}
