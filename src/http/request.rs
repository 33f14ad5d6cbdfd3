//! The application's view of a request.

use super::{
    bytes::{find, is_same_name},
    fields::{FieldLine, KeptFields},
    framing::Length,
    head::Head,
    method::{Method, Version},
    pattern::path_parameter,
    result::Result,
    status::Status,
};
use crate::wire::search::pairs;

/// A request whose head is complete.
#[derive(Clone, Copy)]
pub struct Request<'b> {
    head: &'b Head,
    buffer: &'b [u8],
    method: Method,
    /// Read out of the head, if that was done already.
    path: Option<&'b str>,
    /// Of the route, which names parameters of the path.
    pattern: &'static str,
    body: &'b [u8],
}

impl<'b> Request<'b> {
    pub(super) fn new(head: &'b Head, buffer: &'b [u8], body: &'b [u8]) -> Self {
        let method = head.method.unwrap_or(Method::Get);
        Self { head, buffer, method, path: None, pattern: "", body }
    }

    /// As [`Request::new`], with its path read once for the many calls that need it.
    pub(super) fn with_path(head: &'b Head, buffer: &'b [u8], body: &'b [u8]) -> Self {
        Self { path: Some(head.path(buffer)), ..Self::new(head, buffer, body) }
    }

    /// The method. HEAD is shown as [`Method::Get`]: answer that, and the server leaves the body out.
    pub fn method(&self) -> Method {
        match self.method {
            Method::Head => Method::Get,
            method => method,
        }
    }

    /// Whether the response's body will be left out, so that it need not be opened or counted.
    pub fn is_head(&self) -> bool {
        self.method == Method::Head
    }

    /// The client's HTTP version.
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The path without the slash in front, escapes decoded, dot segments taken out: `a b/c` for
    /// `/x/../a%20b/c`. Empty segments are still in it.
    pub fn path(&self) -> &'b str {
        self.path.unwrap_or_else(|| self.head.path(self.buffer))
    }

    /// The path and query as received, with their escapes.
    pub fn target(&self) -> &'b str {
        self.head.target(self.buffer)
    }

    /// The authority that the request is sent to: that of a target in absolute-form, or the value of
    /// Host (RFC 9112 section 3.2.2). `None` in HTTP/1.0 without a Host field.
    #[inline(never)]
    pub(super) fn authority(&self) -> Option<&'b [u8]> {
        let front = self.head.before_target(self.buffer);
        match find(b'/', front) {
            // Behind `http://`. A method has no slash in it.
            Some(slash) => front.get(slash + 2..),
            None => self.field("Host").map(str::as_bytes),
        }
    }

    /// The path as received, with its escapes.
    pub(super) fn raw_path(&self) -> &'b str {
        self.head.raw_path(self.buffer)
    }

    /// The path's segments, as many as `places` holds; none when there are more. For a `match`:
    ///
    /// ```
    /// # fn show(request: &bareserve::http::Request<'_>) -> u8 {
    /// match request.segments(&mut [""; 3]) {
    ///     ["todos"] => 1,
    ///     ["todos", id] => 2,
    ///     _ => 3,
    /// }
    /// # }
    /// ```
    pub fn segments<'p>(&self, places: &'p mut [&'b str]) -> &'p [&'b str] {
        segments(self.path(), places)
    }

    /// What follows the `?`, as received.
    pub fn query(&self) -> Option<&'b str> {
        self.head.query(self.buffer)
    }

    /// The value of the query's parameter `name`, still encoded: `?a=1&b=2` has `a` and `b`.
    pub fn query_parameter(&self, name: &str) -> Option<&'b str> {
        let (_, value) = pairs(self.query()?, b'&').find(|(key, _)| *key == name)?;
        Some(value.unwrap_or_default())
    }

    /// The part of the path that [`Route`](super::Route) calls `name`, without escapes: `7` in
    /// `/todos/7` is `id` of the route `/todos/:id`. It has at least one character, and neither
    /// slashes nor control characters.
    pub fn parameter(&self, name: &str) -> Option<&'b str> {
        path_parameter(self.pattern, self.path(), name)
    }

    /// The parameter `name` of the path as a number, or another type that is read from text.
    ///
    /// # Errors
    /// 404 when it is something else: there is no such resource.
    pub fn parse<T: core::str::FromStr>(&self, name: &str) -> Result<T> {
        let value = self.parameter(name).and_then(|value| value.parse().ok());
        value.ok_or(Status::NOT_FOUND.into())
    }

    /// The same request with the names of its route's parameters.
    pub(super) fn on_route(self, pattern: &'static str) -> Self {
        Self { pattern, ..self }
    }

    /// The value of the first field of that name, if it was kept and is UTF-8.
    ///
    /// Kept are Host, Range, Cookie (when short), Origin, Sec-Fetch-Site, Authorization,
    /// Accept-Encoding, all Content- and If- fields, and what
    /// [`Application::wants_field`](super::Application::wants_field) asks for.
    pub fn field(&self, name: &str) -> Option<&'b str> {
        self.values(name).next()
    }

    /// The values of all fields of that name, in their order.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'b str> + use<'b, 'n> {
        let fields = match self.head.may_have(name) {
            true => self.head.fields(self.buffer),
            false => KeptFields(&[]),
        };
        fields
            .filter(move |field| is_same_name(field.name, name.as_bytes()))
            .filter_map(|field| core::str::from_utf8(field.value).ok())
    }

    /// All fields that were kept, as names and values.
    pub fn fields(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> + use<'b> {
        let fields: KeptFields<'b> = self.head.fields(self.buffer);
        fields.map(|FieldLine { name, value }| {
            (core::str::from_utf8(name).unwrap_or_default(), value)
        })
    }

    /// Whether there may be a condition to check or a range to send: a quick no for most requests.
    pub(super) fn may_have_conditions_or_range(&self) -> bool {
        self.head.may_have_conditions_or_range()
    }

    /// The body, if the application [collects](super::BodyMode::Collect) it; empty before it is
    /// complete.
    pub fn body(&self) -> &'b [u8] {
        self.body
    }

    /// Whether the request announces a body, even one of no bytes.
    pub fn has_body(&self) -> bool {
        self.head.framing.is_announced()
    }

    /// The body's length, if it is known beforehand.
    pub fn content_length(&self) -> Option<u64> {
        match self.head.framing.length(self.head.version) {
            Ok(Length::Exact(length)) => Some(length),
            Ok(Length::Chunked) | Err(_) => None,
        }
    }
}

/// Splits a path at its slashes into as many segments as `places` holds; none when there are more.
pub fn segments<'s, 'p>(path: &'s str, places: &'p mut [&'s str]) -> &'p [&'s str] {
    let mut count = 0;
    for segment in path.split('/') {
        let Some(place) = places.get_mut(count) else { return &[] };
        *place = segment;
        count += 1;
    }
    places.get(..count).unwrap_or_default()
}
