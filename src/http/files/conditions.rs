//! Conditional requests (RFC 9110 section 13).

use crate::{
    clock::UnixTime,
    http::{
        Request, Status, date, etag,
        etag::{Comparison, EntityTag},
    },
};

/// What the client's conditions are held against: the file as it is now.
pub(super) struct Current<'f> {
    /// `None` if there is no such file.
    pub tag: Option<&'f EntityTag>,
    pub modified: Option<UnixTime>,
    /// For the years of old date formats.
    pub now: Option<UnixTime>,
    pub is_read: bool,
}

impl Current<'_> {
    /// Goes through the conditions in the order of section 13.2.2.
    ///
    /// # Errors
    /// 412, or 304 where the client has the file already.
    pub fn check(&self, request: &Request<'_>) -> Result<(), Status> {
        let tag_matches = |name, comparison| {
            let mut values = request.values(name).peekable();
            values
                .peek()
                .is_some()
                .then(|| values.any(|value| etag::matches(value.as_bytes(), self.tag, comparison)))
        };
        // Steps 1 and 2.
        let holds = tag_matches("If-Match", Comparison::Strong)
            .or_else(|| Some(!self.is_modified_since(request.field("If-Unmodified-Since")?)?));
        if holds == Some(false) {
            return Err(Status::PRECONDITION_FAILED);
        }
        // Steps 3 and 4.
        match tag_matches("If-None-Match", Comparison::Weak) {
            Some(true) if self.is_read => Err(Status::NOT_MODIFIED),
            Some(true) => Err(Status::PRECONDITION_FAILED),
            Some(false) => Ok(()),
            None if self.is_read => {
                let since = request.field("If-Modified-Since");
                match since.and_then(|since| self.is_modified_since(since)) {
                    Some(false) => Err(Status::NOT_MODIFIED),
                    _ => Ok(()),
                }
            }
            None => Ok(()),
        }
    }

    /// Step 5: whether the Range field counts.
    pub fn allows_range(&self, request: &Request<'_>) -> bool {
        let Some(condition) = request.field("If-Range") else { return true };
        if etag::is_entity_tag(condition.as_bytes()) {
            // A list is none of the forms that section 13.1.5 allows.
            return etag::matches(condition.as_bytes(), self.tag, Comparison::Strong);
        }
        // The date must be exactly the file's. Within the second of the last change it would be a
        // weak validator (section 8.8.2.2).
        let date = date::parse(condition.as_bytes(), self.now);
        date.zip(self.modified).is_some_and(|(date, modified)| {
            let age = self.now.map_or(i64::MAX, |now| now.seconds() - modified.seconds());
            date.seconds() == modified.seconds() && age > 1
        })
    }

    /// `None` when one of the dates is unknown: the condition is ignored then (section 13.1.3).
    fn is_modified_since(&self, date: &str) -> Option<bool> {
        let date = date::parse(date.as_bytes(), self.now)?;
        Some(self.modified?.seconds() > date.seconds())
    }
}
