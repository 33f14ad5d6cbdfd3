//! The files of a [`Store`] as resources: what most servers are for.

mod conditions;
mod download;

use self::download::Download;
use super::{
    access::WriteAccess,
    application::{Application, Begin, Produced},
    method::Method,
    request::Request,
    response::{Answer, Reply},
    status::Status,
};
use crate::{
    environment::Environment,
    store::{Store, StoreError, is_valid_path},
};

/// Serves the files of a store: whole, in parts, gzipped if the store has such a variant and the
/// client takes it; answers conditions; and, if allowed, stores and deletes.
///
/// A folder is shown by its `index.html`, or by a listing if that is switched on.
pub struct Files<S> {
    store: S,
    has_listings: bool,
    access: WriteAccess,
}

/// What a connection remembers of a file on its way.
pub enum Exchange<S: Store> {
    /// To the client.
    Download(Download<S::File>),
}

/// What a folder's page is called.
const INDEX: &str = "index.html";

/// The longest path that a file can have.
type Path = heapless::String<255>;

impl<S: Store> Files<S> {
    /// Files to be read.
    pub const fn new(store: S) -> Self {
        Self { store, has_listings: false, access: WriteAccess::NOBODY }
    }

    /// Shows folders that have no index page.
    #[must_use]
    pub fn with_listings(mut self) -> Self {
        self.has_listings = true;
        self
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

    fn methods(&self, _path: &str) -> Option<&'static [Method]> {
        Some(&[Method::Get])
    }

    fn begin(
        &mut self,
        _request: &Request<'_>,
        _env: &mut Environment<'_>,
    ) -> Result<Begin<Exchange<S>>, Status> {
        Ok(Begin::Respond)
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        _exchange: Option<Exchange<S>>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer<Exchange<S>> {
        self.show(request, reply, env)
    }

    fn produce(
        &mut self,
        exchange: &mut Exchange<S>,
        output: &mut [u8],
        _env: &mut Environment<'_>,
    ) -> Produced {
        match exchange {
            Exchange::Download(download) => download.produce(&self.store, output),
        }
    }
}

impl<S: Store> Files<S> {
    fn show(
        &self,
        request: &Request<'_>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer<Exchange<S>> {
        let path = request.path();
        let is_folder = path.is_empty() || path.ends_with('/');
        if !is_valid_path(path.strip_suffix('/').unwrap_or(path)) {
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
        match download::open(&self.store, file, request) {
            Ok(opened) => opened.respond(request, reply, env),
            Err(StoreError::IsFolder) if !is_folder => redirect_to_folder(request, reply),
            Err(error) => reply.error(status_of(error)),
        }
    }
}

/// A folder is asked for without its slash: relative links on its page would go wrong.
fn redirect_to_folder<E>(request: &Request<'_>, reply: Reply<'_>) -> Answer<E> {
    let (path, query) = match request.target().split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (request.target(), None),
    };
    // Two slashes in front would make the browser look for a host there.
    if path.starts_with("//") {
        return reply.error(Status::NOT_FOUND);
    }
    let query = [query.map_or("", |_| "?"), query.unwrap_or_default()];
    reply
        .status(Status::MOVED_PERMANENTLY)
        .joined_field("Location", &[path, "/", query[0], query[1]])
        .page()
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
