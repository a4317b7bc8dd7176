//! Events: who listens, what is told without being a change, and reading what there is to tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::open::{Archive, Inner};
use crate::bucket::{BucketDocument, Versioning, no_such_bucket};
use crate::caller::{Caller, Door};
use crate::error::Result;
use crate::mode::Mode;
use crate::name::VersionId;
pub use crate::outbox::EventPage;
use crate::outbox::{Event, EventKind, Occurrence};
use crate::restore::RestoreDocument;
use crate::sidecar::{Kind, Sidecar};

use super::put::shown_version;

impl Archive {
    /// Says which accounts are told of what happens in buckets that they own. Until the first call, none are.
    pub fn set_event_accounts(&self, accounts: BTreeSet<String>) {
        self.inner.listeners.set(accounts);
    }

    /// Events behind a position, in the order in which they became visible; at most `max`. Position 0 lies
    /// before the first.
    ///
    /// *Errors*: `Io`.
    pub fn events(&self, after: u64, max: usize) -> Result<EventPage> {
        self.inner.outbox.read(after, max)
    }

    /// Position of the last event there is.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.inner.outbox.last()
    }

    /// Makes the events that there are durable, and answers with the position of the last one that is: one that
    /// is kept elsewhere must not lie beyond it, since the positions of later ones may change in a crash.
    ///
    /// *Errors*: `StorageFull`, `Io`; nothing is lost then.
    pub fn persist_events(&self) -> Result<u64> {
        self.inner.outbox.persist()?;
        Ok(self.inner.outbox.written())
    }

    /// Lets go of the events up to and with a position: all receivers have been told.
    pub fn release_events(&self, position: u64) {
        self.inner.outbox.release(position);
    }

    /// Tells of something that is no change of the archive.
    ///
    /// *Durability*: where somebody listens, the event is durable on return.
    /// *Errors*: `NoSuchBucket`, `Unavailable` while the archive closes, `StorageFull`, `Io`.
    pub fn emit(&self, caller: &Caller, occurrence: Occurrence) -> Result<()> {
        let _gate = self.enter()?;
        self.inner.emit(caller, occurrence)
    }
}

impl Inner {
    /// Tells of something that is no change of the archive. The caller does not hold the bucket.
    ///
    /// *Durability*: where somebody listens, the event is durable on return.
    /// *Errors*: `NoSuchBucket`, `StorageFull`, `Io`.
    pub(crate) fn emit(&self, caller: &Caller, occurrence: Occurrence) -> Result<()> {
        let bucket = self.buckets.get(&occurrence.bucket)?;
        let document = bucket.hold().clone().ok_or_else(|| no_such_bucket(&occurrence.bucket))?;
        self.emit_in(&document, caller, occurrence)
    }

    /// The same where the caller holds the bucket.
    fn emit_in(&self, document: &BucketDocument, caller: &Caller, mut occurrence: Occurrence) -> Result<()> {
        occurrence.version = occurrence.version.filter(|_| document.versioning != Versioning::Never);
        let at = (self.sequence.draw()?, self.options.clock.now_ms());
        let Some(event) = self.listeners.event_of(document, caller, at, || Some(occurrence)) else {
            return Ok(());
        };
        self.outbox.note(event);
        self.outbox.persist()
    }

    /// Tells of a restore that was asked for. The caller holds the bucket.
    pub(super) fn tell_of_request(
        &self,
        bucket: &BucketDocument,
        caller: &Caller,
        restore: &RestoreDocument,
    ) {
        let told = self.emit_in(bucket, caller, occurrence_of(EventKind::RestoreRequested, restore));
        self.note_untold(restore, told);
    }

    /// Tells of what became of a restore. The caller holds neither the bucket nor the key.
    pub(super) fn tell_of_restore(&self, kind: EventKind, restore: &RestoreDocument) {
        let caller = Caller {
            account: Arc::clone(&restore.requested_by),
            account_name: Arc::clone(&restore.requested_by),
            door: Door::Job,
            address: None,
            request_id: restore.id.to_string().into(),
            operation: "RestoreObject",
        };
        let told = self.emit(&caller, occurrence_of(kind, restore));
        self.note_untold(restore, told);
    }

    /// What happened has happened: that it cannot be told fails nothing.
    fn note_untold(&self, restore: &RestoreDocument, told: Result<()>) {
        if let Err(error) = told {
            tracing::warn!(key = %restore.key, %error, "what became of a restore may not be told");
        }
    }

    /// The event of a version that comes, moves, or is annotated; `None` where nobody listens.
    pub(super) fn event_of_version(
        &self,
        caller: &Caller,
        bucket: &BucketDocument,
        (sidecar, mode): (&Sidecar, Mode),
        kind: Option<EventKind>,
    ) -> Option<Event> {
        let at = (sidecar.placement_seq, sidecar.modified_ms);
        let is_object = sidecar.kind == Kind::Object;
        self.listeners.event_of(bucket, caller, at, || {
            Some(Occurrence {
                version: shown_version(bucket.versioning, sidecar.version_id),
                size: is_object.then_some(sidecar.size),
                etag: is_object.then(|| sidecar.etag.clone()),
                mode: is_object.then_some(mode),
                ..Occurrence::of(kind?, bucket.name.clone(), &sidecar.key)
            })
        })
    }

    /// The event of a version that goes for good; `None` where nobody listens.
    pub(super) fn event_of_removal(
        &self,
        caller: &Caller,
        bucket: &BucketDocument,
        (key, version): (&crate::name::ObjectKey, VersionId),
        at: (u64, u64),
    ) -> Option<Event> {
        self.listeners.event_of(bucket, caller, at, || {
            let kind = EventKind::of_removal(caller, false);
            let version = shown_version(bucket.versioning, version);
            Some(Occurrence { version, ..Occurrence::of(kind, bucket.name.clone(), key) })
        })
    }

    /// Notes the event of a change that is visible.
    pub(super) fn tell(&self, event: Option<Event>) {
        if let Some(event) = event {
            self.outbox.note(event);
        }
    }

    /// Notes the events of replayed changes that the outbox lacks.
    ///
    /// *Errors*: `Io`.
    pub(super) fn tell_again(&self, events: Vec<Event>, position: u64) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let known = self.outbox.numbers_after(position)?;
        events
            .into_iter()
            .filter(|event| !known.contains(&event.seq))
            .for_each(|event| self.outbox.note(event));
        Ok(())
    }
}

fn occurrence_of(kind: EventKind, restore: &RestoreDocument) -> Occurrence {
    let is_here = matches!(kind, EventKind::RestoreCompleted | EventKind::FileExpiring);
    Occurrence {
        version: Some(restore.version_id),
        size: Some(restore.size),
        mode: Some(Mode::Ar),
        expires_ms: is_here.then_some(restore.expires_ms),
        reason: restore.failure.clone().filter(|_| kind == EventKind::RestoreFailed),
        ..Occurrence::of(kind, restore.bucket.clone(), &restore.key)
    }
}
