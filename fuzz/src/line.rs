//! Protocols of text lines.

use bareserve::{
    Environment,
    protocol::{
        line::{Flow, LineConnection, LineProtocol, Lines},
        stream::Phase,
    },
    wire::writer::ResumableWriter,
};

use super::{conversation::Bench, cut::cut};

/// Seeds of [`line`].
pub const LINES: &[&[u8]] = &[
    b"GET\r\nSET 23\n\n\r\nquit\nnot read\n",
    b"fifteen bytes..\nfifteen bytes..\r\nsixteen bytes...\n",
    b"a line of more than sixteen bytes\nnext\n",
    b"!a line of more than sixteen bytes\r\nnext\nquit\n",
    b"!0123456789abcde\r\nno end",
    b"\xff\x00\r\r\n!\r\n",
];

/// The longest line and reply.
const SIZE: usize = 16;

/// Replies and the end of the connection are those of a plain reading of the rules, for every cut of the
/// input.
pub fn line(data: &[u8]) {
    let expected = model(data);
    assert_eq!(expected, serve(&[data], 65536));
    for room in [1, 7] {
        assert_eq!(expected, serve(&cut(data), room));
    }
}

fn serve(parts: &[&[u8]], room: usize) -> (Vec<u8>, Phase) {
    let mut server = Lines::<_, SIZE>(Repeat);
    Bench::new().converse(&mut server, &mut LineConnection::new(), parts, true, room)
}

/// Repeats each line with LF. `quit` closes. A line that is too long closes too, unless the first line
/// began with `!`.
struct Repeat;

#[derive(Default)]
struct Session {
    lines: usize,
    is_tolerant: bool,
}

impl LineProtocol for Repeat {
    type Session = Session;

    fn name(&self) -> &'static str {
        "repeat"
    }

    fn line(
        &mut self,
        session: &mut Session,
        line: &[u8],
        reply: &mut ResumableWriter<'_>,
        _: &mut Environment<'_>,
    ) -> Flow {
        assert!(line.len() <= SIZE && !line.contains(&b'\n'));
        session.is_tolerant |= session.lines == 0 && line.starts_with(b"!");
        session.lines += 1;
        reply.bytes(line);
        reply.put("\n");
        if line == b"quit" { Flow::Close } else { Flow::Continue }
    }

    fn too_long(
        &mut self,
        session: &mut Session,
        reply: &mut ResumableWriter<'_>,
        _: &mut Environment<'_>,
    ) -> Flow {
        session.lines += 1;
        reply.put("too long\n");
        if session.is_tolerant { Flow::Continue } else { Flow::Close }
    }
}

/// What [`Repeat`] sends for all of `data`, and how the connection ends.
fn model(data: &[u8]) -> (Vec<u8>, Phase) {
    let mut output = Vec::new();
    let mut is_tolerant = false;
    for (number, piece) in data.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let content = piece.strip_suffix(b"\n").unwrap_or(piece);
        if content.len() > SIZE {
            output.extend_from_slice(b"too long\n");
            if !is_tolerant {
                break;
            }
        } else if content.len() < piece.len() {
            let line = content.strip_suffix(b"\r").unwrap_or(content);
            is_tolerant |= number == 0 && line.starts_with(b"!");
            if line.len() == SIZE {
                // The reply is longer than a reply may be.
                return (output, Phase::Broken);
            }
            output.extend_from_slice(line);
            output.push(b'\n');
            if line == b"quit" {
                break;
            }
        }
    }
    (output, Phase::Finished)
}
