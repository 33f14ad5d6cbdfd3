//! Sending a file, whole or in parts (RFC 9110 section 14).
//!
//! A single range is the body of a 206; several ranges are the parts of a `multipart/byteranges` body
//! (section 14.6):
//!
//! ```text
//! CRLF --boundary CRLF
//! Content-Type: text/plain CRLF
//! Content-Range: bytes 0-99/1234 CRLF
//! CRLF
//! data
//! ...
//! CRLF --boundary-- CRLF
//! ```
//!
//! A file that a client may have stored is sent with `nosniff` and in a sandbox (Content Security Policy
//! Level 3): a page has an origin of its own, so it neither gets the cookie with the token nor reads
//! other resources of the server, and runs no scripts. `allow-scripts` is not granted: a script could
//! still imitate the device's page, to be given the token. Files that are part of the program run as
//! they are.

use super::conditions::Current;
use crate::{
    http::{
        Answer, BodyPoll, Reply, Request, Response, Status,
        accept_encoding::AcceptEncoding,
        date,
        etag::EntityTag,
        range,
        range::{ByteRange, Ranges, Requested},
    },
    protocol::environment::Environment,
    store::{Encoding, Metadata, Store, StoreError},
    wire::{media_type, template::Value, writer::ResumableWriter},
};

/// A file that is being sent.
#[derive(Debug)]
pub struct Download<F> {
    file: F,
    encoding: Encoding,
    has_variants: bool,
    body: Body,
}

/// The bytes of the file that are to be sent.
#[derive(Debug)]
struct Body {
    /// Offset of the next byte.
    next: u64,
    /// Offset of the byte after the last one of this part.
    end: u64,
    /// `None` if there is one part only.
    parts: Option<Parts>,
}

/// The parts of a `multipart/byteranges` body.
#[derive(Debug)]
struct Parts {
    ranges: Ranges,
    /// Index of the range that is sent next; their number when the closing delimiter is next.
    index: usize,
    /// Bytes of the part's head, or of the closing delimiter, that are sent.
    head_sent: usize,
    boundary: u64,
    media_type: &'static str,
    size: u64,
}

/// The variant of a file that was chosen for the client.
struct Variant<'m> {
    metadata: &'m Metadata,
    encoding: Encoding,
    has_variants: bool,
    media_type: &'static str,
}

impl<F> Download<F> {
    /// Opens the variant of a file that `request` prefers (RFC 9110 section 12.5.3).
    pub(crate) fn open<S: Store<File = F>>(
        store: &S,
        path: &str,
        request: &Request<'_>,
    ) -> Result<Self, StoreError> {
        let identity = store.open(path, Encoding::Identity);
        let gzipped = match &identity {
            Ok(file) => store.variant(file, path, Encoding::Gzip),
            Err(_) => store.open(path, Encoding::Gzip),
        };
        if S::CAN_WAIT && matches!(gzipped, Err(StoreError::NotYet)) {
            return Err(StoreError::NotYet);
        }
        let has_variants = gzipped.is_ok();
        let (file, encoding) = match gzipped {
            Ok(file) if choose(request) == Encoding::Gzip => (file, Encoding::Gzip),
            _ => (identity?, Encoding::Identity),
        };
        let body = Body { next: 0, end: 0, parts: None };
        Ok(Self { file, encoding, has_variants, body })
    }

    /// The response to a GET of the file, which was opened at `path`.
    pub(crate) fn respond<S: Store<File = F>>(
        &mut self,
        store: &S,
        path: &str,
        request: &Request<'_>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        let metadata = &store.metadata(&self.file);
        let media_type = metadata.content_type.unwrap_or_else(|| media_type::of(path));
        let reply = reply.sandboxed_if(store.is_untrusted(&self.file));
        let Self { encoding, has_variants, .. } = *self;
        Variant { metadata, encoding, has_variants, media_type }.respond(
            request,
            &mut self.body,
            reply,
            env,
        )
    }

    /// Writes the next bytes of the body.
    pub(crate) fn produce<S: Store<File = F>>(&mut self, store: &S, output: &mut [u8]) -> BodyPoll {
        let body = &mut self.body;
        if let Some(len) = body.produce_head(output) {
            return BodyPoll::Bytes(len);
        }
        let left = usize::try_from(body.end - body.next).unwrap_or(usize::MAX);
        let len = left.min(output.len());
        let room = output.get_mut(..len).unwrap_or_default();
        match store.read(&mut self.file, body.next, room) {
            Ok(len @ 1..) => {
                body.next += len as u64;
                BodyPoll::Bytes(len)
            }
            Err(StoreError::NotYet) if S::CAN_WAIT => BodyPoll::Bytes(0),
            // The file has become shorter, or the medium has failed: the connection is closed before
            // the body is complete.
            Ok(0) | Err(_) => BodyPoll::End,
        }
    }
}

/// The encoding to send when there are both variants.
fn choose(request: &Request<'_>) -> Encoding {
    let mut accepted = AcceptEncoding::default();
    let mut has_choice = false;
    for value in request.values("Accept-Encoding") {
        accepted.add(value.as_bytes());
        has_choice = true;
    }
    // A client that refuses both gets the file as it is, not 406 (RFC 9110 section 12.4.1 allows both).
    if has_choice { accepted.choose(true).unwrap_or_default() } else { Encoding::Identity }
}

// Not generic, so that there is one copy of it for all stores.
impl Variant<'_> {
    /// The response to a GET of the file; `body` becomes the requested ranges.
    fn respond(
        &self,
        request: &Request<'_>,
        body: &mut Body,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        let size = self.metadata.size;
        let tag = &EntityTag::new(self.metadata.version, self.encoding);
        let mut ranges = Ranges::new();
        let requested = self.requested(request, tag, &mut ranges, env);
        let status = match requested {
            Ok(Requested::Whole) => Status::OK,
            Ok(Requested::Parts) => Status::PARTIAL_CONTENT,
            Ok(Requested::Unsatisfiable) => {
                return reply
                    .status(Status::RANGE_NOT_SATISFIABLE)
                    .field_with("Content-Range", "bytes */%", &[Value::Number(size)])
                    .page("");
            }
            Err(Status::NOT_MODIFIED) => Status::NOT_MODIFIED,
            Err(status) => return reply.error(status),
        };
        let response = self.validators(tag, reply.status(status), env);
        let caching = match self.metadata.immutable {
            true => "public, max-age=31536000, immutable",
            false => "no-cache",
        };
        let response = response.own_field("Cache-Control", caching.as_bytes());
        let Ok(requested) = requested else { return response.empty() };
        let mut response = response.own_field("Accept-Ranges", b"bytes");
        if self.encoding == Encoding::Gzip {
            response = response.own_field("Content-Encoding", b"gzip");
        }
        if requested == Requested::Whole {
            body.end = size;
            return response.own_field("Content-Type", self.media_type.as_bytes()).sized(size);
        }
        if let [range] = ranges.as_slice() {
            (body.next, body.end) = (range.first, range.last.saturating_add(1));
            return response
                .own_field("Content-Type", self.media_type.as_bytes())
                .field_with("Content-Range", CONTENT_RANGE, &bounds(range, size))
                .sized(range.length());
        }
        let parts = body.parts.insert(Parts {
            ranges,
            index: 0,
            head_sent: 0,
            boundary: env.entropy.next_u64(),
            media_type: self.media_type,
            size,
        });
        let boundary = [Value::Hex(parts.boundary)];
        response
            .field_with("Content-Type", "multipart/byteranges; boundary=%", &boundary)
            .sized(parts.length())
    }

    /// What the client requests, if its conditions are met; adds the ranges to `ranges`.
    fn requested(
        &self,
        request: &Request<'_>,
        tag: &EntityTag,
        ranges: &mut Ranges,
        env: &Environment<'_>,
    ) -> Result<Requested, Status> {
        if !request.may_have_conditions_or_range() {
            return Ok(Requested::Whole);
        }
        let current = Current {
            tag: Some(tag),
            modified: self.metadata.modified,
            now: env.date(),
            is_read: true,
        };
        current.check(request)?;
        Ok(match request.field("Range") {
            // RFC 9110 section 14.2: ranges are defined for GET only.
            Some(value) if !request.is_head() && current.allows_range(request) => {
                range::requested(value.as_bytes(), self.metadata.size, ranges)
            }
            _ => Requested::Whole,
        })
    }

    /// Adds the fields that 200, 206 and 304 have in common (RFC 9110 sections 15.3.7 and 15.4.5),
    /// except Cache-Control.
    fn validators<'r>(
        &self,
        tag: &EntityTag,
        response: Response<'r>,
        env: &Environment<'_>,
    ) -> Response<'r> {
        let mut response = response.own_field("ETag", tag.as_bytes());
        if let Some(modified) = self.metadata.modified {
            // Section 8.8.2.1: it must not be later than Date.
            let modified = env.date().map_or(modified, |now| modified.min(now));
            response = response.own_field("Last-Modified", &date::format(modified));
        }
        if self.has_variants {
            response = response.own_field("Vary", b"Accept-Encoding");
        }
        response
    }
}

impl Body {
    /// Writes the next bytes of a part's head; `None` if the part's data is next.
    fn produce_head(&mut self, output: &mut [u8]) -> Option<usize> {
        let parts = self.parts.as_mut().filter(|_| self.next == self.end)?;
        match parts.produce_head(output) {
            Ok(len) => Some(len),
            Err(range) => {
                (self.next, self.end) = (range.first, range.last.saturating_add(1));
                None
            }
        }
    }
}

/// The value of a Content-Range field (RFC 9110 section 14.4).
const CONTENT_RANGE: &str = "bytes %-%/%";

fn bounds(range: &ByteRange, size: u64) -> [Value<'static>; 3] {
    [range.first, range.last, size].map(Value::Number)
}

impl Parts {
    /// The length of the whole body (RFC 2046 section 5.1.1).
    fn length(&self) -> u64 {
        let mut heads = ResumableWriter::new(&mut [], 0);
        let mut length = 0;
        for range in self.ranges.iter() {
            self.write_head(Some(range), &mut heads);
            length += range.length();
        }
        self.write_head(None, &mut heads);
        length + heads.length() as u64
    }

    /// Writes the head of the part for `range`, or the closing delimiter.
    fn write_head(&self, range: Option<&ByteRange>, out: &mut ResumableWriter<'_>) {
        let boundary = Value::Hex(self.boundary);
        let Some(range) = range else { return out.render("\r\n--%--\r\n", &[boundary]) };
        out.render(
            "\r\n--%\r\nContent-Type: %\r\nContent-Range: ",
            &[boundary, Value::Text(self.media_type)],
        );
        out.render(CONTENT_RANGE, &bounds(range, self.size));
        out.put("\r\n\r\n");
    }

    /// Writes the rest of the next part's head. If it is complete, returns that part's range as the
    /// error.
    fn produce_head(&mut self, output: &mut [u8]) -> Result<usize, ByteRange> {
        let range = self.ranges.get(self.index).copied();
        let mut head = ResumableWriter::new(output, self.head_sent);
        self.write_head(range.as_ref(), &mut head);
        match range {
            Some(range) if head.length() == self.head_sent => {
                self.index += 1;
                self.head_sent = 0;
                Err(range)
            }
            _ => {
                let shown = head.written();
                self.head_sent += shown;
                Ok(shown)
            }
        }
    }
}
