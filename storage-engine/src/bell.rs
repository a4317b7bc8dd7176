//! A bell that wakes one sleeping thread: rung while nobody sleeps, it is heard at the next wait.

use std::sync::{Condvar, Mutex, PoisonError};

/// What was rung since the last wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// Nothing: keep waiting.
    Idle,
    /// There is work.
    Work,
    /// The thread shall end.
    Stop,
}

/// A bell, shared by those who ring and the one who waits.
#[derive(Debug)]
pub(crate) struct Bell {
    call: Mutex<Call>,
    rung: Condvar,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self { call: Mutex::new(Call::Idle), rung: Condvar::new() }
    }

    /// Rings; a stop is never taken back.
    pub(crate) fn ring(&self, call: Call) {
        let mut current = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        *current = (*current).max(call);
        self.rung.notify_one();
    }

    /// Sleeps until the bell is rung.
    pub(crate) fn wait(&self) -> Call {
        let current = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rung.wait_while(current, |call| *call == Call::Idle);
        let mut current = waited.unwrap_or_else(PoisonError::into_inner);
        let call = *current;
        if call == Call::Work {
            *current = Call::Idle;
        }
        call
    }
}
