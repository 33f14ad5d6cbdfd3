//! The status codes for errors of a store.

use crate::{http::Status, store::StoreError};

/// The status for an error in reading or deleting.
pub(super) fn status_of(error: StoreError) -> Status {
    match error {
        StoreError::NotFound | StoreError::IsFolder | StoreError::InvalidName => Status::NOT_FOUND,
        StoreError::Denied | StoreError::ReadOnly => Status::FORBIDDEN,
        StoreError::Full => Status::INSUFFICIENT_STORAGE,
        StoreError::TooLarge => Status::CONTENT_TOO_LARGE,
        StoreError::Io => Status::INTERNAL_SERVER_ERROR,
        StoreError::NotYet => Status::NOT_YET,
    }
}

/// The status for an error in writing.
pub(super) fn status_of_writing(error: StoreError) -> Status {
    match error {
        StoreError::NotFound | StoreError::IsFolder => Status::CONFLICT,
        StoreError::InvalidName => Status::BAD_REQUEST,
        error => status_of(error),
    }
}
