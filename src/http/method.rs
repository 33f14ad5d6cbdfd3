//! Methods (RFC 9110 section 9) and versions (section 2.5).

/// A method that the server implements or refuses by name. Others are answered with 501.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Transfers a representation of the resource (section 9.3.1).
    Get,
    /// GET without the body of the response; the server derives it from GET (section 9.3.2).
    Head,
    /// Has the resource process the body (section 9.3.3).
    Post,
    /// Creates the resource from the body or replaces it (section 9.3.4).
    Put,
    /// Changes a part of the resource (RFC 5789).
    Patch,
    /// Deletes the resource (section 9.3.5).
    Delete,
    /// Asks for the allowed methods; the server answers by itself (section 9.3.7).
    Options,
    /// Asks for a copy of the request; never allowed (section 9.3.8).
    Trace,
    /// Asks for a tunnel; never allowed (section 9.3.6).
    Connect,
}

impl Method {
    const ALL: [Self; 9] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Options,
        Self::Trace,
        Self::Connect,
    ];

    /// The method called `name`, which is case-sensitive (RFC 9110 section 9.1).
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.name().as_bytes() == name)
    }

    /// The name of the method.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Connect => "CONNECT",
        }
    }

    /// Whether the method is safe: it does not change the resource (RFC 9110 section 9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }
}

/// The version of a request (RFC 9112 section 2.3). A minor version above 1 counts as HTTP/1.1 (RFC
/// 9110 section 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}
