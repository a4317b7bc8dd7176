//! Transfers of many documents, and elements that are archived: transactions that the server does one after the other. Each is a control
//! document with the place up to which it is done, so that a stop interrupts it and ends nothing.

use std::sync::Arc;
use std::time::Duration;

use storage_engine::Archive;
use storage_engine::archive::list::{VersionListEntry, VersionListRequest};
use storage_engine::archive::status::ElementStatus;
use storage_engine::archive::transfer::{Destination, Transfer, Transferred};
use storage_engine::caller::{Caller, Door};
use storage_engine::clock::Clock;
use storage_engine::mode::{Mode, mode_of_class_name};
use storage_engine::name::{BucketName, ObjectKey, VersionId};
use uuid::Uuid;

use super::journal::{Job, Journal};
use super::transaction::{
    Cursor, Transaction, TransactionState, TransferRequest, TransitionRequest, Work, is_gone,
};
use super::worker::Worker;
use crate::error::{Error, ErrorKind, Result};

/// Versions between two notes of how far a transaction is.
const PAGE_VERSIONS: usize = 200;
/// Transactions that may wait.
const WAITING_MAX: usize = 1_000;
/// Longest wait for something to do without a look.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The thread that transfers.
pub(crate) struct Transfers {
    shared: Arc<Shared>,
    worker: Worker,
}

struct Shared {
    clock: Arc<dyn Clock>,
    journal: Journal<Transaction>,
}

impl Job for Transaction {
    type Id = Uuid;
    const WHAT: &'static str = "transaction";
    const FOLDER: &'static str = "transactions";
    const ENDED_MAX: usize = 200;

    fn id(&self) -> Uuid {
        self.id
    }

    fn file_of(id: Uuid) -> String {
        format!("{id}.json")
    }

    fn is_ended(&self) -> bool {
        Self::is_ended(self)
    }
}

impl Transfers {
    /// Starts the thread, which goes on with what the last one left.
    ///
    /// *Errors*: `Failed` where the transactions cannot be read, or there can be no thread.
    pub(crate) fn start(archive: Arc<Archive>, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let shared = Arc::new(Shared { clock, journal: Journal::open(archive)? });
        let working = Arc::clone(&shared);
        let worker = Worker::start("transfers", move || working.run())?;
        Ok(Arc::new(Self { shared, worker }))
    }

    /// The transactions that an archive keeps, the oldest first.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn kept(archive: &Archive) -> Result<Vec<Transaction>> {
        Journal::kept(archive)
    }

    /// Takes work that `asked_by` asks for. *Durability*: it is done, whatever happens to the server.
    ///
    /// *Errors*: `Failed` where the bucket or the destination is not there, an element cannot have the mode, or too
    /// many wait.
    pub(crate) fn ask(&self, work: Work, asked_by: &str) -> Result<Transaction> {
        let shared = &self.shared;
        match &work {
            Work::Transfer(request) => {
                shared.journal.archive.bucket(&request.bucket).map_err(|source| {
                    Error::new(ErrorKind::Failed, "transfer from bucket")
                        .about(&request.bucket)
                        .caused_by(source)
                })?;
                shared.mode_of(&request.destination()?)?;
            }
            Work::Transition(TransitionRequest { element, mode }) => {
                shared.journal.archive.plan_mode(element, *mode).map_err(|source| {
                    Error::new(ErrorKind::Failed, "change the mode of element")
                        .about(element)
                        .caused_by(source)
                })?;
            }
        }
        shared.journal.add(|transactions| {
            let waiting = transactions.values().filter(|transaction| !transaction.is_ended()).count();
            if waiting >= WAITING_MAX {
                return Err(Error::new(ErrorKind::Failed, "transfer")
                    .because(format_args!("{waiting} transactions wait already"))
                    .remedy("try again when some have ended: artstore transactions"));
            }
            Ok(Transaction::new(Uuid::now_v7(), work, asked_by.to_owned(), shared.clock.now_ms()))
        })
    }

    /// Every transaction that is kept, the oldest first.
    pub(crate) fn all(&self) -> Vec<Transaction> {
        self.shared.journal.all()
    }

    /// A transaction, where it is kept.
    pub(crate) fn get(&self, id: Uuid) -> Option<Transaction> {
        self.shared.journal.get(id)
    }

    /// A transaction once it is another than `seen`, or after `time`; `None` where it is not kept.
    pub(crate) fn wait(&self, seen: &Transaction, time: Duration) -> Option<Transaction> {
        self.shared.journal.wait(seen, time)
    }

    /// Asks the thread to end; it does so before the next version.
    pub(crate) fn ask_to_stop(&self) {
        self.shared.journal.ask_to_stop();
    }

    /// Waits until the thread has ended.
    pub(crate) fn stop(&self) {
        self.ask_to_stop();
        self.worker.join();
    }
}

impl Shared {
    fn run(&self) {
        let next = || {
            self.journal.next(LOOK_EVERY, |transactions| {
                let next = transactions.values_mut().find(|transaction| !transaction.is_ended())?;
                next.state = TransactionState::Running;
                Some(next.clone())
            })
        };
        while let Some(transaction) = next() {
            self.work(transaction);
        }
    }

    /// Works at a transaction until it ends or the server stops.
    fn work(&self, transaction: Transaction) {
        match transaction.work.clone() {
            Work::Transfer(request) => self.move_all(transaction, &request),
            Work::Transition(request) => self.change_mode(transaction, &request),
        }
    }

    /// Brings an element to its mode, or fails; what a stop interrupts is gone on with.
    fn change_mode(&self, mut transaction: Transaction, request: &TransitionRequest) {
        let TransitionRequest { element, mode } = request;
        let caller = caller(&transaction, "SetElementMode");
        let changed = self.journal.archive.change_mode(&caller, element, *mode, &mut |pass| {
            (transaction.moved, transaction.moved_bytes) = (pass.archived, pass.bytes);
            self.journal.show(&transaction);
        });
        match changed {
            Ok(_) => {
                transaction.end(self.clock.now_ms());
                tracing::info!(transaction = %transaction.id, element = element.as_str(), %mode, "An element changed its mode.");
                self.journal.show(&transaction);
            }
            Err(_) if self.journal.is_stopping() => self.journal.show(&transaction),
            Err(source) => {
                let failed = Error::new(ErrorKind::Failed, "change the mode of element").about(element);
                self.give_up(transaction, &failed.caused_by(source));
            }
        }
    }

    /// Moves every version under a prefix.
    fn move_all(&self, mut transaction: Transaction, request: &TransferRequest) {
        let mode = request.destination().and_then(|to| Ok((self.mode_of(&to)?, to)));
        let (mode, to) = match mode {
            Ok(found) => found,
            Err(error) => return self.give_up(transaction, &error),
        };
        loop {
            match self.page(&mut transaction, request, &to, mode) {
                Ok(Page::More) => self.journal.show(&transaction),
                Ok(Page::Stopped) => return self.journal.show(&transaction),
                Ok(Page::Last) => {
                    transaction.end(self.clock.now_ms());
                    let (moved, failed) = (transaction.moved, transaction.failed);
                    tracing::info!(transaction = %transaction.id, moved, failed, "A transfer ended.");
                    return self.journal.show(&transaction);
                }
                Err(error) => {
                    let error = Error::new(ErrorKind::Failed, "list versions").caused_by(error);
                    return self.give_up(transaction, &error);
                }
            }
        }
    }

    /// Transfers the versions of one page.
    fn page(
        &self,
        transaction: &mut Transaction,
        request: &TransferRequest,
        to: &Destination,
        mode: Mode,
    ) -> storage_engine::Result<Page> {
        let after = transaction.after.clone();
        let version_marker = after.as_ref().and_then(|cursor| cursor.version.as_deref());
        let listing = self.journal.archive.list_versions(&VersionListRequest {
            bucket: &request.bucket,
            prefix: &request.prefix,
            delimiter: None,
            key_marker: after.as_ref().map(|cursor| cursor.key.as_str()),
            version_marker: version_marker.map(VersionId::parse).transpose()?,
            max: PAGE_VERSIONS,
        })?;
        let caller = caller(transaction, "Transfer");
        for entry in listing.entries {
            if self.journal.is_stopping() {
                return Ok(Page::Stopped);
            }
            let VersionListEntry::Version(listed) = entry else { continue };
            if listed.is_marker {
                continue;
            }
            let (key, version) = (&listed.object.key, listed.version_id);
            if mode_of_class_name(listed.object.class.as_str())? >= mode {
                transaction.unchanged += 1;
            } else {
                self.transfer(transaction, &caller, (&request.bucket, key, version), (to, mode));
            }
            let version = Some(version.to_string());
            transaction.after = Some(Cursor { key: key.as_str().to_owned(), version });
        }
        match listing.next {
            Some((key, version)) => {
                let version = version.map(|version| version.to_string());
                transaction.after = Some(Cursor { key, version });
                Ok(Page::More)
            }
            None => Ok(Page::Last),
        }
    }

    fn transfer(
        &self,
        transaction: &mut Transaction,
        caller: &Caller,
        (bucket, key, version): (&BucketName, &ObjectKey, VersionId),
        (to, mode): (&Destination, Mode),
    ) {
        let transfer = Transfer { version: Some(version), to: to.clone(), revision: None, attributes: None };
        let transferred =
            self.journal.retry(|| self.journal.archive.transfer(caller, bucket, key, &transfer));
        match transferred {
            Ok(Transferred::Moved { stored, .. }) => {
                transaction.moved += 1;
                transaction.moved_bytes += stored.size;
            }
            Ok(Transferred::There) => transaction.unchanged += 1,
            Err(error) if is_gone(error.kind()) => {}
            // Somebody else has moved it there, or further, since it was listed.
            Err(error) if error.mode().is_some_and(|found| found >= mode) => transaction.unchanged += 1,
            Err(error) => transaction.fail(key.as_str(), &version.to_string(), &error),
        }
    }

    fn give_up(&self, mut transaction: Transaction, error: &Error) {
        tracing::error!(transaction = %transaction.id, %error, "A transfer was given up.");
        transaction.give_up(error, self.clock.now_ms());
        self.journal.show(&transaction);
    }

    /// The mode of a destination.
    ///
    /// *Errors*: `Failed` where no element in use has it.
    fn mode_of(&self, to: &Destination) -> Result<Mode> {
        let is_it = |element: &ElementStatus| match to {
            Destination::Mode(mode) => element.mode == Some(*mode),
            Destination::Class(class) => element.mode == Some(class.mode()),
            Destination::Element(name) => element.name == *name,
        };
        let found = self.journal.archive.elements().into_iter().find(|element| is_it(element));
        found.and_then(|element| element.mode).ok_or_else(|| {
            Error::new(ErrorKind::Failed, "find an element to transfer to")
                .because("none in use is of that mode or name")
                .remedy("artstore element list shows the elements and their modes")
        })
    }
}

/// How a page ended.
enum Page {
    More,
    Last,
    Stopped,
}

/// Who works, for the audit.
fn caller(transaction: &Transaction, operation: &'static str) -> Caller {
    Caller {
        account: transaction.asked_by.as_str().into(),
        account_name: "local".into(),
        door: Door::Control,
        address: None,
        request_id: transaction.id.to_string().into(),
        operation,
    }
}
