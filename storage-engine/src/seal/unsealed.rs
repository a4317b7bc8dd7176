//! Which hours of an element have changed since they were last sealed.
//!
//! Kept in memory, marked by every change before and after its files change, and persisted with the
//! catalog at each checkpoint. It says what to look at, never what is true: an hour that is looked at in
//! vain gets no seal. Where it is lost or full, the hours from `rest` on are looked at again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::hour::Hour;

/// Most hours remembered one by one; changes in flight may add to them.
const HOURS_MAX: usize = 16_384;
/// Most hours taken out of the rest at once.
pub(crate) const REST_HOURS_MAX: usize = 256;

/// The hours to be sealed.
pub(crate) struct Unsealed {
    state: Mutex<State>,
}

struct State {
    hours: BTreeMap<Hour, Touched>,
    /// From this hour on, hours that are not named above are to be looked at as well.
    rest: Option<Hour>,
    /// When the hours of the rest count as changed, in milliseconds since 1970.
    rest_changed_ms: u64,
    generation: u64,
}

#[derive(Clone, Copy)]
struct Touched {
    changed_ms: u64,
    /// Rises with every mark in the element.
    generation: u64,
    in_flight: u32,
    /// Not to be tried before, in milliseconds since 1970.
    retry_ms: u64,
}

/// An hour that is due, in the state in which it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) hour: Hour,
    generation: u64,
}

/// What is persisted: when each hour changed last, and where the rest begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnsealedRecord {
    pub(crate) hours: Vec<(Hour, u64)>,
    pub(crate) rest: Option<Hour>,
}

impl Unsealed {
    /// Nothing is known: every hour there is will be looked at.
    pub(crate) fn unknown(now_ms: u64) -> Self {
        let state =
            State { hours: BTreeMap::new(), rest: Some(Hour::FIRST), rest_changed_ms: now_ms, generation: 0 };
        Self { state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was persisted, in the place of what is known.
    pub(crate) fn restore(&self, record: UnsealedRecord) {
        let mut state = self.lock();
        state.rest = record.rest;
        state.hours.clear();
        for (hour, changed_ms) in record.hours {
            state.entry(hour).changed_ms = changed_ms;
        }
    }

    /// What is to be persisted with a checkpoint that covers every change marked so far.
    pub(crate) fn record(&self) -> UnsealedRecord {
        let state = self.lock();
        let hours = state.hours.iter().map(|(hour, touched)| (*hour, touched.changed_ms)).collect();
        UnsealedRecord { hours, rest: state.rest }
    }

    /// Says that files of an hour are about to change.
    pub(crate) fn begin(&self, hour: Hour) {
        self.lock().entry(hour).in_flight += 1;
    }

    /// Says that they have changed, or will not after all.
    pub(crate) fn end(&self, hour: Hour, now_ms: u64) {
        let mut state = self.lock();
        let touched = state.entry(hour);
        touched.in_flight = touched.in_flight.saturating_sub(1);
        touched.changed_ms = touched.changed_ms.max(now_ms);
        // What could not be sealed before may have been put right.
        touched.retry_ms = 0;
        let is_idle = touched.in_flight == 0;
        if is_idle && state.hours.len() > HOURS_MAX {
            state.hours.remove(&hour);
            state.rest = Some(state.rest.map_or(hour, |rest| rest.min(hour)));
        }
    }

    /// Where hours are to be taken out of the rest, where there are few others.
    pub(crate) fn rest(&self) -> Option<Hour> {
        let state = self.lock();
        // Those that were put off wait for a person, and must not keep the others waiting.
        let waiting = state.hours.values().filter(|touched| touched.retry_ms == 0).count();
        state.rest.filter(|_| waiting < REST_HOURS_MAX && state.hours.len() < HOURS_MAX)
    }

    /// Takes hours out of the rest: those there are from `from` on, of which `next` is the first not taken.
    pub(crate) fn take_rest(&self, from: Hour, hours: &[Hour], next: Option<Hour>) {
        let mut state = self.lock();
        let changed_ms = state.rest_changed_ms;
        for hour in hours {
            let touched = state.entry(*hour);
            touched.changed_ms = touched.changed_ms.max(changed_ms);
        }
        // A mark may have put the rest back to an earlier hour meanwhile.
        if state.rest == Some(from) {
            state.rest = next;
        }
    }

    /// The hours that are over at `now_ms`, in which nothing has changed for `quiet`, the earliest first,
    /// at most `hours_max`.
    pub(crate) fn due(&self, now_ms: u64, quiet: Duration, hours_max: usize) -> Vec<Due> {
        let quiet_ms = u64::try_from(quiet.as_millis()).unwrap_or(u64::MAX);
        let is_due = |(hour, touched): &(&Hour, &Touched)| {
            touched.in_flight == 0
                && hour.end_ms() <= now_ms
                && touched.changed_ms.saturating_add(quiet_ms) <= now_ms
                && touched.retry_ms <= now_ms
        };
        let state = self.lock();
        let due = state.hours.iter().filter(is_due).take(hours_max);
        due.map(|(hour, touched)| Due { hour: *hour, generation: touched.generation }).collect()
    }

    /// Whether nothing has touched the hour since it was found due.
    pub(crate) fn is_undisturbed(&self, due: Due) -> bool {
        self.lock().hours.get(&due.hour).is_some_and(|touched| touched.generation == due.generation)
    }

    /// Forgets an hour that is sealed, unless something has touched it since it was found due.
    pub(crate) fn settle(&self, due: Due) {
        let mut state = self.lock();
        if state.hours.get(&due.hour).is_some_and(|touched| touched.generation == due.generation) {
            state.hours.remove(&due.hour);
        }
    }

    /// Puts off an hour that could not be sealed.
    pub(crate) fn put_off(&self, due: Due, until_ms: u64) {
        if let Some(touched) = self.lock().hours.get_mut(&due.hour) {
            touched.retry_ms = until_ms;
        }
    }
}

impl State {
    /// The mark of an hour, with a new generation.
    fn entry(&mut self, hour: Hour) -> &mut Touched {
        self.generation += 1;
        let generation = self.generation;
        let fresh = Touched { changed_ms: 0, generation, in_flight: 0, retry_ms: 0 };
        let touched = self.hours.entry(hour).or_insert(fresh);
        touched.generation = generation;
        touched
    }
}
