//! The path of a target (RFC 3986 section 3.3): its grammar, and the form in which applications and
//! stores get it.
//!
//! | target | raw path | path |
//! |---|---|---|
//! | `/a%20b/c?d` | `/a%20b/c` | `a b/c` |
//! | `/x/../a/./b/` | `/x/../a/./b/` | `a/b/` |
//! | `//a` | `//a` | `/a` |
//!
//! A path that has passed here is UTF-8, has no control character of ASCII and no dot segment. Which
//! names a store accepts is for [`is_valid_path`](crate::store::is_valid_path) alone to say.

use super::{
    bytes::{SEGMENT, move_to_front},
    status::Status,
};
use crate::wire::percent::{decode_escape, is_pct_escape};

/// The raw path at the front of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawPath {
    /// Its length in bytes.
    pub len: usize,
    /// Whether [`normalise`] would do no more than remove the slash in front: there is no escape and
    /// no segment that begins with a dot.
    pub is_normal: bool,
}

impl RawPath {
    /// Reads as much of `target` as is a path.
    pub fn parse(target: &[u8]) -> Self {
        let (mut len, mut is_normal) = (0, true);
        loop {
            match target.get(len..).unwrap_or_default() {
                [b'/', rest @ ..] => {
                    is_normal &= !matches!(rest, [b'.', ..]);
                    len += 1;
                }
                rest if is_pct_escape(rest) => {
                    is_normal = false;
                    len += 3;
                }
                _ => return Self { len, is_normal },
            }
            len += SEGMENT.span(target.get(len..).unwrap_or_default());
        }
    }
}

/// Writes the path of the raw path `raw` into `output` and returns its length: the slash in front is
/// removed, escapes are decoded (once) and dot segments removed, which never leads above the root
/// (RFC 3986 section 5.2.4).
///
/// # Errors
/// 400 for an escape that decodes to a control character or a slash, and for a path that is not
/// UTF-8; 414 when `output` is too short.
pub(super) fn normalise(raw: &[u8], output: &mut [u8]) -> Result<usize, Status> {
    let raw = raw.strip_prefix(b"/").unwrap_or(raw);
    let len = decode(raw, output)?;
    let decoded = output.get_mut(..len).ok_or(Status::URI_TOO_LONG)?;
    core::str::from_utf8(decoded).map_err(|_| Status::BAD_REQUEST)?;
    Ok(remove_dot_segments(decoded))
}

fn decode(mut raw: &[u8], output: &mut [u8]) -> Result<usize, Status> {
    let mut places = output.iter_mut();
    let mut len = 0;
    while let Some(&first) = raw.first() {
        let (byte, width) = match first {
            b'%' => {
                let byte = decode_escape(raw).ok_or(Status::BAD_REQUEST)?;
                if byte.is_ascii_control() || byte == b'/' {
                    return Err(Status::BAD_REQUEST);
                }
                (byte, 3)
            }
            byte => (byte, 1),
        };
        *places.next().ok_or(Status::URI_TOO_LONG)? = byte;
        len += 1;
        raw = raw.get(width..).unwrap_or_default();
    }
    Ok(len)
}

/// Works in place: the segments that stay move towards the front. Returns the new length.
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
    use crate::entropy::{Entropy, SeededEntropy};

    #[test]
    fn raw_paths_at_the_front_of_targets() {
        for (target, path, is_normal) in [
            ("/", "/", true),
            ("", "", true),
            ("?a", "", true),
            ("/a.b/c?/.%", "/a.b/c", true),
            ("//a//", "//a//", true),
            ("/..", "/..", false),
            ("/a/.b", "/a/.b", false),
            ("/a%20b?", "/a%20b", false),
            ("/a%2", "/a", true),
            ("/a\\b", "/a", true),
        ] {
            let expected = RawPath { len: path.len(), is_normal };
            assert_eq!(RawPath::parse(target.as_bytes()), expected, "{target}");
        }
    }

    #[test]
    fn normal_paths_stay_as_they_are() {
        let mut entropy = SeededEntropy::new(11);
        for _ in 0..20_000 {
            let mut random = entropy.next_u64();
            let target: [u8; 9] = core::array::from_fn(|at| {
                random >>= 4;
                if at == 0 { b'/' } else { b"/./.ab%2e-e%2f.a"[random as usize % 16] }
            });
            let RawPath { len, is_normal } = RawPath::parse(&target);
            let (raw, mut output) = (&target[..len], [0; 9]);
            if is_normal {
                assert_eq!(normalise(raw, &mut output), Ok(len - 1));
                assert_eq!(output[..len - 1], raw[1..]);
            }
        }
    }

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
