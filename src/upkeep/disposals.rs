//! Disposal runs: what is due is listed, waits for its release, and then goes, version by version. Nothing of it is done
//! by itself, and only of what was listed: what was changed or retained since stays.

use std::sync::Arc;
use std::time::Duration;

use storage_engine::archive::disposal::Disposed;
use storage_engine::archive::list::ListedVersion;
use storage_engine::caller::{Caller, Door};
use storage_engine::name::BucketName;
use storage_engine::retention::Disposal;
use storage_engine::{Archive, ErrorKind as EngineKind};
use uuid::Uuid;

use super::disposal_list::{DOCUMENTS_MAX, DisposalList, FOLDER, PAGE_DOCUMENTS};
use super::disposal_run::{DisposalRun, DisposalState, ListedDocument, ProposalRequest, StayingDocument};
use super::journal::{Job, Journal};
use super::lifecycle_pass::LifecyclePass;
use super::lifecycle_work::{LifecycleWork, Progress, Search};
use super::transaction::{is_gone, with_causes};
use super::worker::Worker;
use crate::error::{Error, ErrorKind, Result};

/// Versions between two notes of how far a run is.
const NOTE_EVERY: u64 = 200;
/// Runs that may be listed, wait or be under way.
const OPEN_MAX: usize = 100;
/// Longest wait for something to do without a look.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The thread that lists and disposes.
pub(crate) struct Disposals {
    journal: Arc<Journal<DisposalRun>>,
    worker: Worker,
}

impl Job for DisposalRun {
    type Id = Uuid;
    const WHAT: &'static str = "disposal run";
    const FOLDER: &'static str = FOLDER;
    const ENDED_MAX: usize = 200;

    fn id(&self) -> Uuid {
        self.id
    }

    fn file_of(id: Uuid) -> String {
        format!("{id}.json")
    }

    fn is_ended(&self) -> bool {
        matches!(self.state, DisposalState::Done | DisposalState::Failed | DisposalState::Withdrawn)
    }

    fn clear(&self, archive: &Archive) {
        DisposalList { archive, run: self.id }.remove(self.documents);
    }
}

impl Disposals {
    /// Starts the thread, which goes on with what the last one left.
    ///
    /// *Errors*: `Failed` where the runs cannot be read, or there can be no thread.
    pub(crate) fn start(archive: Arc<Archive>) -> Result<Arc<Self>> {
        let journal = Arc::new(Journal::open(archive)?);
        let working = Arc::clone(&journal);
        let worker = Worker::start("disposals", move || run(&working))?;
        Ok(Arc::new(Self { journal, worker }))
    }

    /// The runs that an archive keeps, the oldest first.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn kept(archive: &Archive) -> Result<Vec<DisposalRun>> {
        Journal::kept(archive)
    }

    /// A page of the list of a run.
    ///
    /// *Errors*: `Failed` where it cannot be read.
    pub(crate) fn page(archive: &Archive, run: &DisposalRun, page: u64) -> Result<Vec<ListedDocument>> {
        let mut documents = DisposalList { archive, run: run.id }.page(page)?;
        // A stop may have left more than the run counts.
        let left = run.documents.saturating_sub(page.saturating_mul(PAGE_DOCUMENTS));
        documents.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        Ok(documents)
    }

    /// Has what is due now listed. *Durability*: it is, whatever happens to the server.
    ///
    /// *Errors*: `Failed` for a reason that is none, a bucket or element that is not there, or where too many runs are
    /// open.
    pub(crate) fn propose(&self, request: ProposalRequest, by: &str) -> Result<DisposalRun> {
        let archive = &self.journal.archive;
        let failed = |source| Error::new(ErrorKind::Failed, "propose a disposal").caused_by(source);
        Disposal::check_reason(&request.reason).map_err(failed)?;
        if let Some(bucket) = &request.bucket {
            archive.bucket(bucket).map_err(failed)?;
        }
        if let Some(element) = &request.element
            && archive.elements().iter().all(|known| known.name != *element)
        {
            return Err(Error::new(ErrorKind::Failed, "propose a disposal on element")
                .about(element)
                .because("there is none of this name")
                .remedy("artstore element list shows them"));
        }
        let now_ms = archive.retention_now_ms();
        self.journal.add(|runs| {
            if runs.values().filter(|run| !run.is_ended()).count() >= OPEN_MAX {
                return Err(Error::new(ErrorKind::Failed, "propose a disposal")
                    .because(format_args!("{OPEN_MAX} runs are open already"))
                    .remedy("release or withdraw some: artstore disposal list"));
            }
            Ok(DisposalRun::new(request, by.to_owned(), now_ms))
        })
    }

    /// Releases a run: what it lists goes. One that failed in part is gone through again.
    ///
    /// *Errors*: `Failed` where it does not wait for that.
    pub(crate) fn release(&self, id: Uuid, by: &str) -> Result<DisposalRun> {
        let now_ms = self.journal.archive.retention_now_ms();
        self.journal.change(id, |run| {
            // One whose listing failed was never proposed.
            let failed_in_part = run.state == DisposalState::Failed && run.released_ms.is_some();
            if run.state != DisposalState::Proposed && !failed_in_part {
                return Err(not_now("release disposal run", run));
            }
            *run = DisposalRun {
                state: DisposalState::Released,
                released_by: Some(by.to_owned()),
                released_ms: Some(now_ms),
                ended_ms: None,
                done: 0,
                disposed: 0,
                disposed_bytes: 0,
                spared: 0,
                failed: 0,
                staying: Vec::new(),
                ..run.clone()
            };
            Ok(())
        })
    }

    /// Withdraws a run that waits for its release: nothing of it is done.
    ///
    /// *Errors*: `Failed` where it does not wait for that.
    pub(crate) fn withdraw(&self, id: Uuid) -> Result<DisposalRun> {
        let now_ms = self.journal.archive.retention_now_ms();
        self.journal.change(id, |run| {
            if run.state != DisposalState::Proposed {
                return Err(not_now("withdraw disposal run", run));
            }
            run.state = DisposalState::Withdrawn;
            run.ended_ms = Some(now_ms);
            Ok(())
        })
    }

    /// Every run that is kept, the oldest first.
    pub(crate) fn all(&self) -> Vec<DisposalRun> {
        self.journal.all()
    }

    /// A run, where it is kept.
    pub(crate) fn get(&self, id: Uuid) -> Option<DisposalRun> {
        self.journal.get(id)
    }

    /// A run once it is another than `seen`, or after `time`; `None` where it is not kept.
    pub(crate) fn wait(&self, seen: &DisposalRun, time: Duration) -> Option<DisposalRun> {
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

fn not_now(operation: &'static str, run: &DisposalRun) -> Error {
    Error::new(ErrorKind::Failed, operation)
        .about(run.id)
        .because(format_args!("it is {} and not proposed", run.state))
        .remedy("artstore disposal list shows the runs and their states")
}

fn run(journal: &Journal<DisposalRun>) {
    let next = || journal.next(LOOK_EVERY, |runs| runs.values().find(|run| !run.is_at_rest()).cloned());
    while let Some(run) = next() {
        if run.state == DisposalState::Listing { list(journal, run) } else { dispose(journal, run) }
    }
}

/// Lists what is due until that is done or the server stops.
fn list(journal: &Journal<DisposalRun>, mut run: DisposalRun) {
    let archive = &*journal.archive;
    let is_stopping = || journal.is_stopping();
    let request = run.request.clone();
    loop {
        let mut found = Vec::new();
        let mut failed = Vec::new();
        let mut take = |bucket: &BucketName, version: &ListedVersion, rule: &str| {
            let key = &version.object.key;
            match archive.disposable(bucket, key, version.version_id) {
                Ok(one) if request.element.as_ref().is_some_and(|wanted| *wanted != one.element) => {}
                Ok(one) => found.push(ListedDocument::of(one, rule)),
                Err(error) if is_gone(error.kind()) => {}
                Err(error) => failed.push(StayingDocument {
                    bucket: bucket.to_string(),
                    key: key.as_str().to_owned(),
                    version: version.version_id.to_string(),
                    reason: format!("it could not be listed: {}", with_causes(&error)),
                }),
            }
        };
        let search = Search { bucket: request.bucket.as_ref(), prefix: &request.prefix, take: &mut take };
        let pass = LifecyclePass { at: run.at.clone(), ..LifecyclePass::default() };
        let mut work = LifecycleWork::new(archive, pass, run.proposed_ms, &is_stopping).searching(search);
        let progress = work.go_on();
        let LifecyclePass { at, failures, failed: unseen, .. } = work.pass;
        failed.extend(failures.into_iter().map(|failure| StayingDocument {
            bucket: failure.bucket.to_string(),
            key: failure.key,
            version: failure.version,
            reason: failure.reason,
        }));
        if is_stopping() {
            return;
        }
        let room = usize::try_from(DOCUMENTS_MAX - run.documents).unwrap_or(usize::MAX);
        run.is_more |= found.len() > room;
        found.truncate(room);
        let (count, bytes) = (found.len() as u64, found.iter().map(|one| one.size).sum::<u64>());
        if let Err(error) = (DisposalList { archive, run: run.id }).append(run.documents, found) {
            return give_up(journal, run, &error);
        }
        run.documents += count;
        run.bytes += bytes;
        run.at = at;
        run.failed += unseen;
        failed.into_iter().for_each(|staying| run.note(staying));
        if progress == Progress::Done || run.documents >= DOCUMENTS_MAX {
            run.is_more |= progress != Progress::Done;
            run.at = None;
            run.state = match (run.documents, run.failed) {
                (0, 0) => DisposalState::Done,
                (0, _) => DisposalState::Failed,
                _ => DisposalState::Proposed,
            };
            // What lists nothing waits for nobody.
            run.ended_ms = (run.documents == 0).then(|| archive.retention_now_ms());
            let (documents, bytes) = (run.documents, run.bytes);
            tracing::info!(run = %run.id, state = %run.state, documents, bytes, "A disposal run is listed.");
            return journal.show(&run);
        }
        journal.show(&run);
    }
}

/// Disposes of what is listed until that is done or the server stops.
fn dispose(journal: &Journal<DisposalRun>, mut run: DisposalRun) {
    let released_by = run.released_by.clone().unwrap_or_default();
    let disposal = Disposal {
        run: run.id,
        reason: run.request.reason.as_str().into(),
        released_by: released_by.as_str().into(),
        disposed_ms: 0,
    };
    let caller = Caller {
        account: released_by.as_str().into(),
        account_name: "local".into(),
        door: Door::Control,
        address: None,
        request_id: run.id.to_string().into(),
        operation: "Dispose",
    };
    while run.done < run.documents {
        let (page, behind) = (run.done / PAGE_DOCUMENTS, run.done % PAGE_DOCUMENTS);
        let listed = match Disposals::page(&journal.archive, &run, page) {
            Ok(listed) if listed.len() as u64 > behind => listed,
            Ok(_) => {
                let short = Error::new(ErrorKind::Failed, "read disposal run")
                    .about(run.id)
                    .because(format_args!("its page {page} is missing or too short"));
                return give_up(journal, run, &short);
            }
            Err(error) => return give_up(journal, run, &error),
        };
        for one in listed.into_iter().skip(usize::try_from(behind).unwrap_or(usize::MAX)) {
            if journal.is_stopping() {
                return journal.show(&run);
            }
            let disposed = one
                .to_disposable()
                .and_then(|found| journal.retry(|| journal.archive.dispose(&caller, &found, &disposal)));
            if disposed.is_err() && journal.is_stopping() {
                return journal.show(&run);
            }
            count(&mut run, one, disposed);
            run.done += 1;
            if run.done.is_multiple_of(NOTE_EVERY) {
                journal.show(&run);
            }
        }
    }
    run.state = if run.failed > 0 { DisposalState::Failed } else { DisposalState::Done };
    run.ended_ms = Some(journal.archive.retention_now_ms());
    let (disposed, spared, failed) = (run.disposed, run.spared, run.failed);
    tracing::info!(run = %run.id, disposed, spared, failed, "A disposal run ended.");
    journal.show(&run);
}

/// Counts what became of a version of the list.
fn count(run: &mut DisposalRun, listed: ListedDocument, disposed: storage_engine::Result<Disposed>) {
    let error = match disposed {
        Ok(Disposed::Now | Disposed::Before) => {
            run.disposed += 1;
            run.disposed_bytes += listed.size;
            return;
        }
        Err(error) => error,
    };
    let is_spared = matches!(error.kind(), EngineKind::Retained | EngineKind::PreconditionFailed);
    if is_spared || is_gone(error.kind()) || error.kind() == EngineKind::NoSuchBucket {
        run.spared += 1;
    } else {
        run.failed += 1;
    }
    run.note(StayingDocument {
        bucket: listed.bucket.to_string(),
        key: listed.key,
        version: listed.version,
        reason: with_causes(&error),
    });
}

/// Ends a run before its time: what is left of its list stays.
fn give_up(journal: &Journal<DisposalRun>, mut run: DisposalRun, error: &Error) {
    tracing::error!(run = %run.id, %error, "A disposal run was given up.");
    run.failed += 1;
    let reason = format!("nothing more was done: {}", with_causes(error));
    run.note(StayingDocument { bucket: String::new(), key: String::new(), version: String::new(), reason });
    run.state = DisposalState::Failed;
    run.ended_ms = Some(journal.archive.retention_now_ms());
    journal.show(&run);
}
