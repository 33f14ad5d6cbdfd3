//! HTTP over a raw socket: the conformance table, pipelining, timeouts.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use crate::{
    case::{Case, case},
    device::{ADDRESS, Device},
    http_rows::{Fate, ROWS, Row},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("http::conformance", conformance),
        case("http::ten_pipelined_in_one_segment", ten_pipelined_in_one_segment),
        case("http::half_closed_client_gets_its_answer", half_closed_client_gets_its_answer),
        case("http::incomplete_request_is_408", incomplete_request_is_408),
        case("http::silent_client_is_closed_without_response", silent_client_is_closed),
        case("http::head_and_body_in_one_segment", head_and_body_in_one_segment),
    ]
}

/// The request after each tested one: whether it is answered shows whether the server continued to
/// read the connection. It also requests the close.
const LAST: &[u8] =
    b"GET /HelloWorld.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn conformance(_: &Device) {
    assert!(ROWS.len() >= 120);
    let wrong: Vec<_> = ROWS.iter().filter_map(|row| check(row).err()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rules are broken:\n{}",
        wrong.len(),
        ROWS.len(),
        wrong.join("\n")
    );
}

fn check(row: &Row) -> Result<(), String> {
    let blame = |what: String| format!("RFC {}: {}: {what}", row.section, row.rule);
    let mut request = row.request();
    request.extend_from_slice(LAST);
    let received = exchange(&request).map_err(blame)?;
    let mut rest = &received[..];
    let answer = Answer::read(&mut rest, row.is_head()).map_err(blame)?;
    if !row.statuses.contains(&answer.status) {
        return Err(blame(format!("answered {}, not {:?}", answer.status, row.statuses)));
    }
    answer.check().map_err(blame)?;
    match row.fate {
        Fate::Continues | Fate::Either if !rest.is_empty() => {
            let last = Answer::read(&mut rest, false).map_err(blame)?;
            if last.status != 200 || !rest.is_empty() {
                return Err(blame(format!(
                    "the next response was {} and {} bytes",
                    last.status,
                    rest.len()
                )));
            }
        }
        Fate::Continues => return Err(blame("closed, but must continue".into())),
        Fate::Closes if !rest.is_empty() => return Err(blame("continued, but must close".into())),
        _ => {}
    }
    Ok(())
}

/// Sends `request` and returns all that is received until an orderly close.
pub fn exchange(request: &[u8]) -> Result<Vec<u8>, String> {
    let mut stream = connect();
    stream.write_all(request).map_err(|error| format!("sending failed: {error}"))?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received).map_err(|error| format!("no orderly close: {error}"))?;
    Ok(received)
}

fn connect() -> TcpStream {
    let stream = TcpStream::connect((ADDRESS, 80)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream.set_nodelay(true).expect("the option");
    stream
}

/// A parsed response.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its fields, names in lower case.
    pub fields: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Parses one response and removes it from the front of `bytes`.
    pub fn read(bytes: &mut &[u8], is_head: bool) -> Result<Self, String> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(|| {
            format!(
                "no whole head in {:?}",
                String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes))
            )
        })?;
        let (head, rest) = bytes.split_at(end + 4);
        let head = std::str::from_utf8(head).map_err(|_| "a head that is not ASCII")?;
        let mut lines = head.trim_end().split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .filter(|rest| rest.as_bytes().get(3) == Some(&b' '))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| format!("status line {status_line:?}"))?;
        let mut fields = BTreeMap::new();
        for line in lines {
            let (name, value) =
                line.split_once(": ").ok_or_else(|| format!("field line {line:?}"))?;
            let again = fields.insert(name.to_ascii_lowercase(), value.to_owned()).is_some();
            if again && !["Set-Cookie", "WWW-Authenticate"].contains(&name) {
                return Err(format!("{name} twice"));
            }
        }
        let length = match fields.get("content-length") {
            _ if is_head || status == 204 || status == 304 => 0,
            Some(length) => length.parse().map_err(|_| format!("Content-Length {length:?}"))?,
            None => return Err("no Content-Length".into()),
        };
        let body = rest.get(..length).ok_or("a body cut short")?.to_vec();
        *bytes = &rest[length..];
        Ok(Self { status, fields, body })
    }

    /// Checks the fields that every response must have.
    fn check(&self) -> Result<(), String> {
        let needs = |name: &str| {
            if self.fields.contains_key(name) {
                Ok(())
            } else {
                Err(format!("{} without {name}", self.status))
            }
        };
        needs("date")?;
        match self.status {
            204 if self.fields.contains_key("content-length") => {
                return Err("204 with Content-Length".into());
            }
            206 if !self
                .fields
                .get("content-type")
                .is_some_and(|t| t.starts_with("multipart/byteranges")) =>
            {
                needs("content-range")?;
            }
            401 => needs("www-authenticate")?,
            405 => needs("allow")?,
            416 => needs("content-range")?,
            _ => {}
        }
        if self.status >= 400 && self.body.len() > 1024 {
            return Err(format!("an error page of {} bytes", self.body.len()));
        }
        Ok(())
    }
}

fn ten_pipelined_in_one_segment(_: &Device) {
    let mut request = Vec::new();
    for number in 0..9 {
        let target = if number % 2 == 0 { "/HelloWorld.html" } else { "/absent" };
        request.extend_from_slice(
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes(),
        );
    }
    request.extend_from_slice(LAST);
    let received = exchange(&request).expect("answers");
    let mut rest = &received[..];
    let statuses: Vec<_> =
        (0..10).map(|_| Answer::read(&mut rest, false).expect("an answer").status).collect();
    assert_eq!(statuses, [200, 404, 200, 404, 200, 404, 200, 404, 200, 200]);
    assert!(rest.is_empty());
}

fn half_closed_client_gets_its_answer(_: &Device) {
    let mut stream = connect();
    stream.write_all(b"GET /HelloWorld.html HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    stream.shutdown(Shutdown::Write).expect("half-closed");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).expect("an answer and its end");
    assert_eq!(Answer::read(&mut &received[..], false).expect("an answer").status, 200);
}

fn incomplete_request_is_408(_: &Device) {
    let mut stream = connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHo").expect("sent");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).expect("an answer and its end");
    assert_eq!(Answer::read(&mut &received[..], false).expect("an answer").status, 408);
}

fn silent_client_is_closed(_: &Device) {
    let mut received = Vec::new();
    connect().read_to_end(&mut received).expect("its end");
    assert!(received.is_empty(), "{}", String::from_utf8_lossy(&received));
}

/// The first read after the request returns with the first segment, which must contain everything.
fn head_and_body_in_one_segment(_: &Device) {
    let mut stream = connect();
    for _ in 0..20 {
        stream
            .write_all(b"GET /HelloWorld.html HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .expect("sent");
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).expect("an answer");
        let mut rest = &buffer[..length];
        Answer::read(&mut rest, false).expect("head and body at once");
        assert!(rest.is_empty());
    }
}
