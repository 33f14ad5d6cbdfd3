//! Status codes (RFC 9110 section 15).

use crate::wire::search::split_once;

/// A status code of three digits, 100 to 999. Codes that are not named here work too, without a reason
/// phrase.
///
/// ```
/// use bareserve::http::Status;
///
/// assert_eq!(Status::NOT_FOUND, Status(404));
/// assert_eq!(Status::NOT_FOUND.reason(), "Not Found");
/// assert_eq!(Status(418).reason(), "");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u16);

#[allow(missing_docs, reason = "the names are those of the RFC")]
impl Status {
    /// Of no response: the application is asked again in the next poll.
    pub(crate) const NOT_YET: Self = Self(0);
    pub const OK: Self = Self(200);
    pub const CREATED: Self = Self(201);
    pub const ACCEPTED: Self = Self(202);
    pub const NO_CONTENT: Self = Self(204);
    pub const PARTIAL_CONTENT: Self = Self(206);
    pub const MOVED_PERMANENTLY: Self = Self(301);
    pub const FOUND: Self = Self(302);
    pub const SEE_OTHER: Self = Self(303);
    pub const NOT_MODIFIED: Self = Self(304);
    pub const TEMPORARY_REDIRECT: Self = Self(307);
    pub const BAD_REQUEST: Self = Self(400);
    pub const UNAUTHORIZED: Self = Self(401);
    pub const FORBIDDEN: Self = Self(403);
    pub const NOT_FOUND: Self = Self(404);
    pub const METHOD_NOT_ALLOWED: Self = Self(405);
    pub const REQUEST_TIMEOUT: Self = Self(408);
    pub const CONFLICT: Self = Self(409);
    pub const LENGTH_REQUIRED: Self = Self(411);
    pub const PRECONDITION_FAILED: Self = Self(412);
    pub const CONTENT_TOO_LARGE: Self = Self(413);
    pub const URI_TOO_LONG: Self = Self(414);
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self(415);
    pub const RANGE_NOT_SATISFIABLE: Self = Self(416);
    pub const EXPECTATION_FAILED: Self = Self(417);
    pub const MISDIRECTED_REQUEST: Self = Self(421);
    pub const UNPROCESSABLE_CONTENT: Self = Self(422);
    /// RFC 6585 section 5.
    pub const REQUEST_HEADER_FIELDS_TOO_LARGE: Self = Self(431);
    pub const INTERNAL_SERVER_ERROR: Self = Self(500);
    pub const NOT_IMPLEMENTED: Self = Self(501);
    pub const SERVICE_UNAVAILABLE: Self = Self(503);
    pub const HTTP_VERSION_NOT_SUPPORTED: Self = Self(505);
    /// RFC 4918 section 11.5.
    pub const INSUFFICIENT_STORAGE: Self = Self(507);
}

/// The codes that have a reason phrase.
const CODES: [u16; 32] = [
    200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 400, 401, 403, 404, 405, 408, 409, 411, 412,
    413, 414, 415, 416, 417, 421, 422, 431, 500, 501, 503, 505, 507,
];

/// The reason phrases of [`CODES`], one a line. A table of them takes twice the flash.
const REASONS: &str = "\
    OK\n\
    Created\n\
    Accepted\n\
    No Content\n\
    Partial Content\n\
    Moved Permanently\n\
    Found\n\
    See Other\n\
    Not Modified\n\
    Temporary Redirect\n\
    Bad Request\n\
    Unauthorized\n\
    Forbidden\n\
    Not Found\n\
    Method Not Allowed\n\
    Request Timeout\n\
    Conflict\n\
    Length Required\n\
    Precondition Failed\n\
    Content Too Large\n\
    URI Too Long\n\
    Unsupported Media Type\n\
    Range Not Satisfiable\n\
    Expectation Failed\n\
    Misdirected Request\n\
    Unprocessable Content\n\
    Request Header Fields Too Large\n\
    Internal Server Error\n\
    Not Implemented\n\
    Service Unavailable\n\
    HTTP Version Not Supported\n\
    Insufficient Storage";

impl Status {
    /// The reason phrase of the RFC; empty for a code that is not named here.
    pub fn reason(self) -> &'static str {
        let Some(line) = CODES.iter().position(|code| *code == self.0) else { return "" };
        let mut rest = REASONS;
        for _ in 0..line {
            rest = split_once(rest, b'\n').1.unwrap_or_default();
        }
        split_once(rest, b'\n').0
    }

    /// Whether a response of this status has neither body nor Content-Length (RFC 9112 section 6.3,
    /// RFC 9110 section 8.6).
    pub const fn is_bodiless(self) -> bool {
        matches!(self.0, 100..=199 | 204 | 304)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110 section 15, RFC 4918 and RFC 6585, by hand.
    #[test]
    fn each_code_has_its_phrase() {
        let pairs = [
            (200, "OK"),
            (201, "Created"),
            (202, "Accepted"),
            (204, "No Content"),
            (206, "Partial Content"),
            (301, "Moved Permanently"),
            (302, "Found"),
            (303, "See Other"),
            (304, "Not Modified"),
            (307, "Temporary Redirect"),
            (400, "Bad Request"),
            (401, "Unauthorized"),
            (403, "Forbidden"),
            (404, "Not Found"),
            (405, "Method Not Allowed"),
            (408, "Request Timeout"),
            (409, "Conflict"),
            (411, "Length Required"),
            (412, "Precondition Failed"),
            (413, "Content Too Large"),
            (414, "URI Too Long"),
            (415, "Unsupported Media Type"),
            (416, "Range Not Satisfiable"),
            (417, "Expectation Failed"),
            (421, "Misdirected Request"),
            (422, "Unprocessable Content"),
            (431, "Request Header Fields Too Large"),
            (500, "Internal Server Error"),
            (501, "Not Implemented"),
            (503, "Service Unavailable"),
            (505, "HTTP Version Not Supported"),
            (507, "Insufficient Storage"),
        ];
        assert_eq!((pairs.len(), REASONS.lines().count()), (CODES.len(), CODES.len()));
        for (code, reason) in pairs.into_iter().chain([(299, ""), (999, "")]) {
            assert_eq!(Status(code).reason(), reason, "{code}");
        }
    }
}
