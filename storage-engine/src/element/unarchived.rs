//! Which hours of an element may hold bytes that belong to its archive target.
//!
//! Kept in memory, and unknown at a start: it says what to look at, never what is true. An hour that is looked at in
//! vain costs a look.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::disk::Disk;
use crate::seal::{Hour, hours_from};

/// Hours taken out of the rest at once.
const REST_HOURS_MAX: usize = 256;

/// The hours to be looked at.
pub(crate) struct Unarchived {
    state: Mutex<State>,
}

struct State {
    /// Each with the time before which it is not to be looked at, in milliseconds since 1970.
    hours: BTreeMap<Hour, u64>,
    /// From this hour on, every one there is.
    rest: Option<Hour>,
}

impl Unarchived {
    /// Nothing is known: every hour there is will be looked at.
    pub(crate) fn unknown() -> Self {
        Self { state: Mutex::new(State { hours: BTreeMap::new(), rest: Some(Hour::FIRST) }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that bytes came to an hour, or may be there.
    pub(crate) fn note(&self, hour: Hour) {
        self.lock().hours.insert(hour, 0);
    }

    /// Says that bytes may be anywhere.
    pub(crate) fn note_all(&self) {
        let mut state = self.lock();
        state.hours.clear();
        state.rest = Some(Hour::FIRST);
    }

    /// Says that an hour could not be done, and is not to be tried before `until_ms`.
    pub(crate) fn put_off(&self, hour: Hour, until_ms: u64) {
        self.lock().hours.entry(hour).or_insert(until_ms);
    }

    /// Takes the earliest hour that is to be looked at by `now_ms`.
    pub(crate) fn take(&self, disk: &dyn Disk, now_ms: u64) -> io::Result<Option<Hour>> {
        let mut state = self.lock();
        loop {
            let due = state.hours.iter().find(|(_, until_ms)| **until_ms <= now_ms).map(|(hour, _)| *hour);
            if let Some(hour) = due {
                state.hours.remove(&hour);
                return Ok(Some(hour));
            }
            let Some(from) = state.rest else { return Ok(None) };
            let (hours, next) = hours_from(disk, from, REST_HOURS_MAX)?;
            for hour in hours {
                state.hours.entry(hour).or_insert(0);
            }
            state.rest = next;
        }
    }
}
