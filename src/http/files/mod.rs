//! The files of a [`Store`] as resources: what most servers are for.

mod conditions;
pub(crate) mod download;
mod listing;
mod upload;

use self::conditions::Current;
use self::download::Download;
use self::listing::Listing;
use self::upload::Form;
use self::upload::status_of_writing;
use super::{
    access::WriteAccess,
    application::{Application, BodyMode, BodyPoll},
    body_writer::BodyWriter,
    etag::EntityTag,
    method::Method,
    methods::Methods,
    problem::Result,
    request::Request,
    response::{Answer, Reply},
    status::Status,
};
use crate::{
    protocol::environment::Environment,
    store::{Commit, Encoding, Store, StoreError, is_valid_path},
    wire::template::Value,
};

/// Serves the files of a store: whole, in parts, gzipped if the store has such a variant and the
/// client takes it; answers conditions; and, if allowed, stores and deletes.
///
/// A folder is shown by its `index.html`, or by a listing if that is switched on.
pub struct Files<S> {
    store: S,
    /// What stands before the paths of the store in those of requests.
    prefix: &'static str,
    has_listings: bool,
    access: WriteAccess,
}

/// What a connection remembers of a file on its way.
pub enum Exchange<S: Store> {
    /// A file to the client.
    Download(Download<S::File>),
    /// A folder's entries to the client.
    Listing(Listing<S::Listing>),
    /// A file from the client.
    Upload(S::Upload),
    /// Files from the client, in a form.
    Form(Form<S::Upload>),
}

const READ_AND_WRITE: Methods =
    Methods::GET.and(Methods::PUT).and(Methods::DELETE).and(Methods::POST);

/// What a folder's page is called.
const INDEX: &str = "index.html";

/// The longest path that a file can have.
type Path = heapless::String<255>;

impl<S: Store> Files<S> {
    /// Files to be read.
    pub const fn new(store: S) -> Self {
        Self { store, prefix: "", has_listings: false, access: WriteAccess::DENIED }
    }

    /// Puts the root folder at `prefix` instead of `/`: `docs/` for `/docs/`.
    #[must_use]
    pub fn under(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Shows folders that have no index page.
    #[must_use]
    pub fn with_listings(mut self) -> Self {
        self.has_listings = true;
        self
    }

    /// The files.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Lets PUT, DELETE and upload forms through to whoever `access` allows it.
    #[must_use]
    pub fn with_writing(mut self, access: WriteAccess) -> Self {
        self.access = access;
        self
    }
}

impl<S: Store> Application for Files<S> {
    type Exchange = Exchange<S>;

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
    /// Where in the store the request leads; the root when it came from elsewhere.
    fn path<'b>(&self, request: &Request<'b>) -> &'b str {
        request.path().strip_prefix(self.prefix).unwrap_or_default()
    }
}

/// Writing.
impl<S: Store> Files<S> {
    fn is_writable(&self) -> bool {
        self.access.is_possible() && self.store.is_writable()
    }

    /// Whether the file may be stored or deleted: by this client, under this name, as it is now.
    fn check_change(&self, request: &Request<'_>, env: &Environment<'_>) -> Result<()> {
        self.access.check(request)?;
        let path = self.path(request);
        if is_folder(path) {
            return Err(Status::CONFLICT.into());
        }
        if !is_valid_path(path) {
            return Err(Status::NOT_FOUND.into());
        }
        let file = self.store.open(path, Encoding::Identity).ok();
        let metadata = file.as_ref().map(|file| self.store.metadata(file));
        let tag = metadata.map(|metadata| EntityTag::new(metadata.version, Encoding::Identity));
        let modified = metadata.and_then(|metadata| metadata.modified);
        Ok(Current { tag: tag.as_ref(), modified, now: env.date(), is_read: false }
            .check(request)?)
    }

    fn begin_put(&self, request: &Request<'_>) -> Result<S::Upload> {
        if !request.has_body() {
            return Err(Status::LENGTH_REQUIRED.into());
        }
        // RFC 9110 section 14.5: a part must not be taken for the whole.
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
    // Not part of the frame of what writes.
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
        // A plain path needs no second look, unless the prefix ends in the midst of a name.
        let is_whole = matches!(self.prefix.as_bytes(), [] | [.., b'/']);
        let is_valid = is_whole && request.has_plain_path() || is_valid(path);
        if !is_valid {
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

    // Rare, and its frame is large: not part of the caller's.
    #[inline(never)]
    fn list(&self, path: &str, exchange: &mut Option<Exchange<S>>, reply: Reply<'_>) -> Answer {
        match self.store.list(path.strip_suffix('/').unwrap_or(path)) {
            Ok(walk) => {
                *exchange = Some(Exchange::Listing(Listing::new(walk, self.is_writable())));
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

/// Whether a path asks for a folder.
fn is_folder(path: &str) -> bool {
    path.is_empty() || path.ends_with('/')
}

/// Whether a store may see `path`, a file's or a folder's: the root, or names that each have a slash
/// behind them but for a file's. A `/` alone, which is what `//` leaves, has none.
fn is_valid(path: &str) -> bool {
    path != "/" && is_valid_path(path.strip_suffix('/').unwrap_or(path))
}

/// The request's own path as it came, for a Location that leads back to it; the root for one with
/// two slashes in front, which would lead to another host.
fn own_location<'b>(request: &Request<'b>) -> &'b str {
    let path = request.raw_path();
    if path.starts_with('/') && !path.starts_with("//") { path } else { "/" }
}

/// A folder is asked for without its slash: relative links on its page would go wrong.
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

/// The status that tells a client of a store's error.
fn status_of(error: StoreError) -> Status {
    match error {
        StoreError::NotFound | StoreError::IsFolder | StoreError::InvalidName => Status::NOT_FOUND,
        StoreError::Denied | StoreError::ReadOnly => Status::FORBIDDEN,
        StoreError::Full => Status::INSUFFICIENT_STORAGE,
        StoreError::Io => Status::INTERNAL_SERVER_ERROR,
    }
}
