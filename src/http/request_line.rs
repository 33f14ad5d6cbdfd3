//! The request line (RFC 9112 section 3).

use core::ops::Range;

use super::{
    bytes::{PATH, QUERY, find, has_whole_escapes, is_token},
    host::is_valid_authority,
    method::{Method, Version},
    status::Status,
};

/// A request line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestLine {
    /// `None` for a name that nobody here knows.
    pub method: Option<Method>,
    /// Where the target stands in the line: path and query.
    pub target: Range<usize>,
    pub form: Form,
    pub version: Version,
}

/// What a target asks for (RFC 9112 section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A resource.
    Resource,
    /// `*`: the server itself.
    Server,
    /// `host:port`: a tunnel to there.
    Authority,
}

impl RequestLine {
    /// Reads a line, its line end taken off.
    ///
    /// Nothing is put right: a line out of order might be made so on purpose (section 3).
    pub fn parse(line: &[u8]) -> Result<Self, Status> {
        const BAD: Status = Status::BAD_REQUEST;
        let method_end = find(b' ', line).ok_or(BAD)?;
        let (method, rest) = line.split_at_checked(method_end).ok_or(BAD)?;
        let rest = rest.get(1..).ok_or(BAD)?;
        let target_len = find(b' ', rest).ok_or(BAD)?;
        let (target, version) = rest.split_at_checked(target_len).ok_or(BAD)?;
        if !is_token(method) {
            return Err(BAD);
        }
        let version = parse_version(version.get(1..).ok_or(BAD)?)?;
        let method = Method::from_name(method);
        let (form, skipped) = parse_target(method, target).ok_or(BAD)?;
        let start = method_end + 1;
        Ok(Self { method, target: start + skipped..start + target_len, form, version })
    }
}

/// `HTTP/` DIGIT `.` DIGIT, in capitals (section 2.3).
fn parse_version(version: &[u8]) -> Result<Version, Status> {
    match version {
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Ok(Version::Http11),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            Err(Status::HTTP_VERSION_NOT_SUPPORTED)
        }
        _ => Err(Status::BAD_REQUEST),
    }
}

/// The form of a valid target, and how many bytes stand before its path.
fn parse_target(method: Option<Method>, target: &[u8]) -> Option<(Form, usize)> {
    if method == Some(Method::Connect) {
        return is_valid_authority(target).then_some((Form::Authority, 0));
    }
    match target {
        b"*" if method == Some(Method::Options) => Some((Form::Server, 0)),
        [b'/', ..] => is_valid_path_and_query(target).then_some((Form::Resource, 0)),
        _ => {
            // Absolute form (section 3.2.2). Its authority is held in place of the Host field's,
            // and a user name in it is an error (RFC 9110 section 4.2.4).
            let scheme_len = ["http://", "https://"].iter().find_map(|scheme| {
                let start = target.get(..scheme.len())?;
                start.eq_ignore_ascii_case(scheme.as_bytes()).then_some(scheme.len())
            })?;
            let rest = target.get(scheme_len..)?;
            let end = rest.iter().position(|byte| b"/?".contains(byte)).unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end)?;
            (is_valid_authority(authority) && is_valid_path_and_query(path))
                .then_some((Form::Resource, scheme_len + end))
        }
    }
}

fn is_valid_path_and_query(target: &[u8]) -> bool {
    let path_end = find(b'?', target).unwrap_or(target.len());
    let Some((path, query)) = target.split_at_checked(path_end) else { return false };
    PATH.contains_all(path)
        && QUERY.contains_all(query)
        // Escapes are checked where they are decoded: in a query nobody may ever do.
        && has_whole_escapes(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_lines() {
        use Form::*;
        use Method::*;
        use Version::*;
        for (line, method, form, target, version) in [
            ("GET / HTTP/1.1", Some(Get), Resource, "/", Http11),
            ("HEAD /a?b=c HTTP/1.0", Some(Head), Resource, "/a?b=c", Http10),
            ("GET / HTTP/1.9", Some(Get), Resource, "/", Http11),
            ("get / HTTP/1.1", None, Resource, "/", Http11),
            ("BREW /pot HTTP/1.1", None, Resource, "/pot", Http11),
            ("OPTIONS * HTTP/1.1", Some(Options), Server, "*", Http11),
            ("GET http://a.b:80/c?d HTTP/1.1", Some(Get), Resource, "/c?d", Http11),
            ("GET HTTP://a HTTP/1.1", Some(Get), Resource, "", Http11),
            ("GET https://a?x HTTP/1.1", Some(Get), Resource, "?x", Http11),
            ("CONNECT a.b:443 HTTP/1.1", Some(Connect), Authority, "a.b:443", Http11),
            ("GET /%41?%zz HTTP/1.1", Some(Get), Resource, "/%41?%zz", Http11),
        ] {
            let parsed = RequestLine::parse(line.as_bytes()).unwrap();
            assert_eq!(parsed.method, method, "{line}");
            assert_eq!(parsed.form, form, "{line}");
            assert_eq!(&line[parsed.target], target, "{line}");
            assert_eq!(parsed.version, version, "{line}");
        }
    }

    #[test]
    fn bad_lines() {
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
