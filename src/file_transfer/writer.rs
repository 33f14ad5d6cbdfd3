//! Writes an object: `{"filename": NAME, "filedata": "CONTENT"}`, in pieces of any size.

use core::fmt;

use crate::{
    store::StoreError,
    wire::{base64::Encoder, template::Value, writer::ResumableWriter},
};

/// Bytes of a file read at once, on the stack: about the content of a TCP segment in base64.
const CHUNK: usize = 1020;

/// Copies bytes of a file from an offset on into a buffer and returns how many: 0 only at the end of
/// the file.
pub type ReadAt<'r, E> = dyn FnMut(u64, &mut [u8]) -> Result<usize, E> + 'r;

/// Writes one object, byte for byte as Python's `json.dumps` does.
#[derive(Debug)]
pub struct ObjectWriter {
    part: Part,
    offset: u64,
    size: u64,
}

#[derive(Debug)]
enum Part {
    /// Up to the content; the bytes of it that are written.
    Head(usize),
    Content(Encoder),
    /// From the content on; the bytes of it that are written.
    Tail(usize),
    Complete,
}

/// Why an object cannot be completed. The bytes written so far are not valid JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError<E> {
    /// The file has become shorter than `size`.
    Shrunk,
    /// The file cannot be read. After [`StoreError::NotYet`] the object can be continued.
    Read(E),
}

impl WriteError<StoreError> {
    /// The error as text.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Shrunk => "the file shrank while it was sent",
            Self::Read(error) => error.text(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shrunk => f.write_str("the file shrank while it was sent"),
            Self::Read(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for WriteError<E> {}

impl ObjectWriter {
    /// An object for a file of `size` bytes. Bytes beyond are not read.
    pub fn new(size: u64) -> Self {
        Self { part: Part::Head(0), offset: 0, size }
    }

    /// Writes the bytes that follow to the front of `output` and returns how many; fewer than fit
    /// only at the end, or before an error, which the next call returns. `name` must be the same in every call.
    ///
    /// # Errors
    /// See [`WriteError`]; the object is to be abandoned then.
    pub fn write<E>(
        &mut self,
        name: &str,
        output: &mut [u8],
        read: &mut ReadAt<'_, E>,
    ) -> Result<usize, WriteError<E>> {
        self.write_with_token(None, name, output, read)
    }

    /// The same, with a `token` in front.
    ///
    /// # Errors
    /// See [`WriteError`]; the object can then only be given up.
    pub fn write_with_token<E>(
        &mut self,
        token: Option<&str>,
        name: &str,
        output: &mut [u8],
        read: &mut ReadAt<'_, E>,
    ) -> Result<usize, WriteError<E>> {
        let mut given = 0;
        loop {
            let room = output.get_mut(given..).unwrap_or_default();
            match &mut self.part {
                Part::Head(sent) => {
                    let mut head = ResumableWriter::new(room, *sent);
                    head.put("{");
                    if let Some(token) = token {
                        head.render("\"token\": %, ", &[Value::Json(token)]);
                    }
                    head.render("\"filename\": %, \"filedata\": \"", &[Value::Json(name)]);
                    given += head.written();
                    *sent += head.written();
                    if !head.is_complete() {
                        return Ok(given);
                    }
                    self.part = Part::Content(Encoder::new());
                }
                Part::Content(encoder) => {
                    if room.is_empty() {
                        return Ok(given);
                    }
                    if self.offset < self.size {
                        match encode_some(encoder, &mut self.offset, self.size, room, read) {
                            Ok(written) => given += written,
                            // Not lost, if the file can be read later.
                            Err(_) if given > 0 => return Ok(given),
                            error => return error,
                        }
                        continue;
                    }
                    match encoder.finish(room) {
                        0 => self.part = Part::Tail(0),
                        written => given += written,
                    }
                }
                Part::Tail(sent) => {
                    let mut tail = ResumableWriter::new(room, *sent);
                    tail.put("\"}");
                    given += tail.written();
                    *sent += tail.written();
                    if !tail.is_complete() {
                        return Ok(given);
                    }
                    self.part = Part::Complete;
                }
                Part::Complete => return Ok(given),
            }
        }
    }

    /// Whether the whole object has been written.
    pub fn is_complete(&self) -> bool {
        matches!(self.part, Part::Complete)
    }

    /// Bytes of the file written so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The length of the file in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Reads no more of the file than fits `room` and the encoder.
fn encode_some<E>(
    encoder: &mut Encoder,
    offset: &mut u64,
    size: u64,
    room: &mut [u8],
    read: &mut ReadAt<'_, E>,
) -> Result<usize, WriteError<E>> {
    let flushed = encoder.flush(room);
    if flushed > 0 {
        return Ok(flushed);
    }
    let mut buffer = [0; CHUNK];
    let wanted = (room.len() / 4 * 3).clamp(3, CHUNK);
    let wanted = usize::try_from(size - *offset).map_or(wanted, |left| left.min(wanted));
    let buffer = buffer.get_mut(..wanted).unwrap_or_default();
    let read = read(*offset, buffer).map_err(WriteError::Read)?;
    if read == 0 {
        return Err(WriteError::Shrunk);
    }
    let moved = encoder.encode(buffer.get(..read).unwrap_or_default(), room);
    *offset += moved.taken as u64;
    Ok(moved.given)
}

/// The last segment of a path: the name in an object.
pub(super) fn last_segment(path: &str) -> &str {
    let start = path.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1);
    path.get(start..).unwrap_or_default()
}
