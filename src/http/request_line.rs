//! The request line (RFC 9112 section 3): method, space, target, space, version.

use core::ops::Range;

use super::{
    bytes::{QUERY, TOKEN, is_same_name},
    host::is_valid_authority,
    method::{Method, Version},
    path::RawPath,
    status::Status,
};

/// The parts of a request line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestLine {
    /// `None` for an unknown method.
    pub method: Option<Method>,
    /// The position in the line of path and query, or of a target in another form than
    /// [`TargetForm::Origin`].
    pub target: Range<usize>,
    /// The position of the path's end.
    pub path_end: usize,
    /// Whether the path is in its normal form; see [`RawPath::is_normal`].
    pub is_normal: bool,
    pub form: TargetForm,
    pub version: Version,
}

/// The form of a target (RFC 9112 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetForm {
    /// origin-form, `/path?query`. absolute-form, `http://host/path?query`, becomes origin-form when
    /// its scheme and authority are removed.
    Origin,
    /// asterisk-form, `*`: OPTIONS of the server as a whole.
    Asterisk,
    /// authority-form, `host:port`: the target of CONNECT.
    Authority,
}

impl RequestLine {
    /// Parses a line without its line end. An invalid line is refused and never repaired: an attacker
    /// may have made it (section 3).
    ///
    /// # Errors
    /// 400; 505 for a major version other than 1.
    pub fn parse(line: &[u8]) -> Result<Self, Status> {
        const BAD: Status = Status::BAD_REQUEST;
        // A target has no space in it, and all versions have the same length.
        let (front, version) = line.split_last_chunk().ok_or(BAD)?;
        let (method, target) = front.split_at_checked(TOKEN.span(front)).ok_or(BAD)?;
        let ([_, ..], [b' ', target @ .., b' ']) = (method, target) else { return Err(BAD) };
        let version = parse_version(version)?;
        let mut start = method.len() + 1;
        let end = start + target.len();
        let method = Method::from_name(method);
        let (form, skipped) = parse_form(method, target).ok_or(BAD)?;
        let target = target.get(skipped..).ok_or(BAD)?;
        start += skipped;
        let (path_len, is_normal) = match form {
            TargetForm::Origin => {
                let RawPath { len, is_normal } = RawPath::parse(target);
                (len, is_normal)
            }
            TargetForm::Asterisk | TargetForm::Authority => (target.len(), true),
        };
        let query = target.get(path_len..).unwrap_or_default();
        match query {
            [] => {}
            [b'?', query @ ..] if QUERY.contains_all(query) => {}
            _ => return Err(BAD),
        }
        let path_end = start + path_len;
        Ok(Self { method, target: start..end, path_end, is_normal, form, version })
    }
}

/// `HTTP/` DIGIT `.` DIGIT, in upper case (section 2.3).
fn parse_version(version: &[u8; 8]) -> Result<Version, Status> {
    let [name @ .., major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = version else {
        return Err(Status::BAD_REQUEST);
    };
    match (major, minor) {
        _ if name != b"HTTP/" => Err(Status::BAD_REQUEST),
        (b'1', b'0') => Ok(Version::Http10),
        (b'1', _) => Ok(Version::Http11),
        _ => Err(Status::HTTP_VERSION_NOT_SUPPORTED),
    }
}

/// The form of a target, and the number of bytes before its path.
fn parse_form(method: Option<Method>, target: &[u8]) -> Option<(TargetForm, usize)> {
    if method == Some(Method::Connect) {
        return is_valid_authority(target).then_some((TargetForm::Authority, 0));
    }
    match target {
        b"*" if method == Some(Method::Options) => Some((TargetForm::Asterisk, 0)),
        [b'/', ..] => Some((TargetForm::Origin, 0)),
        _ => {
            // absolute-form (section 3.2.2). Its authority takes the place of the Host field, and a
            // user name in it is an error (RFC 9110 section 4.2.4).
            let scheme_len = ["http://", "https://"].iter().find_map(|scheme| {
                let start = target.get(..scheme.len())?;
                is_same_name(start, scheme.as_bytes()).then_some(scheme.len())
            })?;
            let rest = target.get(scheme_len..)?;
            let end = rest.iter().position(|byte| b"/?".contains(byte)).unwrap_or(rest.len());
            is_valid_authority(rest.get(..end)?).then_some((TargetForm::Origin, scheme_len + end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_lines() {
        use Method::*;
        use TargetForm::*;
        use Version::*;
        for (line, method, form, target, version) in [
            ("GET / HTTP/1.1", Some(Get), Origin, "/", Http11),
            ("HEAD /a?b=c HTTP/1.0", Some(Head), Origin, "/a?b=c", Http10),
            ("GET / HTTP/1.9", Some(Get), Origin, "/", Http11),
            ("get / HTTP/1.1", None, Origin, "/", Http11),
            ("BREW /pot HTTP/1.1", None, Origin, "/pot", Http11),
            ("OPTIONS * HTTP/1.1", Some(Options), Asterisk, "*", Http11),
            ("GET http://a.b:80/c?d HTTP/1.1", Some(Get), Origin, "/c?d", Http11),
            ("GET HTTP://a HTTP/1.1", Some(Get), Origin, "", Http11),
            ("GET https://a?x HTTP/1.1", Some(Get), Origin, "?x", Http11),
            ("CONNECT a.b:443 HTTP/1.1", Some(Connect), Authority, "a.b:443", Http11),
            ("GET /%41?%zz HTTP/1.1", Some(Get), Origin, "/%41?%zz", Http11),
        ] {
            let parsed = RequestLine::parse(line.as_bytes()).unwrap();
            assert_eq!(parsed.method, method, "{line}");
            assert_eq!(parsed.form, form, "{line}");
            assert_eq!(&line[parsed.target], target, "{line}");
            assert_eq!(parsed.version, version, "{line}");
        }
    }

    #[test]
    fn paths_within_lines() {
        for (target, path, is_normal) in [
            ("/", "/", true),
            ("/a.b/c?/.%", "/a.b/c", true),
            ("http://a:1/b?c", "/b", true),
            ("http://a?c", "", true),
            ("/..", "/..", false),
            ("/a/.b", "/a/.b", false),
            ("/a%20b?", "/a%20b", false),
        ] {
            let mut line = [0; 64];
            let parts = ["GET ", target, " HTTP/1.1"].map(str::as_bytes);
            let len = parts.iter().fold(0, |at, part| {
                line[at..at + part.len()].copy_from_slice(part);
                at + part.len()
            });
            let parsed = RequestLine::parse(&line[..len]).unwrap();
            assert_eq!(&line[parsed.target.start..parsed.path_end], path.as_bytes(), "{target}");
            assert_eq!(parsed.is_normal, is_normal, "{target}");
        }
    }

    #[test]
    fn invalid_lines() {
        for line in [
            "",
            "GET",
            "GET /",
            "GET / ",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET\t/ HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/1",
            "GET / HTTP/1.",
            "GET / HTTP/01.1",
            "GET / HTTP/1.10",
            "GET / HTTP /1.1",
            "GET / HTTP/a.b",
            "GET / HTTPS/1.1",
            "GET a HTTP/1.1",
            "GET * HTTP/1.1",
            "GET /a#b HTTP/1.1",
            "GET /a\\b HTTP/1.1",
            "GET /<a> HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "GET /\0 HTTP/1.1",
            "GET /% HTTP/1.1",
            "GET /%4 HTTP/1.1",
            "GET /%zz HTTP/1.1",
            "GET /? a HTTP/1.1",
            "GET ftp://a/ HTTP/1.1",
            "GET http:///a HTTP/1.1",
            "GET http://u@a/ HTTP/1.1",
            "CONNECT / HTTP/1.1",
            "G(T / HTTP/1.1",
            "G\u{e9}T / HTTP/1.1",
            "Extra lineGET / HTTP/1.1",
        ] {
            assert_eq!(RequestLine::parse(line.as_bytes()), Err(Status::BAD_REQUEST), "{line:?}");
        }
        for line in ["GET / HTTP/2.0", "GET / HTTP/9.9", "GET / HTTP/0.9"] {
            let refused = Err(Status::HTTP_VERSION_NOT_SUPPORTED);
            assert_eq!(RequestLine::parse(line.as_bytes()), refused, "{line:?}");
        }
    }
}
