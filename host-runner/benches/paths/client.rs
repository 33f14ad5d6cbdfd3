//! One transfer over HTTP from the client's side, over the kernel's sockets.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::options::Direction;

/// The path that is downloaded, and the one that is uploaded.
pub const DOWNLOAD: &str = "download.bin";
pub const UPLOAD: &str = "upload.bin";

/// What to transfer, and how long it may take.
#[derive(Clone, Copy)]
pub struct Transfer {
    pub direction: Direction,
    pub size: usize,
    pub limit: Duration,
}

/// What became of a transfer.
#[derive(Debug)]
pub enum Outcome {
    /// All bytes arrived, after so long.
    Done(Duration),
    /// It did not finish within the limit.
    Late,
    /// The connection was reset, or the answer was wrong.
    Failed(String),
}

impl Outcome {
    /// In MB/s; 0 if the transfer did not finish.
    pub fn rate(&self, size: usize) -> f64 {
        match self {
            Self::Done(time) => size as f64 / 1e6 / time.as_secs_f64(),
            _ => 0.0,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(time) => write!(f, "{time:.3?}"),
            Self::Late => f.write_str("late"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// The bytes of a file of this size: each differs from those around it, so that lost or doubled
/// segments show.
pub fn content(size: usize) -> Vec<u8> {
    (0..size as u32).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect()
}

/// Connects once and closes, so that both ends know each other's hardware address.
pub fn warm_up(server: Ipv4Addr) {
    let address = SocketAddr::from((server, 80));
    let is_there =
        (0..10).any(|_| TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok());
    assert!(is_there, "{address} does not answer through the wire");
    std::thread::sleep(Duration::from_millis(200));
}

/// Transfers once. `authorization` is a field with its line end, or empty.
pub fn transfer(server: Ipv4Addr, transfer: Transfer, authorization: &str) -> Outcome {
    let content = content(transfer.size);
    let start = Instant::now();
    let deadline = start + transfer.limit;
    let result = match transfer.direction {
        Direction::Down => download(server, &content, deadline),
        Direction::Up => upload(server, &content, deadline, authorization),
    };
    match result {
        Ok(()) => Outcome::Done(start.elapsed()),
        Err(error) if Instant::now() >= deadline || is_timeout(&error) => Outcome::Late,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn download(server: Ipv4Addr, content: &[u8], deadline: Instant) -> io::Result<()> {
    let mut stream = connect(server, deadline)?;
    // In one segment, as real clients send it.
    let request = format!("GET /{DOWNLOAD} HTTP/1.1\r\nHost: {server}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let (head, mut body) = read_head(&mut stream, deadline)?;
    expect(head.starts_with("HTTP/1.1 200 "), &head)?;
    let mut buffer = vec![0; 1 << 16];
    while body.len() < content.len() {
        let length = read(&mut stream, &mut buffer, deadline)?;
        body.extend_from_slice(&buffer[..length]);
    }
    expect(body == content, "the body is damaged")
}

fn upload(
    server: Ipv4Addr,
    content: &[u8],
    deadline: Instant,
    authorization: &str,
) -> io::Result<()> {
    let mut stream = connect(server, deadline)?;
    let request = format!(
        "PUT /{UPLOAD} HTTP/1.1\r\nHost: {server}\r\n{authorization}Content-Length: {}\r\n\r\n",
        content.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut rest = content;
    while !rest.is_empty() {
        stream.set_write_timeout(Some(left(deadline)?))?;
        let length = stream.write(rest)?;
        rest = &rest[length..];
    }
    let (head, _) = read_head(&mut stream, deadline)?;
    expect(head.starts_with("HTTP/1.1 201 ") || head.starts_with("HTTP/1.1 204 "), &head)
}

fn connect(server: Ipv4Addr, deadline: Instant) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&(server, 80).into(), left(deadline)?)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads a head; returns it with the bytes behind it.
fn read_head(stream: &mut TcpStream, deadline: Instant) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), body));
        }
        let length = read(stream, &mut buffer, deadline)?;
        bytes.extend_from_slice(&buffer[..length]);
    }
}

fn read(stream: &mut TcpStream, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
    stream.set_read_timeout(Some(left(deadline)?))?;
    match stream.read(buffer)? {
        0 => Err(io::Error::other("the server closed the connection")),
        length => Ok(length),
    }
}

/// The time to the deadline.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn expect(is_right: bool, what: &str) -> io::Result<()> {
    if is_right { Ok(()) } else { Err(io::Error::other(what.lines().next().unwrap_or_default())) }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}
