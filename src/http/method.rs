//! Methods (RFC 9110 section 9) and versions.

/// A method the server knows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read. The server answers HEAD from what GET says, and leaves the body out.
    Get,
    /// GET without the body.
    Head,
    /// Do what the resource does with a body.
    Post,
    /// Put a body in the resource's place.
    Put,
    /// Change part of the resource (RFC 5789).
    Patch,
    /// Remove the resource.
    Delete,
    /// Say what is allowed; the server answers it by itself.
    Options,
    /// Send the request back; never allowed.
    Trace,
    /// Open a tunnel; never allowed.
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

    /// The method of that name. Names are case-sensitive (RFC 9110 section 9.1).
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.name().as_bytes() == name)
    }

    /// Its name.
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

    /// Whether it changes nothing (RFC 9110 section 9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }
}

/// The versions that differ in behaviour (RFC 9112 section 2.3): a higher minor version than 1 is
/// read as 1.1 (RFC 9110 section 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}
