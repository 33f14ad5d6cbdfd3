//! The files of a [`Store`] as resources.
//!
//! | request | response |
//! |---|---|
//! | GET of a file | 200 with the file, 206 with ranges of it (RFC 9110 section 14), 304 or 412 for a condition (section 13) |
//! | GET of a folder, `/folder/` | its `index.html`; without one a listing, if listings are on |
//! | GET of a folder, `/folder` | 301 to `/folder/` |
//! | PUT of a file | 201 or 204; 409 for a folder |
//! | DELETE of a file | 204; 409 for a folder |
//! | POST of an upload form to a folder | 303 to the folder |

mod conditions;
pub(crate) mod download;
mod errors;
mod listing;
mod location;
mod upload;

use self::{
    conditions::Current,
    download::Download,
    errors::{status_of, status_of_writing},
    listing::Listing,
    location::{Path, is_folder, is_valid, own_location},
    upload::Form,
};
use super::{
    access::WriteAccess,
    application::{Application, BodyMode},
    body_writer::BodyPoll,
    body_writer::BodyWriter,
    etag::EntityTag,
    method::Method,
    methods::Methods,
    request::Request,
    response::{Answer, Reply},
    result::Result,
    status::Status,
};
use crate::{
    protocol::environment::Environment,
    store::{Commit, Encoding, Store, StoreError, is_valid_path},
    wire::template::Value,
};

/// The application that serves the files of a store; the [module](self) has its responses.
///
/// A client that accepts gzip gets the gzip variant of a file that has one. Writing needs
/// [`Files::with_writing`], listings need [`Files::with_listings`].
///
/// ```
/// use bareserve::{http::{Files, Server}, store::rom::{RomFile, RomStore}};
///
/// static SITE: [RomFile; 1] = [RomFile::new("index.html", 1, b"<h1>Hello</h1>")];
/// let files = Files::new(RomStore::new(&SITE)).under("docs/").with_listings();
/// let server: Server<_, 1024> = Server::new(files);
/// ```
pub struct Files<S> {
    store: S,
    /// The part of a request's path before the path in the store.
    prefix: &'static str,
    has_listings: bool,
    access: WriteAccess,
}

/// The state of a request between two calls.
// One byte tells the variants apart; the 64-bit payload would make it eight, which are slow to compare.
#[repr(u8)]
pub enum Exchange<S: Store> {
    /// A file is sent.
    Download(Download<S::File>),
    /// The entries of a folder are sent.
    Listing(Listing<S::Listing>),
    /// A file is received.
    Upload(S::Upload),
    /// A form with files is received.
    Form(Form<S::Upload>),
}

const READ_AND_WRITE: Methods =
    Methods::GET.and(Methods::PUT).and(Methods::DELETE).and(Methods::POST);

/// The name of a folder's page.
const INDEX: &str = "index.html";

impl<S: Store> Files<S> {
    /// Serves `store`, read-only, without listings.
    pub const fn new(store: S) -> Self {
        Self { store, prefix: "", has_listings: false, access: WriteAccess::DENIED }
    }

    /// Serves the root folder at `prefix` instead of `/`: `docs/` for `/docs/`.
    #[must_use]
    pub fn under(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Lists folders that have no `index.html`.
    #[must_use]
    pub fn with_listings(mut self) -> Self {
        self.has_listings = true;
        self
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Accepts PUT, DELETE and upload forms from the clients that `access` admits.
    #[must_use]
    pub fn with_writing(mut self, access: WriteAccess) -> Self {
        self.access = access;
        self
    }
}

impl<S: Store> Application for Files<S> {
    type Exchange = Exchange<S>;

    const CAN_WAIT: bool = S::CAN_WAIT;

    fn methods(&self, path: &str) -> Option<Methods> {
        path.strip_prefix(self.prefix)?;
        Some(match self.is_writable() {
            true => READ_AND_WRITE,
            false => Methods::GET,
        })
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Exchange<S>>,
        env: &mut Environment<'_>,
    ) -> Result<BodyMode> {
        match request.method() {
            Method::Put => {
                self.check_change(request, env)?;
                *exchange = Some(Exchange::Upload(self.begin_put(request)?));
                Ok(BodyMode::Stream { limit: u64::MAX })
            }
            Method::Delete => {
                self.check_change(request, env)?;
                Ok(BodyMode::Ignore)
            }
            Method::Post => {
                self.access.check(request)?;
                if !is_folder(self.path(request)) {
                    return Err(Status::CONFLICT.into());
                }
                if !is_valid(self.path(request)) {
                    return Err(Status::NOT_FOUND.into());
                }
                *exchange = Some(Exchange::Form(Form::new(request)?));
                Ok(BodyMode::Stream { limit: u64::MAX })
            }
            _ => Ok(BodyMode::Ignore),
        }
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Exchange<S>,
        piece: &[u8],
        scratch: &mut [u8],
        _env: &mut Environment<'_>,
    ) -> Result<usize> {
        match exchange {
            Exchange::Upload(upload) => {
                self.store.write(upload, piece).map_err(status_of_writing)?;
                Ok(piece.len())
            }
            Exchange::Form(form) => {
                Ok(form.receive(&self.store, self.path(request), piece, scratch)?)
            }
            Exchange::Download(_) | Exchange::Listing(_) => Ok(piece.len()),
        }
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Exchange<S>>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match (request.method(), &*exchange) {
            (Method::Put, _) => {
                let Some(Exchange::Upload(upload)) = exchange.take() else {
                    return reply.error(Status::BAD_REQUEST);
                };
                match self.store.commit(upload, self.path(request)) {
                    Ok(Commit::Created) => reply
                        .status(Status::CREATED)
                        .field("Location", own_location(request))
                        .empty(),
                    Ok(Commit::Replaced) => reply.status(Status::NO_CONTENT).empty(),
                    Err(error) => reply.error(status_of_writing(error)),
                }
            }
            (Method::Post, Some(Exchange::Form(form))) if form.is_complete() => {
                reply.redirect(Status::SEE_OTHER, own_location(request))
            }
            (Method::Post, _) => reply.error(Status::BAD_REQUEST),
            (Method::Delete, _) => match self.store.remove(self.path(request)) {
                Ok(()) => reply.status(Status::NO_CONTENT).empty(),
                Err(StoreError::IsFolder) => reply.error(Status::CONFLICT),
                Err(error) => reply.error(status_of(error)),
            },
            _ => self.show(request, exchange, reply, env),
        }
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Exchange<S>,
        output: &mut BodyWriter<'_>,
        _env: &mut Environment<'_>,
    ) -> BodyPoll {
        match exchange {
            Exchange::Download(download) => download.produce(&self.store, output.room()),
            Exchange::Listing(listing) => listing.produce(&self.store, request, output.room()),
            Exchange::Upload(_) | Exchange::Form(_) => BodyPoll::End,
        }
    }
}

impl<S> Files<S> {
    /// The path in the store; the root for a request whose path does not begin with the prefix.
    fn path<'b>(&self, request: &Request<'b>) -> &'b str {
        request.path().strip_prefix(self.prefix).unwrap_or_default()
    }
}

/// Writing.
impl<S: Store> Files<S> {
    fn is_writable(&self) -> bool {
        self.access.is_possible() && self.store.is_writable()
    }

    /// Checks that the file may be stored or deleted: by this client, at this path, and in its present
    /// state (RFC 9110 section 13).
    fn check_change(&self, request: &Request<'_>, env: &Environment<'_>) -> Result<()> {
        self.access.check(request)?;
        let path = self.path(request);
        if is_folder(path) {
            return Err(Status::CONFLICT.into());
        }
        if !is_valid_path(path) {
            return Err(Status::NOT_FOUND.into());
        }
        let metadata = self.store.metadata_now(path).ok();
        let tag = metadata.map(|metadata| EntityTag::new(metadata.version, Encoding::Identity));
        let modified = metadata.and_then(|metadata| metadata.modified);
        Ok(Current { tag: tag.as_ref(), modified, now: env.date(), is_read: false }
            .check(request)?)
    }

    fn begin_put(&self, request: &Request<'_>) -> Result<S::Upload> {
        if !request.has_body() {
            return Err(Status::LENGTH_REQUIRED.into());
        }
        // RFC 9110 section 14.5: a part must not be stored as the whole file.
        if request.field("Content-Range").is_some() {
            return Err(Status::BAD_REQUEST.into());
        }
        if request.field("Content-Encoding").is_some() {
            return Err(Status::UNSUPPORTED_MEDIA_TYPE.into());
        }
        Ok(self.store.create(request.content_length()).map_err(status_of_writing)?)
    }
}

/// Reading.
impl<S: Store> Files<S> {
    // Not inlined, so that its stack frame does not add to that of writing.
    #[inline(never)]
    fn show(
        &self,
        request: &Request<'_>,
        exchange: &mut Option<Exchange<S>>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        let path = self.path(request);
        let is_folder = is_folder(path);
        if !is_valid(path) {
            return reply.error(Status::NOT_FOUND);
        }
        let mut index = Path::new();
        let file = if is_folder {
            match index.push_str(path).and_then(|()| index.push_str(INDEX)) {
                Ok(()) => index.as_str(),
                Err(_) => return reply.error(Status::NOT_FOUND),
            }
        } else {
            path
        };
        match Download::open(&self.store, file, request) {
            Ok(mut download) => {
                let answer = download.respond(&self.store, file, request, reply, env);
                *exchange = Some(Exchange::Download(download));
                answer
            }
            Err(StoreError::IsFolder) if !is_folder => redirect_to_folder(request, reply),
            Err(StoreError::NotFound) if is_folder && self.has_listings => {
                self.list(path, exchange, reply)
            }
            Err(error) => reply.error(status_of(error)),
        }
    }

    // Not inlined: rare, with a large stack frame.
    #[inline(never)]
    fn list(&self, path: &str, exchange: &mut Option<Exchange<S>>, reply: Reply<'_>) -> Answer {
        match self.store.list(path.strip_suffix('/').unwrap_or(path)) {
            Ok(entries) => {
                *exchange = Some(Exchange::Listing(Listing::new(entries, self.is_writable())));
                reply
                    .ok()
                    .field("Content-Type", "text/html; charset=utf-8")
                    .field("Cache-Control", "no-cache")
                    .stream()
            }
            Err(error) => reply.error(status_of(error)),
        }
    }
}

/// Redirects from `/folder` to `/folder/`, so that relative links on its page lead into the folder.
fn redirect_to_folder(request: &Request<'_>, reply: Reply<'_>) -> Answer {
    let path = own_location(request);
    if path == "/" {
        return reply.error(Status::NOT_FOUND);
    }
    let (mark, query) = request.query().map_or(("", ""), |query| ("?", query));
    reply
        .status(Status::MOVED_PERMANENTLY)
        .field_with("Location", "%/%%", &[Value::Text(path), Value::Text(mark), Value::Text(query)])
        .page("")
}
