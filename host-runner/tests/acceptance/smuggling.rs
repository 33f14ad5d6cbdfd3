//! Ambiguous framings with a request hidden in them: never two answers.

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
        case("smuggling::one_answer", one_answer),
        case("smuggling::hidden_in_a_sound_body", hidden_in_a_sound_body),
    ]
}

fn one_answer(_: &Device) {
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

/// A body is a body, whatever it looks like.
fn hidden_in_a_sound_body(_: &Device) {
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = hidden.len();
    for request in [
        format!("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
             {length:x}\r\n{hidden}\r\n0\r\n\r\n"
        ),
        // Field names that only look like those of the framing.
        format!(
            "GET / HTTP/1.1\r\nHost: x\r\nContent_Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}"
        ),
    ] {
        let statuses = statuses(&exchange(request.as_bytes()));
        assert_eq!(statuses.len(), 1, "{request:?}: {statuses:?}");
    }
}

/// Sends all of `request` and that there is no more; returns all that comes. Whether the end comes
/// in order is the conformance test's business.
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
