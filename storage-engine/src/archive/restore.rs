//! Asking for the bytes of archived documents (API page "RestoreObject").

use std::sync::Arc;

use super::open::{Archive, Inner};
use crate::bucket::{BucketDocument, no_such_bucket};
use crate::caller::Caller;
use crate::catalog::Entry;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
use crate::mode::Mode;
use crate::name::{BucketName, ObjectKey};
pub use crate::restore::{
    DAYS_MAX, RestoreProgress, RestoreRequest, RestoreState, RestoreStatus, Restoring, Tier,
};
use crate::restore::{RESTORES_MAX, Restore, RestoreDocument, expiry};
use crate::sidecar::Sidecar;

/// Restores that one answer shows.
const SHOWN_MAX: usize = 1000;

impl Archive {
    /// Asks for the bytes of an archived version, or keeps those that are here until a later day.
    ///
    /// *Durability*: on return the request is kept, whatever happens to the server.
    /// *Errors*: `NotArchived` where the bytes are always here; `RestoreInProgress` where they have been asked for
    /// at this tier or a faster one; `InvalidArgument` for a number of days that is none; `NoSuchBucket`,
    /// `NoSuchKey`, `KeyDeleted`, `NoSuchVersion`, `DeleteMarker`; `QuotaExceeded`, `StorageFull` where the element
    /// has no room for a copy; `Unavailable`, also above [`RESTORES_MAX`] restores; `Corrupt`, `Io`.
    pub fn restore(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        key: &ObjectKey,
        request: &RestoreRequest,
    ) -> Result<Restoring> {
        if !(1..=DAYS_MAX).contains(&request.days) {
            return Err(Error::new(ErrorKind::InvalidArgument, "restore object")
                .about(request.days)
                .because(format_args!("a copy is restored for 1 to {DAYS_MAX} days")));
        }
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(bucket)?;
        let held = open_bucket.hold();
        let settings = held.as_ref().ok_or_else(|| no_such_bucket(bucket))?;
        let _key = inner.key_locks.lock(bucket, key);
        let entry = inner.entry_in(bucket, key, request.version)?;
        let (sidecar, element) = inner.sidecar_of(&entry)?;
        let mode = element.document().mode;
        if mode != Mode::Ar {
            return Err(Error::new(ErrorKind::NotArchived, "restore object")
                .about(key)
                .in_mode(mode)
                .because(format_args!(
                    "the object lies in mode {mode}: its bytes are here and there is nothing to restore"
                )));
        }
        let known = inner.restores.get(sidecar.seq);
        let now_ms = inner.retention_now_ms();
        match known.map(|known| (known, known.state)) {
            Some((known, RestoreState::Restored)) if now_ms < known.expires_ms => {
                inner.extend(caller, &element, &sidecar, request, now_ms)
            }
            Some((known, RestoreState::Requested | RestoreState::Recalling)) => {
                if request.tier >= known.tier {
                    return Err(Error::new(ErrorKind::RestoreInProgress, "restore object").about(key));
                }
                inner.hurry(&element, &sidecar, request)
            }
            Some((_, RestoreState::Restored | RestoreState::Failed)) | None => {
                inner.request((caller, settings), &element, &sidecar, request, now_ms)
            }
        }
    }

    /// The restores that there are, the oldest first; at most a thousand.
    ///
    /// *Errors*: `Io`. One whose document cannot be read is passed over.
    pub fn restores(&self) -> Result<Vec<RestoreProgress>> {
        let inner = &self.inner;
        let mut shown = Vec::new();
        for (_, known) in inner.restores.select(SHOWN_MAX, |_| true) {
            let Ok(element) = inner.element(known.element) else { continue };
            let Ok(document) = RestoreDocument::read(&*element.disk, known.id) else { continue };
            shown.push(RestoreProgress {
                element: element.name.clone(),
                bucket: document.bucket,
                key: document.key,
                version_id: document.version_id,
                size: document.size,
                tier: known.tier,
                state: known.state,
                requested_ms: document.requested_ms,
                expires_ms: document.expires_ms,
                failure: document.failure,
            });
        }
        Ok(shown)
    }
}

impl Inner {
    /// What readers of a version are told of its restore; none outside of mode ar.
    pub(super) fn restore_status(&self, entry: &Entry, element: &Element) -> Option<RestoreStatus> {
        let is_archived = element.document().mode == Mode::Ar;
        is_archived.then(|| self.restores.status(entry.seq, self.retention_now_ms())).flatten()
    }

    /// Takes a request. The caller holds the key's lock.
    fn request(
        &self,
        (caller, bucket): (&Caller, &BucketDocument),
        element: &Arc<Element>,
        sidecar: &Sidecar,
        request: &RestoreRequest,
        now_ms: u64,
    ) -> Result<Restoring> {
        if !self.restores.has_room() {
            return Err(Error::new(ErrorKind::Unavailable, "restore object").about(&sidecar.key).because(
                format_args!("{RESTORES_MAX} objects are restored already: ask again when some have expired"),
            ));
        }
        self.check_room(element, sidecar.size)?;
        let document = RestoreDocument {
            id: sidecar.id,
            bucket: sidecar.bucket.clone(),
            key: sidecar.key.clone(),
            version_id: sidecar.version_id,
            seq: sidecar.seq,
            path: sidecar.path.clone(),
            size: sidecar.size,
            requested_by: Arc::clone(&caller.account),
            requested_ms: now_ms,
            days: request.days,
            tier: request.tier,
            state: RestoreState::Requested,
            expires_ms: expiry(now_ms, request.days),
            attempts: 0,
            failure: None,
        };
        self.note_restore(caller, element, sidecar, now_ms)?;
        keep(element, None, &document)?;
        self.restores.put(sidecar.seq, Restore::of(&document, element.id));
        self.tell_of_request(bucket, caller, &document);
        self.work.call();
        Ok(Restoring::Requested)
    }

    /// Keeps restored bytes until a later day, or an earlier one. The caller holds the key's lock.
    fn extend(
        &self,
        caller: &Caller,
        element: &Arc<Element>,
        sidecar: &Sidecar,
        request: &RestoreRequest,
        now_ms: u64,
    ) -> Result<Restoring> {
        let before = RestoreDocument::read(&*element.disk, sidecar.id)?;
        let expires_ms = expiry(now_ms, request.days);
        let document = RestoreDocument { days: request.days, expires_ms, ..before.clone() };
        self.note_restore(caller, element, sidecar, now_ms)?;
        keep(element, Some(&before), &document)?;
        self.restores.change(sidecar.seq, |known| known.expires_ms = document.expires_ms);
        Ok(Restoring::Extended)
    }

    /// Lets a request that waits come before others. The caller holds the key's lock.
    fn hurry(
        &self,
        element: &Arc<Element>,
        sidecar: &Sidecar,
        request: &RestoreRequest,
    ) -> Result<Restoring> {
        let before = RestoreDocument::read(&*element.disk, sidecar.id)?;
        let document = RestoreDocument { tier: request.tier, ..before.clone() };
        keep(element, Some(&before), &document)?;
        self.restores.change(sidecar.seq, |known| {
            known.tier = request.tier;
            known.retry_ms = 0;
        });
        self.work.call();
        Ok(Restoring::Requested)
    }

    /// Keeps in the log who asked for what.
    fn note_restore(
        &self,
        caller: &Caller,
        element: &Arc<Element>,
        sidecar: &Sidecar,
        now_ms: u64,
    ) -> Result<()> {
        let change = Change::Restore {
            bucket: sidecar.bucket.clone(),
            key: sidecar.key.as_str().to_owned(),
            version_seq: sidecar.seq,
        };
        let record = Record::new(self.sequence.draw()?, now_ms, caller, change);
        element.log()?.append(record, &Attachments::default())?.applied();
        Ok(())
    }
}

/// Writes what is known of a restore; where that fails, what was known before is put back, since it may have been
/// written all the same.
fn keep(element: &Element, before: Option<&RestoreDocument>, document: &RestoreDocument) -> Result<()> {
    let disk = &*element.disk;
    document.write(disk).inspect_err(|_| {
        let undone = match before {
            Some(before) => before.write(disk),
            None => RestoreDocument::remove(disk, document.id),
        };
        if let Err(error) = undone {
            tracing::warn!(%error, "a restore that was refused may come about at the next start");
        }
    })
}
