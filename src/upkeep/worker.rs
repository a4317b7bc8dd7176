//! A thread that works beside requests until it is told to end.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::error::{Error, ErrorKind, Result};

/// A thread, named after its work.
pub(super) struct Worker {
    name: &'static str,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// *Errors*: `Failed` where the system gives none.
    pub(super) fn start(name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<Self> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        let thread = thread
            .map_err(|source| Error::new(ErrorKind::Failed, "start thread").about(name).caused_by(source))?;
        Ok(Self { name, thread: Mutex::new(Some(thread)) })
    }

    /// Waits until the thread has ended; it has been told to.
    pub(super) fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.map_or(Ok(()), JoinHandle::join).is_err() {
            tracing::error!(thread = self.name, "A thread broke; the next start goes on with its work.");
        }
    }
}
