//! Access control for requests that change something.

use super::{
    auth::Token,
    bytes::is_same_name,
    host::{is_known, port_of},
    request::Request,
    response::{Answer, Response},
    result::Result,
    status::Status,
};
use crate::wire::{
    search::{pairs, split_once},
    template::Value,
};

/// The cookie that carries the token is called this and the port of the request's authority. Browsers
/// send a cookie to all ports of a host (RFC 6265 section 8.5), so that a server on another port would
/// replace one of the same name.
const COOKIE: &str = "bareserve-token-";
/// The parameter of a link that carries it.
const PARAMETER: &str = "token";

/// The rule for requests that change something: the same for files and for applications, which
/// check it in [`Application::begin`](super::Application::begin).
#[derive(Debug, Clone, Copy, Default)]
pub struct WriteAccess {
    token: Option<Token>,
}

impl WriteAccess {
    /// All changes are denied.
    pub const DENIED: Self = Self { token: None };

    /// Requests that carry `token` may change something: as a Bearer token, as the password of Basic
    /// credentials with any user name, as the `token` parameter of the query, or as the cookie that
    /// such a link sets.
    pub const fn with_token(token: Token) -> Self {
        Self { token: Some(token) }
    }

    /// Whether there is a token, without which all changes are denied.
    pub const fn is_possible(&self) -> bool {
        self.token.is_some()
    }

    /// The token, to be shown to the owner.
    pub const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Whether the sender of `request` may change something.
    ///
    /// # Errors
    /// 403 when all changes are denied, and when the request comes from a page of another site: a
    /// browser adds credentials to those on its own. 401 when the token is missing or wrong.
    pub fn check(&self, request: &Request<'_>) -> Result<()> {
        let (status, reason) = match self.is_possible() {
            true if is_cross_site(request) => (Status::FORBIDDEN, "from a page of another site"),
            true if self.is_shown_by(request) => return Ok(()),
            true => (Status::UNAUTHORIZED, ""),
            false => (Status::FORBIDDEN, "changes are not enabled"),
        };
        Err(status.because(reason))
    }

    /// Whether `request` carries the token, for content that only its holder may read.
    pub fn is_shown_by(&self, request: &Request<'_>) -> bool {
        let Some(token) = &self.token else { return false };
        request.field("Authorization").is_some_and(|value| token.authorizes(value.as_bytes()))
            || self.is_link(request)
            || is_cookie_of(token, request)
    }

    /// Whether `request` comes from a link that carries the token.
    pub(super) fn is_link(&self, request: &Request<'_>) -> bool {
        let Some(token) = &self.token else { return false };
        request.query_parameter(PARAMETER).is_some_and(|value| token.matches(value.as_bytes()))
    }

    /// Sets the token as a cookie and redirects to the path without it, so that the token does not
    /// stay in the address bar.
    pub(super) fn redirect_with_cookie(
        &self,
        request: &Request<'_>,
        response: Response<'_>,
    ) -> Answer {
        let path = request.raw_path();
        // As the client sees it: behind a forwarder it is not the server's own.
        let port = port_of(request.field("Host").unwrap_or_default());
        let token = self.token.as_ref().map_or("", Token::as_str);
        // Two slashes in front of a path lead to another host.
        let is_odd = path.is_empty() || path.starts_with("//");
        response
            .field_with(
                "Set-Cookie",
                "%%=%; Path=/; HttpOnly; SameSite=Strict",
                &[Value::Text(COOKIE), Value::Text(port), Value::Text(token)],
            )
            .field("Cache-Control", "no-store")
            .field("Location", if is_odd { "/" } else { path })
            .page("")
    }
}

/// The rules for all requests to a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    /// The token of links; see [`Server::with_links`](super::Server::with_links).
    pub links: WriteAccess,
    /// See [`Server::with_host_names`](super::Server::with_host_names).
    pub host_names: &'static [&'static str],
}

impl Admission {
    /// The reason for 421.
    pub const UNKNOWN_HOST: &str = "use the IP address";

    /// Whether `request` is for this server, by the host's name: see [`host`](super::host).
    pub fn is_host_known(&self, request: &Request<'_>) -> bool {
        request.authority().is_none_or(|authority| is_known(authority, self.host_names))
    }
}

/// Whether a browser states that the request comes from a page of another site (Fetch Metadata; the
/// Origin field of RFC 6454 for browsers without that). Other clients state nothing.
fn is_cross_site(request: &Request<'_>) -> bool {
    if let Some(site) = request.field("Sec-Fetch-Site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = request.field("Origin") else { return false };
    let (Some(rest), Some(host)) = (split_once(origin, b':').1, request.authority()) else {
        return true;
    };
    rest.strip_prefix("//").is_none_or(|authority| !is_same_name(host, authority.as_bytes()))
}

/// Whether one of the server's cookies carries `token` (RFC 6265 section 4.2). Those of other ports are
/// among them: their tokens are others.
fn is_cookie_of(token: &Token, request: &Request<'_>) -> bool {
    request.values("Cookie").any(|cookies| {
        pairs(cookies, b';').any(|(key, value)| {
            key.starts_with(COOKIE) && value.is_some_and(|value| token.matches(value.as_bytes()))
        })
    })
}
