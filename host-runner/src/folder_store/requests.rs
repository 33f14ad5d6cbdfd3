//! Folders and files that are being opened by workers, by path: a client that asks again gets the result.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use bareserve::store::StoreError;

use super::workers::{Pending, Workers};

/// Paths in work at the same time; callers of others ask again later.
const MAX_REQUESTS: usize = 64;

/// How long a result that no client takes is kept. Its client has gone.
const RESULT_AGE: Duration = Duration::from_secs(1);

/// The requests of one kind.
#[derive(Debug)]
pub struct Requests<T>(RefCell<Vec<Request<T>>>);

#[derive(Debug)]
struct Request<T> {
    path: String,
    pending: Pending<T>,
    /// When the result was first seen.
    done: Option<Instant>,
}

impl<T> Default for Requests<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Send + 'static> Requests<T> {
    /// The result for `path`; begins `job` if no worker has it.
    ///
    /// # Errors
    /// [`StoreError::NotYet`].
    pub fn take(
        &self,
        workers: &Workers,
        path: &str,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let requests = &mut *self.0.borrow_mut();
        if let Some(at) = requests.iter().position(|request| request.path == path) {
            let result = requests[at].pending.take().ok_or(StoreError::NotYet)?;
            requests.swap_remove(at);
            return Ok(result);
        }
        let now = Instant::now();
        requests.retain_mut(|request| {
            if request.done.is_none() && request.pending.is_done() {
                request.done = Some(now);
            }
            request.done.is_none_or(|done| now - done < RESULT_AGE)
        });
        if requests.len() < MAX_REQUESTS {
            let (path, pending) = (path.to_string(), workers.start(job));
            requests.push(Request { path, pending, done: None });
        }
        Err(StoreError::NotYet)
    }

    /// Whether a worker has the path, or has finished it.
    pub fn has(&self, path: &str) -> bool {
        self.0.borrow().iter().any(|request| request.path == path)
    }
}
