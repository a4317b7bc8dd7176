//! The thread of the lifecycles: a pass a day, and one whenever somebody asks. Each pass is a control document with
//! the place up to which it is done, so that a stop interrupts it and ends nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use storage_engine::Archive;

use super::lifecycle_pass::LifecyclePass;
use super::lifecycle_work::{LifecycleWork, Progress};
use super::worker::Worker;
use crate::error::{Error, ErrorKind, Result};

/// The folder of passes among the control documents.
const FOLDER: &str = "lifecycle";
/// Passes that are kept after their end.
const ENDED_MAX: usize = 60;
/// Longest wait without a look at the clock, which may be set.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Rules count in days, which end at midnight, UTC.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The thread that carries lifecycles out.
pub(crate) struct Lifecycles {
    shared: Arc<Shared>,
    worker: Worker,
}

struct Shared {
    archive: Arc<Archive>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    is_stopping: bool,
    passes: BTreeMap<u64, LifecyclePass>,
}

impl Lifecycles {
    /// Starts the thread, which goes on with what the last one left.
    ///
    /// *Errors*: `Failed` where the passes cannot be read, or there can be no thread.
    pub(crate) fn start(archive: Arc<Archive>) -> Result<Arc<Self>> {
        let state = Mutex::new(State { is_stopping: false, passes: read(&archive)? });
        let shared = Arc::new(Shared { archive, state, changed: Condvar::new() });
        let working = Arc::clone(&shared);
        let worker = Worker::start("lifecycles", move || working.run())?;
        Ok(Arc::new(Self { shared, worker }))
    }

    /// The passes that an archive keeps, the oldest first.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn kept(archive: &Archive) -> Result<Vec<LifecyclePass>> {
        Ok(read(archive)?.into_values().collect())
    }

    /// Asks for a pass over what is due when it begins. *Durability*: it is done, whatever happens to the server.
    ///
    /// *Errors*: `Failed` where that cannot be kept.
    pub(crate) fn ask(&self) -> Result<LifecyclePass> {
        let shared = &self.shared;
        let mut state = shared.lock();
        if let Some(waiting) = state.passes.values().find(|pass| pass.started_ms.is_none()) {
            return Ok(waiting.clone());
        }
        let pass = state.new_pass();
        shared.keep(&pass)?;
        state.passes.insert(pass.number, pass.clone());
        drop(state);
        shared.changed.notify_all();
        Ok(pass)
    }

    /// Every pass that is kept, the oldest first.
    pub(crate) fn all(&self) -> Vec<LifecyclePass> {
        self.shared.lock().passes.values().cloned().collect()
    }

    /// A pass once it is another than `seen`, or after `time`; `None` where it is not kept.
    pub(crate) fn wait(&self, seen: &LifecyclePass, time: Duration) -> Option<LifecyclePass> {
        let is_same = |state: &mut State| {
            !state.is_stopping && state.passes.get(&seen.number).is_some_and(|known| known == seen)
        };
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), time, is_same);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.passes.get(&seen.number).cloned()
    }

    /// Asks the thread to end; it does so before the next version.
    pub(crate) fn ask_to_stop(&self) {
        self.shared.lock().is_stopping = true;
        self.shared.changed.notify_all();
    }

    /// Waits until the thread has ended.
    pub(crate) fn stop(&self) {
        self.ask_to_stop();
        self.worker.join();
    }
}

impl State {
    fn new_pass(&self) -> LifecyclePass {
        let last = self.passes.keys().next_back().copied().unwrap_or(0);
        let told_ms = self.passes.values().filter_map(|pass| pass.started_ms).max().unwrap_or(0);
        LifecyclePass { number: last.saturating_add(1), told_ms, ..LifecyclePass::default() }
    }

    /// Whether a pass has begun on the day of `now_ms`.
    fn has_pass_of_day(&self, now_ms: u64) -> bool {
        let mut days = self.passes.values().filter_map(|pass| Some(pass.started_ms? / DAY_MS));
        days.any(|day| day == now_ms / DAY_MS)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while let Some(pass) = self.next() {
            self.work(pass);
        }
    }

    /// The next pass to work on; `None` once the server stops.
    fn next(&self) -> Option<LifecyclePass> {
        let mut state = self.lock();
        loop {
            if state.is_stopping {
                return None;
            }
            let now_ms = self.archive.retention_now_ms();
            let left = state.passes.values().find(|pass| !pass.is_ended()).cloned();
            let due = || (!state.has_pass_of_day(now_ms)).then(|| state.new_pass());
            if let Some(mut pass) = left.or_else(due) {
                pass.started_ms.get_or_insert(now_ms);
                state.passes.insert(pass.number, pass.clone());
                return Some(pass);
            }
            let waited = self.changed.wait_timeout(state, LOOK_EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Works at a pass until it ends or the server stops.
    fn work(&self, pass: LifecyclePass) {
        let is_stopping = || self.lock().is_stopping;
        let now_ms = pass.started_ms.unwrap_or(0);
        let mut work = LifecycleWork::new(&self.archive, pass, now_ms, &is_stopping);
        let mut progress = Progress::More;
        while progress == Progress::More && !is_stopping() {
            progress = work.go_on();
            if progress == Progress::More {
                self.show(&work.pass);
            }
        }
        let mut pass = work.pass;
        if progress == Progress::Done {
            pass.at = None;
            pass.ended_ms = Some(self.archive.retention_now_ms());
            tell(&pass);
        }
        self.show(&pass);
        if pass.is_ended() {
            self.forget_old();
        }
    }

    /// Keeps how far a pass is, and shows it. Where it cannot be kept, a stop looks at a part of it again.
    fn show(&self, pass: &LifecyclePass) {
        if let Err(error) = self.keep(pass) {
            tracing::warn!(pass = pass.number, %error, "How far a pass over the lifecycles is could not be kept.");
        }
        self.lock().passes.insert(pass.number, pass.clone());
        self.changed.notify_all();
    }

    fn keep(&self, pass: &LifecyclePass) -> Result<()> {
        let failed = || Error::new(ErrorKind::Failed, "keep pass over the lifecycles").about(pass.number);
        let bytes = serde_json::to_vec_pretty(pass).map_err(|source| failed().caused_by(source))?;
        self.archive
            .put_control_document(FOLDER, &file_of(pass.number), &bytes)
            .map_err(|source| failed().caused_by(source))
    }

    /// Forgets the oldest of those that have ended, above a bound.
    fn forget_old(&self) {
        let mut state = self.lock();
        let ended: Vec<u64> =
            state.passes.values().filter(|pass| pass.is_ended()).map(|pass| pass.number).collect();
        for number in ended.iter().take(ended.len().saturating_sub(ENDED_MAX)) {
            match self.archive.remove_control_document(FOLDER, &file_of(*number)) {
                Ok(()) => drop(state.passes.remove(number)),
                Err(error) => {
                    tracing::warn!(pass = number, %error, "An old pass over the lifecycles could not be removed.");
                }
            }
        }
    }
}

/// Tells what a pass came to.
fn tell(pass: &LifecyclePass) {
    let LifecyclePass { number, buckets, versions, deleted, hidden, moved, uploads_aborted, .. } = pass;
    let LifecyclePass { due_for_disposal, failed, .. } = pass;
    tracing::info!(
        pass = number,
        buckets,
        versions,
        deleted,
        hidden,
        moved,
        uploads_aborted,
        due_for_disposal,
        failed,
        "A pass over the lifecycles ended."
    );
    for failure in &pass.failures {
        let (bucket, key, version) = (&failure.bucket, &failure.key, &failure.version);
        tracing::warn!(%bucket, key, version, rule = failure.rule, reason = failure.reason, "What was due could not be done.");
    }
}

fn file_of(number: u64) -> String {
    format!("{number:020}.json")
}

/// Reads the passes; one that cannot be read is left alone and told of.
fn read(archive: &Archive) -> Result<BTreeMap<u64, LifecyclePass>> {
    let documents = archive.control_documents(FOLDER).map_err(|source| {
        Error::new(ErrorKind::Failed, "read the passes over the lifecycles").caused_by(source)
    })?;
    let mut passes = BTreeMap::new();
    for (name, bytes) in documents {
        match serde_json::from_slice::<LifecyclePass>(&bytes) {
            Ok(pass) => drop(passes.insert(pass.number, pass)),
            Err(error) => {
                tracing::error!(name, %error, "A pass over the lifecycles cannot be read; the next one does what is due.")
            }
        }
    }
    Ok(passes)
}
