//! From a target to a path that can be looked up.

use super::{bytes::move_to_front, status::Status};

/// Writes `path` into `output` without the slash in front, escapes decoded (once) and dot segments
/// taken out, which never leads above the root (RFC 3986 section 5.2.4). Returns its length.
///
/// # Errors
/// 400 for an escape that decodes to a control character, a slash, or not to UTF-8; 414 when
/// `output` is too short.
pub(super) fn normalise(path: &[u8], output: &mut [u8]) -> Result<usize, Status> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let len = decode(path, output)?;
    let decoded = output.get_mut(..len).ok_or(Status::URI_TOO_LONG)?;
    core::str::from_utf8(decoded).map_err(|_| Status::BAD_REQUEST)?;
    Ok(remove_dot_segments(decoded))
}

fn decode(mut path: &[u8], output: &mut [u8]) -> Result<usize, Status> {
    let mut places = output.iter_mut();
    let mut len = 0;
    while let [first, rest @ ..] = path {
        let (byte, rest) = match (first, rest) {
            (b'%', [high, low, rest @ ..]) => {
                let digit = |byte: u8| (byte as char).to_digit(16);
                let (high, low) = digit(*high).zip(digit(*low)).ok_or(Status::BAD_REQUEST)?;
                let byte = (high * 16 + low) as u8;
                if byte.is_ascii_control() || byte == b'/' {
                    return Err(Status::BAD_REQUEST);
                }
                (byte, rest)
            }
            (b'%', _) => return Err(Status::BAD_REQUEST),
            (&byte, rest) => (byte, rest),
        };
        *places.next().ok_or(Status::URI_TOO_LONG)? = byte;
        len += 1;
        path = rest;
    }
    Ok(len)
}

/// In place: what is kept moves towards the front.
fn remove_dot_segments(path: &mut [u8]) -> usize {
    let (mut read, mut write) = (0, 0_usize);
    while let Some(rest) = path.get(read..).filter(|rest| !rest.is_empty()) {
        let slash = rest.iter().position(|&byte| byte == b'/');
        let segment = rest.get(..slash.unwrap_or(rest.len())).unwrap_or_default();
        let len = segment.len() + usize::from(slash.is_some());
        match segment {
            b"." => {}
            b".." => {
                let parent = path.get(..write.saturating_sub(1)).unwrap_or_default();
                write = parent.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
            }
            _ => {
                move_to_front(path, read..read + len, write);
                write += len;
            }
        }
        read += len;
    }
    write
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, expected) in [
            ("/", ""),
            ("", ""),
            ("/a/b", "a/b"),
            ("/a%20b", "a b"),
            ("/%E2%82%AC", "\u{20ac}"),
            ("/%2541", "%41"),
            ("/a/./b", "a/b"),
            ("/a/../b", "b"),
            ("/a/b/..", "a/"),
            ("/a/.", "a/"),
            ("/..", ""),
            ("/../../etc/passwd", "etc/passwd"),
            ("/%2e%2e/%2E./x", "x"),
            ("/a/../../../b/", "b/"),
            ("/...", "..."),
            ("/.a/..b", ".a/..b"),
            ("//a", "/a"),
        ] {
            let mut output = [0; 32];
            let len = normalise(path.as_bytes(), &mut output).unwrap();
            assert_eq!(&output[..len], expected.as_bytes(), "{path}");
        }
        for path in ["/%", "/%4", "/%zz", "/%00", "/%0d%0a", "/%2f", "/%7f", "/%C0%AF", "/%ff"] {
            assert_eq!(
                normalise(path.as_bytes(), &mut [0; 32]),
                Err(Status::BAD_REQUEST),
                "{path}"
            );
        }
        assert_eq!(normalise(b"/abc", &mut [0; 2]), Err(Status::URI_TOO_LONG));
    }
}
