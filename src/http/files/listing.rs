//! The page that lists a folder without `index.html`.

use crate::{
    http::{BodyPoll, Request},
    store::{Entry, Store},
    wire::{template::Value, writer::ResumableWriter},
};

/// The longest name that is listed.
const LONGEST_NAME: usize = 128;

/// The page of a folder that is being sent.
#[derive(Debug)]
pub struct Listing<L> {
    entries: L,
    part: PagePart,
    /// Bytes of the part that are sent.
    sent: usize,
    name: heapless::String<LONGEST_NAME>,
    has_form: bool,
}

/// The part of the page that is being sent.
#[derive(Debug, Clone, Copy)]
// One byte tells the variants apart; the 64-bit payload would make it eight, which are slow to compare.
#[repr(u8)]
enum PagePart {
    Top,
    Row(Entry),
    Bottom,
    End,
}

impl<L> Listing<L> {
    /// The page of the folder with these entries; with an upload form if `has_form`.
    pub(super) fn new(entries: L, has_form: bool) -> Self {
        Self { entries, part: PagePart::Top, sent: 0, name: heapless::String::new(), has_form }
    }

    /// Writes the next bytes of the page.
    pub(super) fn produce<S: Store<Listing = L>>(
        &mut self,
        store: &S,
        request: &Request<'_>,
        output: &mut [u8],
    ) -> BodyPoll {
        let mut len = 0;
        while len < output.len() {
            let room = output.get_mut(len..).unwrap_or_default();
            let mut page = ResumableWriter::new(room, self.sent);
            self.write(request, &mut page);
            len += page.written();
            if !page.is_complete() {
                self.sent += page.written();
                return BodyPoll::Bytes(len);
            }
            self.sent = 0;
            self.part = match self.part {
                PagePart::Top | PagePart::Row(_) => {
                    match store.next_entry(&mut self.entries, &mut self.name) {
                        Ok(Some(entry)) => PagePart::Row(entry),
                        Ok(None) | Err(_) => PagePart::Bottom,
                    }
                }
                PagePart::Bottom => PagePart::End,
                PagePart::End => break,
            };
        }
        if len == 0 { BodyPoll::End } else { BodyPoll::Bytes(len) }
    }

    fn write(&self, request: &Request<'_>, page: &mut ResumableWriter<'_>) {
        match self.part {
            PagePart::Top => {
                let path = Value::Html(request.path());
                page.render(
                    "<!doctype html><meta charset=\"utf-8\">\
                     <meta name=\"viewport\" content=\"width=device-width\">\
                     <title>/%</title><h1>/%</h1>\n<ul>\n",
                    &[path, path],
                );
                if !request.path().is_empty() {
                    page.put("<li><a href=\"../\">../</a>\n");
                }
            }
            PagePart::Row(Entry { is_folder, size, .. }) => {
                // Without `./`, the part of a name before a colon would be a scheme (RFC 3986
                // section 4.2).
                let (link, name) = (Value::Path(&self.name), Value::Html(&self.name));
                if is_folder {
                    page.render("<li><a href=\"./%/\">%/</a>\n", &[link, name]);
                } else {
                    let size = Value::Number(size);
                    page.render("<li><a href=\"./%\">%</a> % bytes\n", &[link, name, size]);
                }
            }
            PagePart::Bottom => {
                page.put("</ul>\n");
                if self.has_form {
                    page.put(
                        "<form method=\"post\" enctype=\"multipart/form-data\">\
                         <input type=\"file\" name=\"file\" multiple required> \
                         <button>Upload</button></form>\n",
                    );
                }
            }
            PagePart::End => {}
        }
    }
}
