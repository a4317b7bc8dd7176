//! A signal that there may be work, for threads that wait for any.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts calls; whoever has seen fewer goes on.
#[derive(Default)]
pub(crate) struct Signal {
    count: Mutex<u64>,
    called: Condvar,
}

impl Signal {
    /// Wakes everybody who waits.
    pub(crate) fn call(&self) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.wrapping_add(1);
        self.called.notify_all();
    }

    /// Waits for a call that was not `seen`, at most for `time`; answers which was the last.
    pub(crate) fn wait(&self, seen: u64, time: Duration) -> u64 {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.called.wait_timeout_while(count, time, |count| *count == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
