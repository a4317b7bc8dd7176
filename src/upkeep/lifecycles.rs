//! The thread of the lifecycles: a pass a day, and one whenever somebody asks. Each pass is a control document with
//! the place up to which it is done, so that a stop interrupts it and ends nothing.

use std::sync::Arc;
use std::time::Duration;

use storage_engine::Archive;

use super::journal::{Job, Jobs, Journal};
use super::lifecycle_pass::LifecyclePass;
use super::lifecycle_work::{LifecycleWork, Progress};
use super::worker::Worker;
use crate::error::Result;

/// Longest wait without a look at the clock, which may be set.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Rules count in days, which end at midnight, UTC.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The thread that carries lifecycles out.
pub(crate) struct Lifecycles {
    journal: Arc<Journal<LifecyclePass>>,
    worker: Worker,
}

impl Job for LifecyclePass {
    type Id = u64;
    const WHAT: &'static str = "pass over the lifecycles";
    const FOLDER: &'static str = "lifecycle";
    const ENDED_MAX: usize = 60;

    fn id(&self) -> u64 {
        self.number
    }

    fn file_of(number: u64) -> String {
        format!("{number:020}.json")
    }

    fn is_ended(&self) -> bool {
        Self::is_ended(self)
    }
}

impl Lifecycles {
    /// Starts the thread, which goes on with what the last one left.
    ///
    /// *Errors*: `Failed` where the passes cannot be read, or there can be no thread.
    pub(crate) fn start(archive: Arc<Archive>) -> Result<Arc<Self>> {
        let journal = Arc::new(Journal::open(archive)?);
        let working = Arc::clone(&journal);
        let worker = Worker::start("lifecycles", move || run(&working))?;
        Ok(Arc::new(Self { journal, worker }))
    }

    /// The passes that an archive keeps, the oldest first.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn kept(archive: &Archive) -> Result<Vec<LifecyclePass>> {
        Journal::kept(archive)
    }

    /// Asks for a pass over what is due when it begins. *Durability*: it is done, whatever happens to the server.
    ///
    /// *Errors*: `Failed` where that cannot be kept.
    pub(crate) fn ask(&self) -> Result<LifecyclePass> {
        self.journal.add(|passes| {
            let waiting = passes.values().find(|pass| pass.started_ms.is_none());
            Ok(waiting.cloned().unwrap_or_else(|| new_pass(passes)))
        })
    }

    /// Every pass that is kept, the oldest first.
    pub(crate) fn all(&self) -> Vec<LifecyclePass> {
        self.journal.all()
    }

    /// A pass once it is another than `seen`, or after `time`; `None` where it is not kept.
    pub(crate) fn wait(&self, seen: &LifecyclePass, time: Duration) -> Option<LifecyclePass> {
        self.journal.wait(seen, time)
    }

    /// Asks the thread to end; it does so before the next version.
    pub(crate) fn ask_to_stop(&self) {
        self.journal.ask_to_stop();
    }

    /// Waits until the thread has ended.
    pub(crate) fn stop(&self) {
        self.ask_to_stop();
        self.worker.join();
    }
}

fn new_pass(passes: &Jobs<LifecyclePass>) -> LifecyclePass {
    let last = passes.keys().next_back().copied().unwrap_or(0);
    let told_ms = passes.values().filter_map(|pass| pass.started_ms).max().unwrap_or(0);
    LifecyclePass { number: last.saturating_add(1), told_ms, ..LifecyclePass::default() }
}

/// Whether a pass has begun on the day of `now_ms`.
fn has_pass_of_day(passes: &Jobs<LifecyclePass>, now_ms: u64) -> bool {
    let mut days = passes.values().filter_map(|pass| Some(pass.started_ms? / DAY_MS));
    days.any(|day| day == now_ms / DAY_MS)
}

fn run(journal: &Journal<LifecyclePass>) {
    while let Some(pass) = journal.next(LOOK_EVERY, |passes| next_of(journal, passes)) {
        work(journal, pass);
    }
}

/// The next pass to work on: what is left, or that of the day.
fn next_of(journal: &Journal<LifecyclePass>, passes: &mut Jobs<LifecyclePass>) -> Option<LifecyclePass> {
    let now_ms = journal.archive.retention_now_ms();
    let left = passes.values().find(|pass| !pass.is_ended()).cloned();
    let due = || (!has_pass_of_day(passes, now_ms)).then(|| new_pass(passes));
    let mut pass = left.or_else(due)?;
    pass.started_ms.get_or_insert(now_ms);
    passes.insert(pass.number, pass.clone());
    Some(pass)
}

/// Works at a pass until it ends or the server stops.
fn work(journal: &Journal<LifecyclePass>, pass: LifecyclePass) {
    let is_stopping = || journal.is_stopping();
    let now_ms = pass.started_ms.unwrap_or(0);
    let mut work = LifecycleWork::new(&journal.archive, pass, now_ms, &is_stopping);
    let mut progress = Progress::More;
    while progress == Progress::More && !is_stopping() {
        progress = work.go_on();
        if progress == Progress::More {
            journal.show(&work.pass);
        }
    }
    let mut pass = work.pass;
    if progress == Progress::Done {
        pass.at = None;
        pass.ended_ms = Some(journal.archive.retention_now_ms());
        tell(&pass);
    }
    journal.show(&pass);
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
