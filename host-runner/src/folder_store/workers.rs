//! Threads that wait for the disk in the main loop's place, and wake it when they are done.

use std::{
    collections::VecDeque,
    fmt,
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::eventfd::{EfdFlags, EventFd},
};

use crate::error::Failure;

/// The most threads; as many files on slow media are read at the same time.
const MAX_THREADS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// The threads, which begin with the first jobs and end with the process.
#[derive(Debug, Clone)]
pub struct Workers(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    has_job: Condvar,
    wake: EventFd,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

/// A result that a worker is to provide.
#[derive(Debug)]
pub struct Pending<T>(Arc<Mutex<Option<T>>>);

impl Workers {
    /// Without a thread yet.
    pub fn new() -> Result<Self, Failure> {
        let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
        let wake = EventFd::from_flags(flags)
            .map_err(|errno| Failure(format!("an eventfd: {}", errno.desc())))?;
        let (queue, has_job) = (Mutex::default(), Condvar::new());
        Ok(Self(Arc::new(Shared { queue, has_job, wake })))
    }

    /// Queues `job`. Callers bound the number of jobs that they have pending.
    pub fn start<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let result = Arc::new(Mutex::new(None));
        let place = result.clone();
        let mut queue = self.0.lock();
        queue.jobs.push_back(Box::new(move || *lock(&place) = Some(job())));
        if queue.idle < queue.jobs.len() && queue.threads < MAX_THREADS {
            let shared = self.0.clone();
            let thread = thread::Builder::new().name("files".to_string());
            // Without another thread, for lack of memory, those that run do the work.
            queue.threads += usize::from(thread.spawn(move || shared.work()).is_ok());
        }
        self.0.has_job.notify_one();
        Pending(result)
    }

    /// Waits until a job is done.
    pub fn wait(&self) {
        let mut waits = [PollFd::new(self.as_fd(), PollFlags::POLLIN)];
        // After a signal the caller looks, and waits again.
        let _ = poll(&mut waits, PollTimeout::NONE);
        self.acknowledge();
    }

    /// Clears the descriptor, before the results are looked for.
    pub fn acknowledge(&self) {
        // An error means that it was not readable.
        let _ = self.0.wake.read();
    }
}

impl AsFd for Workers {
    /// Readable when a job is done.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.wake.as_fd()
    }
}

impl<T> Pending<T> {
    /// Takes the result, if the job is done.
    pub fn take(&self) -> Option<T> {
        lock(&self.0).take()
    }

    /// Whether the job is done and its result not taken.
    pub fn is_done(&self) -> bool {
        lock(&self.0).is_some()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    fn work(&self) {
        let mut queue = self.lock();
        loop {
            match queue.jobs.pop_front() {
                Some(job) => {
                    drop(queue);
                    job();
                    // Fails only if the loop has not looked for 2^64 jobs.
                    let _ = self.wake.write(1);
                    queue = self.lock();
                }
                None => {
                    queue.idle += 1;
                    queue = self.has_job.wait(queue).unwrap_or_else(PoisonError::into_inner);
                    queue.idle -= 1;
                }
            }
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("wake", &self.wake).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
