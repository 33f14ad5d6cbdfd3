//! Sending a file, whole or in parts (RFC 9110 section 14).

use super::conditions::Current;
use crate::{
    clock::UnixTime,
    environment::Environment,
    http::{
        Answer, Produced, Reply, Request, Response, Status,
        accept_encoding::AcceptEncoding,
        date,
        etag::EntityTag,
        media_type,
        range::{self, ByteRange, Ranges, Requested},
        response::{Composed, Rest},
    },
    store::{Encoding, Metadata, Store, StoreError},
    wire::window::{Value, Window},
};

/// A file on its way to a client.
#[derive(Debug)]
pub struct Download<F> {
    file: F,
    /// The next byte, and the one after the last of this part.
    next: u64,
    end: u64,
    /// More than one part.
    parts: Option<Parts>,
}

/// The parts of a `multipart/byteranges` body.
#[derive(Debug)]
struct Parts {
    ranges: Ranges,
    /// Which one is being sent; their number for the end of the body.
    index: usize,
    /// Bytes of the part's head, or of the end, that are sent.
    head_sent: usize,
    boundary: u64,
    media_type: &'static str,
    size: u64,
}

/// A file and the variant of it that the client is to have.
pub(crate) struct Opened<F> {
    file: F,
    variant: Variant,
}

/// What is known of the variant.
struct Variant {
    metadata: Metadata,
    encoding: Encoding,
    has_variants: bool,
    media_type: &'static str,
    tag: EntityTag,
}

/// Opens the variant of a file that suits `request` best (RFC 9110 section 12.5.3).
pub(crate) fn open<S: Store>(
    store: &S,
    path: &str,
    request: &Request<'_>,
) -> Result<Opened<S::File>, StoreError> {
    let gzipped = store.open(path, Encoding::Gzip);
    let has_variants = gzipped.is_ok();
    let wanted = choose(request, has_variants);
    let (file, encoding) = match (gzipped, wanted) {
        (Ok(file), Encoding::Gzip) => (file, Encoding::Gzip),
        _ => (store.open(path, Encoding::Identity)?, Encoding::Identity),
    };
    let metadata = store.metadata(&file);
    let media_type = metadata.content_type.unwrap_or_else(|| media_type::of(path));
    let tag = EntityTag::new(metadata.version, encoding);
    Ok(Opened { file, variant: Variant { metadata, encoding, has_variants, media_type, tag } })
}

/// The encoding that the client is to have.
fn choose(request: &Request<'_>, has_variants: bool) -> Encoding {
    let mut accepted = AcceptEncoding::default();
    let mut has_choice = false;
    for value in request.values("Accept-Encoding") {
        accepted.add(value.as_bytes());
        has_choice = true;
    }
    // Whoever refuses both gets the file as it is: better than nothing.
    if has_choice { accepted.choose(has_variants).unwrap_or_default() } else { Encoding::Identity }
}

impl<F> Opened<F> {
    /// The answer to a GET of this file.
    pub fn respond<E>(
        self,
        request: &Request<'_>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
        wrap: impl FnOnce(Download<F>) -> E,
    ) -> Answer<E> {
        let Self { file, variant } = self;
        let (composed, body) = variant.respond(request, reply, env);
        composed.with(body.map(|Body { rest, next, end, parts }| {
            (wrap(Download { file, next, end, parts }), rest)
        }))
    }
}

/// The body that follows a head: which bytes of the file, or which parts of it.
struct Body {
    rest: Rest,
    next: u64,
    end: u64,
    parts: Option<Parts>,
}

/// Whatever the store.
impl Variant {
    fn respond(
        &self,
        request: &Request<'_>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> (Composed, Option<Body>) {
        let size = self.metadata.size;
        let current = Current {
            tag: Some(&self.tag),
            modified: self.metadata.modified,
            now: env.date(),
            is_read: true,
        };
        if let Err(status) = current.check(request) {
            return match status {
                Status::NOT_MODIFIED => {
                    (self.validators(reply.status(status), None).composed_empty(), None)
                }
                _ => (reply.status(status).composed_page(), None),
            };
        }
        let requested = match request.field("Range") {
            // RFC 9110 section 14.2: other methods than GET know no ranges.
            Some(value) if !request.is_head() && current.allows_range(request) => {
                range::requested(value.as_bytes(), size)
            }
            _ => Requested::Whole,
        };
        match requested {
            Requested::Whole => {
                let response = self.representation(reply.ok(), env.date());
                let response = response.own_field("Content-Type", self.media_type.as_bytes());
                sized(response, size, (0, size), None)
            }
            Requested::Parts(ranges) => match ranges.as_slice() {
                [range] => {
                    let ByteRange { first, last } = *range;
                    let response =
                        self.representation(reply.status(Status::PARTIAL_CONTENT), env.date());
                    let response = response
                        .own_field("Content-Type", self.media_type.as_bytes())
                        .filled_field("Content-Range", CONTENT_RANGE, &bounds(range, size));
                    sized(response, range.length(), (first, last.saturating_add(1)), None)
                }
                _ => {
                    let parts = Parts {
                        ranges,
                        index: 0,
                        head_sent: 0,
                        boundary: env.entropy.next_u64(),
                        media_type: self.media_type,
                        size,
                    };
                    let response =
                        self.representation(reply.status(Status::PARTIAL_CONTENT), env.date());
                    let response = response.filled_field(
                        "Content-Type",
                        "multipart/byteranges; boundary=%",
                        &[Value::Hex(parts.boundary)],
                    );
                    sized(response, parts.length(), (0, 0), Some(parts))
                }
            },
            Requested::Unsatisfiable => {
                let response = reply.status(Status::RANGE_NOT_SATISFIABLE).filled_field(
                    "Content-Range",
                    "bytes */%",
                    &[Value::Number(size)],
                );
                (response.composed_page(), None)
            }
        }
    }

    /// The fields that a 200, 206 and 304 have in common (RFC 9110 sections 15.3.7 and 15.4.5).
    fn validators<'r>(&self, response: Response<'r>, now: Option<UnixTime>) -> Response<'r> {
        let mut response = response.own_field("ETag", self.tag.as_bytes());
        if let Some(modified) = self.metadata.modified {
            // Section 8.8.2.1: never later than Date.
            let modified = now.map_or(modified, |now| modified.min(now));
            response = response.own_field("Last-Modified", &date::format(modified));
        }
        if self.has_variants {
            response = response.own_field("Vary", b"Accept-Encoding");
        }
        response.own_field(
            "Cache-Control",
            if self.metadata.immutable {
                b"public, max-age=31536000, immutable"
            } else {
                b"no-cache"
            },
        )
    }

    fn representation<'r>(&self, response: Response<'r>, now: Option<UnixTime>) -> Response<'r> {
        let response = self.validators(response, now).own_field("Accept-Ranges", b"bytes");
        match self.encoding {
            Encoding::Identity => response,
            Encoding::Gzip => response.own_field("Content-Encoding", b"gzip"),
        }
    }
}

/// Ends the head before `len` bytes of body: those of the file between the two, or `parts`.
fn sized(
    response: Response<'_>,
    len: u64,
    (next, end): (u64, u64),
    parts: Option<Parts>,
) -> (Composed, Option<Body>) {
    let (composed, rest) = response.sized_head(len);
    (composed, rest.map(|rest| Body { rest, next, end, parts }))
}

impl<F> Download<F> {
    /// Writes the next bytes of the body.
    pub(crate) fn produce<S: Store<File = F>>(&mut self, store: &S, output: &mut [u8]) -> Produced {
        if self.next == self.end
            && let Some(parts) = &mut self.parts
        {
            match parts.produce_head(output) {
                Ok(len) => return Produced::Bytes(len),
                Err(range) => (self.next, self.end) = (range.first, range.last.saturating_add(1)),
            }
        }
        self.read(store, output)
    }

    fn read<S: Store<File = F>>(&mut self, store: &S, output: &mut [u8]) -> Produced {
        let left = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
        let len = left.min(output.len());
        let room = output.get_mut(..len).unwrap_or_default();
        match store.read(&mut self.file, self.next, room) {
            Ok(len @ 1..) => {
                self.next += len as u64;
                Produced::Bytes(len)
            }
            // The file has shrunk, or the medium failed.
            Ok(0) | Err(_) => Produced::End,
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
        let mut heads = Window::new(&mut [], 0);
        let mut length = 0;
        for range in self.ranges.iter() {
            self.write_head(Some(range), &mut heads);
            length += range.length();
        }
        self.write_head(None, &mut heads);
        length + heads.length() as u64
    }

    /// Writes a part's head, or the end of the body.
    fn write_head(&self, range: Option<&ByteRange>, out: &mut Window<'_>) {
        let boundary = Value::Hex(self.boundary);
        let Some(range) = range else { return out.fill("\r\n--%--\r\n", &[boundary]) };
        out.fill(
            "\r\n--%\r\nContent-Type: %\r\nContent-Range: ",
            &[boundary, Value::Text(self.media_type)],
        );
        out.fill(CONTENT_RANGE, &bounds(range, self.size));
        out.put("\r\n\r\n");
    }

    /// Writes what is left of the head of the next part. When nothing is: that part's range.
    fn produce_head(&mut self, output: &mut [u8]) -> Result<usize, ByteRange> {
        let range = self.ranges.get(self.index).copied();
        let mut head = Window::new(output, self.head_sent);
        self.write_head(range.as_ref(), &mut head);
        match range {
            Some(range) if head.length() == self.head_sent => {
                self.index += 1;
                self.head_sent = 0;
                Err(range)
            }
            _ => {
                let shown = head.shown();
                self.head_sent += shown;
                Ok(shown)
            }
        }
    }
}
