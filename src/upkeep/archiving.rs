//! Archiving in the background: bytes go to their archive targets, those that were asked for come back, and copies go
//! when their day has come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use storage_engine::Archive;
use storage_engine::archive::archiving::ArchivePass;
use storage_engine::archive::descent::DescentPass;
use storage_engine::archive::filling::FillingPass;
use storage_engine::archive::recall::Recall;

use super::worker::Worker;
use crate::error::Result;

/// Longest time between two looks for work that nobody has called for: what is tried again, and what expires.
const INTERVAL: Duration = Duration::from_secs(5);
/// From a pass of descents that could not move everything to the next.
const DESCENTS_AGAIN: Duration = Duration::from_secs(60);

/// The threads that move bytes.
pub(crate) struct Archiving {
    shared: Arc<Shared>,
    workers: Vec<Worker>,
}

struct Shared {
    archive: Arc<Archive>,
    is_stopping: AtomicBool,
    /// Documents that the last pass of descents could not move.
    descents_failed: AtomicU64,
    /// When the next pass of descents may begin, where the last could not move everything.
    descents_not_before: Mutex<Option<Instant>>,
}

/// What a thread does whenever there may be work.
type Work = fn(&Shared);

impl Archiving {
    /// Begins to archive, and to recall up to `recalls` documents at a time.
    ///
    /// *Errors*: `Failed` where the system gives no thread.
    pub(crate) fn start(archive: Arc<Archive>, recalls: usize) -> Result<Self> {
        let shared = Arc::new(Shared {
            archive,
            is_stopping: AtomicBool::new(false),
            descents_failed: AtomicU64::new(0),
            descents_not_before: Mutex::default(),
        });
        let mut workers = Vec::new();
        let works: [(&'static str, Work); 3] =
            [("archiving", Shared::archive), ("descents", Shared::descend), ("expiry", Shared::keep_house)];
        let recalls = std::iter::repeat_n(("recalls", Shared::recall as Work), recalls);
        for (name, work) in works.into_iter().chain(recalls) {
            let working = Arc::clone(&shared);
            workers.push(Worker::start(name, move || working.run(work))?);
        }
        Ok(Self { shared, workers })
    }

    /// Asks the threads to end; they do before the next document, and in the midst of one when the archive closes.
    pub(crate) fn ask_to_stop(&self) {
        self.shared.is_stopping.store(true, Ordering::Release);
        self.shared.archive.wake_archive_work();
    }

    /// Waits until the threads have ended.
    pub(crate) fn join(self) {
        self.ask_to_stop();
        self.workers.iter().for_each(Worker::join);
    }
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    fn run(&self, work: Work) {
        let mut seen = 0;
        while !self.is_stopping() {
            work(self);
            if !self.is_stopping() {
                seen = self.archive.wait_for_archive_work(seen, INTERVAL);
            }
        }
    }

    /// Archives everything that is due.
    fn archive(&self) {
        while !self.is_stopping() {
            match self.archive.archive_due() {
                Ok(pass) => {
                    self.tell(&pass);
                    if !pass.is_more {
                        return;
                    }
                }
                Err(error) => return self.complain(&error, "Nothing is archived."),
            }
        }
    }

    /// Tells what was archived, and what could not be: not of what a stop interrupts.
    fn tell(&self, pass: &ArchivePass) {
        if pass.archived > 0 {
            tracing::info!(documents = pass.archived, bytes = pass.bytes, "Archived an hour.");
        }
        for failed in pass.failed.iter().filter(|_| !self.is_stopping()) {
            tracing::error!(
                element = failed.element.as_str(),
                path = failed.path,
                error = &failed.error as &dyn std::error::Error,
                "A document is not archived; its bytes stay here, and it is tried again."
            );
        }
    }

    /// Lets full elements become ro, and removes restored copies whose day has come: what waits for no mover.
    fn keep_house(&self) {
        match self.archive.turn_full_elements() {
            Ok(pass) => self.tell_of_filling(&pass),
            Err(error) => self.complain(&error, "An element that is full did not become ro."),
        }
        match self.archive.expire_restored() {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "Restored copies were removed."),
            Err(error) => self.complain(&error, "Restored copies that have expired are still here."),
        }
    }

    /// Moves everything that was stored with a colder class where it is bound for. What could not go is given time.
    fn descend(&self) {
        let mut not_before = self.descents_not_before.lock().unwrap_or_else(PoisonError::into_inner);
        if not_before.is_some_and(|moment| Instant::now() < moment) {
            return;
        }
        match self.archive.descend(&|| self.is_stopping()) {
            Ok(pass) => {
                *not_before = (pass.failed > 0).then(|| Instant::now() + DESCENTS_AGAIN);
                self.tell_of_descents(&pass);
            }
            Err(error) => self.complain(&error, "Nothing goes down to the class it was stored with."),
        }
    }

    /// Tells of a pass; of a failure only where the last pass did not end with as many.
    fn tell_of_descents(&self, pass: &DescentPass) {
        if pass.moved > 0 {
            tracing::info!(
                documents = pass.moved,
                bytes = pass.bytes,
                "Documents went down to the class they were stored with."
            );
        }
        let told = self.descents_failed.swap(pass.failed, Ordering::AcqRel);
        if let Some(error) = pass.first_failure.as_ref().filter(|_| told != pass.failed) {
            tracing::error!(
                documents = pass.failed,
                error = error as &dyn std::error::Error,
                "Documents stay in mode rw although they were stored with a colder class; they are tried again."
            );
        }
    }

    /// Tells of elements that became ro, and of others when they begin to be full.
    fn tell_of_filling(&self, pass: &FillingPass) {
        for element in &pass.became_ro {
            tracing::warn!(element = element.as_str(), "An element is full and became ro.");
        }
        for element in &pass.filling {
            tracing::warn!(element = element.as_str(), "An element is nearly full and will become ro.");
        }
    }

    /// Recalls everything that waits.
    fn recall(&self) {
        while !self.is_stopping() {
            match self.archive.recall_next() {
                Ok(Some(recall)) => tell_of_recall(&recall),
                Ok(None) => return,
                Err(error) => return self.complain(&error, "Nothing is recalled."),
            }
        }
    }

    fn complain(&self, error: &storage_engine::Error, what: &'static str) {
        if !self.is_stopping() {
            tracing::error!(error = error as &dyn std::error::Error, "{what}");
        }
    }
}

fn tell_of_recall(recall: &Recall) {
    let (bucket, key, version) = (recall.bucket.as_str(), recall.key.as_str(), recall.version_id.to_string());
    match &recall.outcome {
        Ok(bytes) => tracing::info!(bucket, key, version, bytes, "A document was restored."),
        Err(error) => tracing::error!(
            bucket,
            key,
            version,
            is_final = recall.is_final,
            error = error as &dyn std::error::Error,
            "A document could not be restored."
        ),
    }
}
