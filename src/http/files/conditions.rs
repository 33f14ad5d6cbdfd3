//! Conditional requests (RFC 9110 section 13): If-Match, If-None-Match, If-Modified-Since,
//! If-Unmodified-Since and If-Range.

use crate::{
    clock::UnixTime,
    http::{
        Request, Status, date, etag,
        etag::{Comparison, EntityTag},
    },
};

/// The present state of a file, which conditions are compared with.
pub(super) struct Current<'f> {
    /// `None` if the file does not exist.
    pub tag: Option<&'f EntityTag>,
    pub modified: Option<UnixTime>,
    /// Resolves the two-digit years of dates; see [`date::parse`].
    pub now: Option<UnixTime>,
    /// Whether the method is GET or HEAD.
    pub is_read: bool,
}

impl Current<'_> {
    /// Evaluates the conditions in the order of section 13.2.2.
    ///
    /// # Errors
    /// 412 if one is not met; 304 if the client's copy is current.
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

    /// Step 5: whether the Range field applies.
    pub fn allows_range(&self, request: &Request<'_>) -> bool {
        let Some(condition) = request.field("If-Range") else { return true };
        if etag::is_entity_tag(condition.as_bytes()) {
            // Section 13.1.5 allows a single entity tag; a list is not refused.
            return etag::matches(condition.as_bytes(), self.tag, Comparison::Strong);
        }
        // The date must equal the file's. A date within a second of the last change is a weak
        // validator (section 8.8.2.2).
        let date = date::parse(condition.as_bytes(), self.now);
        date.zip(self.modified).is_some_and(|(date, modified)| {
            let age = self.now.map_or(i64::MAX, |now| now.seconds() - modified.seconds());
            date.seconds() == modified.seconds() && age > 1
        })
    }

    /// Whether the file has changed after `date`. `None` if one of the two dates is unknown: the
    /// condition is ignored then (section 13.1.3).
    fn is_modified_since(&self, date: &str) -> Option<bool> {
        let date = date::parse(date.as_bytes(), self.now)?;
        Some(self.modified?.seconds() > date.seconds())
    }
}
