//! The device's page and data as an application of the web server.

use super::{
    Cursor, EventStream, FileList, LossRequest, Metrics, Overview, PAGE, Status,
    capture::PcapReader, parse_date,
};
use crate::{
    http,
    http::{
        Answer, Application, BodyMode, BodyPoll, BodyWriter, Files, Method, Methods, Reply,
        Request, WriteAccess, files, files::download::Download,
    },
    protocol::environment::Environment,
    store::{Encoding, Store, StoreError, is_valid_path, rom::RomStore},
    wire::percent,
};

/// The longest body that is accepted, in bytes.
const LONGEST_BODY: usize = 64;

/// The longest path of a folder that is listed, in bytes.
const LONGEST_PATH: usize = 256;

/// The prefix of all paths.
const PREFIX: &str = "_device/";

/// Serves `/_device/` and, with [`at_root`](DeviceApplication::at_root), the page at `/`. `S` is the
/// store that `files.json` lists, and in which the page's form stores files.
pub struct DeviceApplication<'a, S> {
    overview: Overview<'a>,
    files: Files<S>,
    access: WriteAccess,
    is_root: bool,
}

/// A response that is being sent.
pub enum DeviceExchange<'a, S: Store> {
    /// A file of the page.
    Page(Download<<RomStore as Store>::File>),
    /// Files from the page's form.
    Upload(Option<files::Exchange<S>>),
    /// `status.json`
    Status(Cursor<'a>),
    /// `metrics`
    Metrics(Cursor<'a>),
    /// `events`
    Events(EventStream<'a>),
    /// `files.json`
    Files(FileList<S>),
    /// `capture.pcap`
    Capture(PcapReader<'a>),
}

/// A resource of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource {
    /// The page itself.
    Page,
    /// Another file of the page.
    PageFile,
    /// The page's address without its last slash.
    MissingSlash,
    Status,
    Metrics,
    Events,
    Files,
    Capture,
    Ping,
    Clock,
}

/// Names below [`PREFIX`].
const NAMES: [(&str, Resource); 8] = [
    ("", Resource::Page),
    ("status.json", Resource::Status),
    ("metrics", Resource::Metrics),
    ("events", Resource::Events),
    ("files.json", Resource::Files),
    ("capture.pcap", Resource::Capture),
    ("ping", Resource::Ping),
    ("clock", Resource::Clock),
];

impl<'a, S: Store> DeviceApplication<'a, S> {
    /// Shows `overview` to every client. Clients that `access` authorizes may change settings and
    /// download the captured frames.
    pub fn new(overview: Overview<'a>, store: S, access: WriteAccess) -> Self {
        let overview = Overview { writable: access.is_possible(), ..overview };
        Self {
            overview,
            files: Files::new(store).under(PREFIX).with_writing(access),
            access,
            is_root: false,
        }
    }

    /// Serves the page at `/` too.
    #[must_use]
    pub fn at_root(self) -> Self {
        Self { is_root: true, ..self }
    }

    fn resource(&self, path: &str) -> Option<Resource> {
        let name = match path {
            "" if self.is_root => "",
            "_device" => return Some(Resource::MissingSlash),
            path => path.strip_prefix(PREFIX)?,
        };
        let found = NAMES.iter().find(|(known, _)| *known == name);
        match found.map(|(_, resource)| *resource) {
            Some(Resource::Capture) if self.overview.capture.is_none() => None,
            Some(Resource::Ping) if self.overview.ping.is_none() => None,
            None => PAGE.open(name, Encoding::Identity).ok().map(|_| Resource::PageFile),
            found => found,
        }
    }

    #[inline(never)]
    fn list(&self, request: &Request<'_>) -> Result<FileList<S>, http::Status> {
        let mut buffer = [0; LONGEST_PATH];
        let path = request.query_parameter("path").unwrap_or_default().as_bytes();
        let path = percent::decode(path, &mut buffer).map_err(|_| http::Status::BAD_REQUEST)?;
        let path = core::str::from_utf8(path).ok().filter(|path| is_valid_path(path));
        let path = path.ok_or(http::Status::BAD_REQUEST)?;
        FileList::new(self.files.store(), path).map_err(|error| match error {
            StoreError::Io => http::Status::INTERNAL_SERVER_ERROR,
            StoreError::Denied => http::Status::FORBIDDEN,
            StoreError::NotYet if S::CAN_WAIT => http::Status::NOT_YET,
            _ => http::Status::NOT_FOUND,
        })
    }

    /// Begins a response whose content changes from one request to the next.
    #[inline(never)]
    fn show(
        &self,
        resource: Resource,
        request: &Request<'_>,
        place: &mut Option<DeviceExchange<'a, S>>,
        reply: Reply<'_>,
    ) -> Answer {
        let (media_type, exchange) = match (resource, self.overview.capture) {
            (Resource::Status, _) => ("application/json", DeviceExchange::Status(Cursor::new())),
            (Resource::Metrics, _) => {
                ("text/plain; version=0.0.4; charset=utf-8", DeviceExchange::Metrics(Cursor::new()))
            }
            (Resource::Events, _) => {
                ("text/event-stream", DeviceExchange::Events(EventStream::new()))
            }
            (Resource::Files, _) => match self.list(request) {
                Ok(list) => ("application/json", DeviceExchange::Files(list)),
                Err(status) => return reply.error(status),
            },
            (Resource::Capture, Some(capture)) => (
                "application/vnd.tcpdump.pcap",
                DeviceExchange::Capture(PcapReader::new(capture, self.access.token())),
            ),
            _ => return reply.error(http::Status::NOT_FOUND),
        };
        let response =
            reply.ok().field("Content-Type", media_type).field("Cache-Control", "no-store");
        match place.insert(exchange) {
            DeviceExchange::Capture(reader) => response.sized(reader.size()),
            _ => response.stream(),
        }
    }

    /// Receives the page's form and stores its files.
    #[inline(never)]
    fn store_form(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<DeviceExchange<'a, S>>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match exchange {
            Some(DeviceExchange::Upload(exchange)) => {
                self.files.respond(request, exchange, reply, env)
            }
            _ => reply.error(http::Status::BAD_REQUEST),
        }
    }

    /// Applies the body of a PUT. Returns whether it is valid.
    #[inline(never)]
    fn change(&self, resource: Resource, body: &[u8], env: &mut Environment<'_>) -> bool {
        match (resource, self.overview.ping) {
            (Resource::Ping, Some(ping)) => {
                LossRequest::parse(body).map(|request| ping.set_loss_percent(request.loss))
            }
            (Resource::Clock, _) => parse_date(body).map(|date| env.wall_clock.set(env.now, date)),
            _ => None,
        }
        .is_some()
    }
}

impl<'a, S: Store> Application for DeviceApplication<'a, S> {
    type Exchange = DeviceExchange<'a, S>;

    const CAN_WAIT: bool = S::CAN_WAIT;

    fn methods(&self, path: &str) -> Option<Methods> {
        Some(match self.resource(path)? {
            Resource::Page if self.access.is_possible() => Methods::GET.and(Methods::POST),
            Resource::Ping | Resource::Clock => Methods::PUT,
            _ => Methods::GET,
        })
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        env: &mut Environment<'_>,
    ) -> http::Result<BodyMode> {
        match self.resource(request.path()) {
            Some(Resource::Page) if request.method() == Method::Post => {
                let mut upload = None;
                let mode = self.files.begin(request, &mut upload, env);
                *exchange = Some(DeviceExchange::Upload(upload));
                mode
            }
            Some(Resource::Capture) => self.access.check(request).map(|()| BodyMode::Ignore),
            Some(Resource::Ping | Resource::Clock) => {
                self.access.check(request).map(|()| BodyMode::Collect { limit: LONGEST_BODY })
            }
            _ => Ok(BodyMode::Ignore),
        }
    }

    fn receive(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        piece: &[u8],
        scratch: &mut [u8],
        env: &mut Environment<'_>,
    ) -> http::Result<usize> {
        match exchange {
            DeviceExchange::Upload(Some(exchange)) => {
                self.files.receive(request, exchange, piece, scratch, env)
            }
            _ => Ok(piece.len()),
        }
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Option<Self::Exchange>,
        reply: Reply<'_>,
        env: &mut Environment<'_>,
    ) -> Answer {
        match self.resource(request.path()) {
            None => reply.error(http::Status::NOT_FOUND),
            Some(Resource::Page) if request.method() == Method::Post => {
                self.store_form(request, exchange, reply, env)
            }
            Some(Resource::Page | Resource::PageFile) => show_page(request, exchange, reply, env),
            Some(Resource::MissingSlash) => {
                reply.redirect(http::Status::MOVED_PERMANENTLY, "/_device/")
            }
            Some(resource @ (Resource::Ping | Resource::Clock)) => {
                if self.change(resource, request.body(), env) {
                    reply.status(http::Status::NO_CONTENT).empty()
                } else {
                    reply.error(http::Status::UNPROCESSABLE_CONTENT)
                }
            }
            Some(resource) => self.show(resource, request, exchange, reply),
        }
    }

    fn produce(
        &mut self,
        request: &Request<'_>,
        exchange: &mut Self::Exchange,
        output: &mut BodyWriter<'_>,
        env: &mut Environment<'_>,
    ) -> BodyPoll {
        let output = output.room();
        let overview = &Overview { authorized: self.access.is_shown_by(request), ..self.overview };
        let length = match exchange {
            DeviceExchange::Page(exchange) => {
                return exchange.produce(&PAGE, output);
            }
            DeviceExchange::Upload(_) => return BodyPoll::End,
            DeviceExchange::Status(progress) => progress.read(&Status(*overview), env, output),
            DeviceExchange::Metrics(progress) => progress.read(&Metrics(*overview), env, output),
            DeviceExchange::Events(events) => match events.read(overview, env, output) {
                0 => return BodyPoll::Wait(Some(events.poll_at())),
                length => length,
            },
            // An incomplete list has no closing bracket, so its reader detects it.
            DeviceExchange::Files(list) => list.read(self.files.store(), output).unwrap_or(0),
            DeviceExchange::Capture(reader) => reader.read(env.wall_clock, output),
        };
        if length == 0 { BodyPoll::End } else { BodyPoll::Bytes(length) }
    }
}

/// Responds with a file of the page.
// Not inlined, so that the large stack frames of the different responses do not add up.
#[inline(never)]
fn show_page<S: Store>(
    request: &Request<'_>,
    exchange: &mut Option<DeviceExchange<'_, S>>,
    reply: Reply<'_>,
    env: &mut Environment<'_>,
) -> Answer {
    let name = request.path().strip_prefix(PREFIX).unwrap_or_default();
    let name = if name.is_empty() { "index.html" } else { name };
    match Download::open(&PAGE, name, request) {
        Ok(mut download) => {
            let answer = download.respond(&PAGE, name, request, reply, env);
            *exchange = Some(DeviceExchange::Page(download));
            answer
        }
        Err(_) => reply.error(http::Status::NOT_FOUND),
    }
}

#[cfg(test)]
mod tests;
