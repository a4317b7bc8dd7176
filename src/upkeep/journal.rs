//! Jobs that outlive the server: each is a control document with the place up to which it is done, so that a stop
//! interrupts it and ends nothing. One thread works at the jobs of a journal; any number look on.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use storage_engine::{Archive, ErrorKind as EngineKind};

use crate::error::{Error, ErrorKind, Result};

/// Tries of what cannot be done for a passing reason, and the time between two.
const TRIES_MAX: usize = 4;
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// A piece of work as it is kept.
pub(super) trait Job: Clone + PartialEq + Serialize + DeserializeOwned {
    /// What tells it from others; the later it was asked for, the higher.
    type Id: Copy + Ord + Display;
    /// What it is called in messages.
    const WHAT: &'static str;
    /// The folder of its kind among the control documents.
    const FOLDER: &'static str;
    /// How many are kept after their end.
    const ENDED_MAX: usize;

    fn id(&self) -> Self::Id;

    /// Name of its document.
    fn file_of(id: Self::Id) -> String;

    /// Whether nothing of it is left to do.
    fn is_ended(&self) -> bool;

    /// Removes what else is kept of it, before its document goes.
    fn clear(&self, _archive: &Archive) {}
}

/// The jobs of a kind.
pub(super) struct Journal<J: Job> {
    pub(super) archive: Arc<Archive>,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J: Job> {
    is_stopping: bool,
    jobs: BTreeMap<J::Id, J>,
}

/// The jobs of a kind, by id.
pub(super) type Jobs<J> = BTreeMap<<J as Job>::Id, J>;

impl<J: Job> Journal<J> {
    /// The journal of an archive, with what the last server left.
    ///
    /// *Errors*: `Failed` where the documents cannot be read.
    pub(super) fn open(archive: Arc<Archive>) -> Result<Self> {
        let jobs = Self::read(&archive)?;
        Ok(Self { archive, state: Mutex::new(State { is_stopping: false, jobs }), changed: Condvar::new() })
    }

    /// The jobs that an archive keeps, the oldest first. One that cannot be read is left alone and told of.
    ///
    /// *Errors*: `Failed` where there is no reading them.
    pub(super) fn kept(archive: &Archive) -> Result<Vec<J>> {
        Ok(Self::read(archive)?.into_values().collect())
    }

    fn read(archive: &Archive) -> Result<Jobs<J>> {
        let documents = archive
            .control_documents(J::FOLDER)
            .map_err(|source| Error::new(ErrorKind::Failed, "read").about(J::FOLDER).caused_by(source))?;
        let mut jobs = BTreeMap::new();
        for (name, bytes) in documents {
            match serde_json::from_slice::<J>(&bytes) {
                Ok(job) => drop(jobs.insert(job.id(), job)),
                Err(error) => {
                    tracing::error!(name, %error, "A {} cannot be read; ask for it again.", J::WHAT)
                }
            }
        }
        Ok(jobs)
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every job that is kept, the oldest first.
    pub(super) fn all(&self) -> Vec<J> {
        self.lock().jobs.values().cloned().collect()
    }

    /// Takes the job that `make` makes of those there are. *Durability*: it is done, whatever happens to the server.
    ///
    /// *Errors*: those of `make`; `Failed` where it cannot be kept.
    pub(super) fn add(&self, make: impl FnOnce(&Jobs<J>) -> Result<J>) -> Result<J> {
        let mut state = self.lock();
        let job = make(&state.jobs)?;
        self.keep(&job)?;
        state.jobs.insert(job.id(), job.clone());
        self.forget_old(&mut state);
        drop(state);
        self.changed.notify_all();
        Ok(job)
    }

    /// Changes a job that nobody works at. *Durability*: the change is kept.
    ///
    /// *Errors*: those of `change`, which leaves it as it was; `Failed` where there is none, or it cannot be kept.
    pub(super) fn change(&self, id: J::Id, change: impl FnOnce(&mut J) -> Result<()>) -> Result<J> {
        let mut state = self.lock();
        let mut job = state.jobs.get(&id).cloned().ok_or_else(|| {
            Error::new(ErrorKind::Failed, "find")
                .about(format_args!("{} {id}", J::WHAT))
                .because("there is none")
        })?;
        change(&mut job)?;
        self.keep(&job)?;
        state.jobs.insert(id, job.clone());
        drop(state);
        self.changed.notify_all();
        Ok(job)
    }

    /// A job, where it is kept.
    pub(super) fn get(&self, id: J::Id) -> Option<J> {
        self.lock().jobs.get(&id).cloned()
    }

    /// A job once it is another than `seen`, or after `time`; `None` where it is not kept.
    pub(super) fn wait(&self, seen: &J, time: Duration) -> Option<J> {
        let is_same = |state: &mut State<J>| {
            !state.is_stopping && state.jobs.get(&seen.id()).is_some_and(|known| known == seen)
        };
        let waited = self.changed.wait_timeout_while(self.lock(), time, is_same);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.jobs.get(&seen.id()).cloned()
    }

    /// What `pick` takes of the jobs to work at, tried again whenever something changes and after `look_every`; `None`
    /// once the server stops.
    pub(super) fn next<T>(
        &self,
        look_every: Duration,
        mut pick: impl FnMut(&mut Jobs<J>) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.is_stopping {
                return None;
            }
            if let Some(picked) = pick(&mut state.jobs) {
                return Some(picked);
            }
            let waited = self.changed.wait_timeout(state, look_every);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Keeps how far a job is, and shows it. Where it cannot be kept, a stop does a part of it again.
    pub(super) fn show(&self, job: &J) {
        if let Err(error) = self.keep(job) {
            tracing::warn!(id = %job.id(), %error, "How far a {} is could not be kept.", J::WHAT);
        }
        let mut state = self.lock();
        state.jobs.insert(job.id(), job.clone());
        if job.is_ended() {
            self.forget_old(&mut state);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn keep(&self, job: &J) -> Result<()> {
        let failed = || Error::new(ErrorKind::Failed, "keep").about(format_args!("{} {}", J::WHAT, job.id()));
        let bytes = serde_json::to_vec_pretty(job).map_err(|source| failed().caused_by(source))?;
        self.archive
            .put_control_document(J::FOLDER, &J::file_of(job.id()), &bytes)
            .map_err(|source| failed().caused_by(source))
    }

    /// Forgets the oldest of those that have ended, above a bound.
    fn forget_old(&self, state: &mut State<J>) {
        let ended: Vec<J::Id> =
            state.jobs.values().filter(|known| known.is_ended()).map(|known| known.id()).collect();
        for id in ended.iter().take(ended.len().saturating_sub(J::ENDED_MAX)) {
            if let Some(job) = state.jobs.get(id) {
                job.clear(&self.archive);
            }
            match self.archive.remove_control_document(J::FOLDER, &J::file_of(*id)) {
                Ok(()) => drop(state.jobs.remove(id)),
                Err(error) => tracing::warn!(%id, %error, "An old {} could not be removed.", J::WHAT),
            }
        }
    }

    /// Whether the server stops.
    pub(super) fn is_stopping(&self) -> bool {
        self.lock().is_stopping
    }

    /// Does something once more, and again, where it cannot be done for a passing reason: somebody else may be moving the
    /// version, or its element be changing its mode. Gives up when the server stops.
    pub(super) fn retry<T>(&self, work: impl Fn() -> storage_engine::Result<T>) -> storage_engine::Result<T> {
        let mut done = work();
        for _ in 1..TRIES_MAX {
            let passes = done.as_ref().is_err_and(|error| error.kind() == EngineKind::Unavailable);
            if !passes || self.is_stopped_within(TRY_AGAIN) {
                break;
            }
            done = work();
        }
        done
    }

    /// Waits; answers at once with `true` when the server stops.
    fn is_stopped_within(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| !state.is_stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_stopping
    }

    /// Tells whoever works at a job or waits for one that the server stops.
    pub(super) fn ask_to_stop(&self) {
        self.lock().is_stopping = true;
        self.changed.notify_all();
    }
}
