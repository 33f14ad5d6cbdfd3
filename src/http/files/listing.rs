//! The page that shows a folder without an index.

use core::fmt::{self, Write};

use crate::{
    http::{Produced, Request},
    store::{Entry, Store},
    wire::{html::Escaped, percent::PathEncoded},
};

/// The longest name that is listed.
const LONGEST_NAME: usize = 128;

/// A folder on its way to a client.
#[derive(Debug)]
pub struct Listing<L> {
    walk: L,
    piece: PagePart,
    /// Bytes of the piece that are sent.
    sent: usize,
    name: heapless::String<LONGEST_NAME>,
    has_form: bool,
}

/// What is sent now.
#[derive(Debug, Clone, Copy)]
enum PagePart {
    Top,
    Row(Entry),
    Bottom,
    End,
}

impl<L> Listing<L> {
    /// The page of the folder that `walk` goes through, with a form for uploads if there may be any.
    pub(super) fn new(walk: L, has_form: bool) -> Self {
        Self { walk, piece: PagePart::Top, sent: 0, name: heapless::String::new(), has_form }
    }

    /// Writes the next bytes of the page.
    pub(super) fn produce<S: Store<Listing = L>>(
        &mut self,
        store: &S,
        request: &Request<'_>,
        output: &mut [u8],
    ) -> Produced {
        let mut len = 0;
        while len < output.len() {
            let room = output.get_mut(len..).unwrap_or_default();
            let mut window = Window { skip: self.sent, room, len: 0 };
            let written = self.write(request, &mut window);
            len += window.len;
            if written.is_err() {
                self.sent += window.len;
                return Produced::Bytes(len);
            }
            self.sent = 0;
            self.piece = match self.piece {
                PagePart::Top | PagePart::Row(_) => {
                    match store.next_entry(&mut self.walk, &mut self.name) {
                        Ok(Some(entry)) => PagePart::Row(entry),
                        Ok(None) | Err(_) => PagePart::Bottom,
                    }
                }
                PagePart::Bottom => PagePart::End,
                PagePart::End => break,
            };
        }
        if len == 0 { Produced::End } else { Produced::Bytes(len) }
    }

    fn write(&self, request: &Request<'_>, page: &mut Window<'_>) -> fmt::Result {
        match self.piece {
            PagePart::Top => {
                let path = Escaped(request.path());
                write!(
                    page,
                    "<!doctype html><meta charset=\"utf-8\">\
                     <meta name=\"viewport\" content=\"width=device-width\">\
                     <title>/{path}</title><h1>/{path}</h1>\n<ul>\n"
                )?;
                if request.path().is_empty() {
                    return Ok(());
                }
                page.write_str("<li><a href=\"../\">../</a>\n")
            }
            PagePart::Row(entry) => {
                // In front of a name with a colon, `./` keeps it from being taken for a scheme.
                let (link, name) = (PathEncoded(&self.name), Escaped(&self.name));
                if entry.is_folder {
                    return writeln!(page, "<li><a href=\"./{link}/\">{name}/</a>");
                }
                writeln!(page, "<li><a href=\"./{link}\">{name}</a> {} bytes", entry.size)
            }
            PagePart::Bottom => {
                page.write_str("</ul>\n")?;
                if !self.has_form {
                    return Ok(());
                }
                page.write_str(
                    "<form method=\"post\" enctype=\"multipart/form-data\">\
                     <input type=\"file\" name=\"file\" multiple required> <button>Upload</button>\
                     </form>\n",
                )
            }
            PagePart::End => Ok(()),
        }
    }
}

/// Takes a text from its byte number `skip` on, as far as there is room: the rest is an error.
struct Window<'o> {
    skip: usize,
    room: &'o mut [u8],
    len: usize,
}

impl Write for Window<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let skipped = self.skip.min(text.len());
        self.skip -= skipped;
        let text = text.as_bytes().get(skipped..).unwrap_or_default();
        let room = self.room.get_mut(self.len..).unwrap_or_default();
        let len = text.len().min(room.len());
        if let (Some(place), Some(part)) = (room.get_mut(..len), text.get(..len)) {
            place.copy_from_slice(part);
        }
        self.len += len;
        if len < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}
