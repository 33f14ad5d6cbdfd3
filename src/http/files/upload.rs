//! Upload forms (RFC 7578).

use super::{errors::status_of_writing, location::Path};
use crate::{
    http::{
        Request, Status,
        multipart::{Event, Multipart},
    },
    store::{Store, is_valid_name},
};

/// A form that is being received. Each of its files becomes visible when it is complete.
pub struct Form<U> {
    reader: Multipart,
    /// The file that is being received, and the length of its name, which is at the front of the
    /// scratch space.
    file: Option<(U, usize)>,
}

/// The longest name of an uploaded file.
const LONGEST_NAME: usize = 192;

impl<U> Form<U> {
    /// # Errors
    /// 415 when the Content-Type of `request` is another.
    pub(super) fn new(request: &Request<'_>) -> Result<Self, Status> {
        let content_type = request.field("Content-Type").unwrap_or_default();
        let reader =
            Multipart::new(content_type.as_bytes()).map_err(|_| Status::UNSUPPORTED_MEDIA_TYPE)?;
        Ok(Self { reader, file: None })
    }

    pub(super) fn is_complete(&self) -> bool {
        self.reader.is_complete()
    }

    /// Takes all of a piece of the form. The files are stored in `folder`, which is the root or ends
    /// with a slash. `scratch` holds a file's name and the head of a part between calls.
    pub(super) fn receive<S: Store<Upload = U>>(
        &mut self,
        store: &S,
        folder: &str,
        piece: &[u8],
        scratch: &mut [u8],
    ) -> Result<usize, Status> {
        let (names, head) = scratch
            .split_at_mut_checked(LONGEST_NAME)
            .ok_or(Status::REQUEST_HEADER_FIELDS_TOO_LARGE)?;
        let mut rest = piece;
        loop {
            let step = self.reader.next(rest, head).map_err(|_| Status::BAD_REQUEST)?;
            let consumed = step.consumed;
            match step.event {
                Event::NeedInput => return Ok(piece.len()),
                Event::Part(part) => {
                    // A part without a file name is another field of the form; an empty file name
                    // means that no file was chosen.
                    self.file = match part.filename().filter(|name| !name.is_empty()) {
                        Some(name) => {
                            let name = name.decode(names).map_err(|_| Status::BAD_REQUEST)?;
                            if !is_valid_name(name) {
                                return Err(Status::BAD_REQUEST);
                            }
                            let name_len = name.len();
                            Some((store.create(None).map_err(status_of_writing)?, name_len))
                        }
                        None => None,
                    };
                }
                Event::Data(data) => {
                    if let Some((upload, _)) = &mut self.file {
                        store.write(upload, data).map_err(status_of_writing)?;
                    }
                }
                Event::PartEnd => {
                    if let Some((upload, name_len)) = self.file.take() {
                        let name = names.get(..name_len).unwrap_or_default();
                        let name = core::str::from_utf8(name).map_err(|_| Status::BAD_REQUEST)?;
                        let mut path = Path::new();
                        path.push_str(folder)
                            .and_then(|()| path.push_str(name))
                            .map_err(|_| Status::BAD_REQUEST)?;
                        store.commit(upload, &path).map_err(status_of_writing)?;
                    }
                }
                Event::End => {}
            }
            rest = rest.get(consumed..).unwrap_or_default();
        }
    }
}
