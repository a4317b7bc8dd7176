//! The commit of a version: log, files, catalog, then what it supersedes goes.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::body::Staging;
use super::multipart::UploadId;
use super::open::Inner;
use super::upload_store;
use crate::caller::Caller;
use crate::catalog::{Entry, Update};
use crate::element::{Element, NewPair, PublishError, remove_pair};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, BodyPlace, Change, Committed, Place, Record, Retired};
use crate::mode::Permit;
use crate::name::VersionId;
use crate::sidecar::{self, Sidecar};

/// A version that is about to be.
pub(super) struct NewVersion {
    pub(super) sidecar: Sidecar,
    pub(super) body: BodyPlace,
    /// The body where it rides in the record.
    pub(super) inline: Bytes,
    /// Versions that it replaces.
    pub(super) retire: Vec<Entry>,
    /// The upload that it completes.
    pub(super) upload: Option<Uuid>,
}

impl Inner {
    /// Makes a version what readers see. The caller holds the bucket, the key's lock and the element's
    /// document.
    ///
    /// *Durability*: durable on return.
    /// *Errors*: `MetadataTooLarge` before anything is written; `StorageFull`, `Io`, `Unavailable`:
    /// then the version is wholly there or wholly absent.
    pub(super) fn commit_version(
        &self,
        caller: &Caller,
        element: &Arc<Element>,
        permit: &Permit,
        version: NewVersion,
        staging: &mut Staging,
    ) -> Result<()> {
        let NewVersion { sidecar, body, inline, retire, upload } = version;
        let _touched = self.touch(element, &sidecar.path, &retire)?;
        let (document, overflow) = sidecar::encode(&sidecar)?;
        let (overflow_name, overflow_bytes) =
            overflow.map_or((None, Vec::new()), |o| (Some(o.name), o.bytes));
        let entry = Entry::of(&sidecar, element.id, overflow_name.as_deref());
        let attachments =
            Attachments { document: document.into(), overflow: overflow_bytes.into(), body: inline };
        let change = Change::Put {
            place: entry.place.clone(),
            id: sidecar.id,
            body,
            retire: retire
                .iter()
                .map(|old| Retired { place: old.place.clone(), version_seq: old.seq })
                .collect(),
            upload,
        };
        let record = Record::new(sidecar.placement_seq, sidecar.modified_ms, caller, change);
        let log = element.log()?;
        let committed = log.append(record, &attachments);
        if committed.is_err() && log.is_latched() {
            // The record may be durable and names the staged files: recovery needs them.
            staging.hand_over();
        }
        let committed = committed?;
        let pair = NewPair {
            place: &entry.place,
            id: sidecar.id,
            body,
            inline: &attachments.body,
            sidecar: &attachments.document,
            overflow: &attachments.overflow,
        };
        let published = pair.publish(&*element.disk, permit);
        let what = (&entry.place, sidecar.placement_seq);
        let published = self.settle(caller, element, what, committed, published);
        if published.is_ok() || log.is_latched() {
            staging.hand_over();
        }
        let committed = published?;
        let change_seq = sidecar.placement_seq;
        let (bucket, key) = (sidecar.bucket, sidecar.key);
        let mut updates: Vec<Update> = Vec::with_capacity(1 + retire.len());
        for old in &retire {
            updates.push(Update::Remove {
                bucket: bucket.clone(),
                key: key.clone(),
                version_seq: old.seq,
                change_seq,
            });
        }
        updates.push(Update::Put { bucket, key, entry: Box::new(entry), change_seq });
        self.show(&updates)?;
        self.note_applied(change_seq);
        element.add_used(sidecar.size);
        let completed = upload.map(|upload| (element, UploadId::new(upload)));
        self.finish(committed, &retire, completed);
        Ok(())
    }

    /// Shows a change to readers. The caller holds the lock of its key.
    pub(super) fn show(&self, updates: &[Update]) -> Result<()> {
        for Update::Put { bucket, key, .. } | Update::Remove { bucket, key, .. } in updates {
            self.recent.forget(bucket, key);
        }
        self.catalog.apply(updates)
    }

    /// Takes a committed change back where its files could not be published. Where that fails too the log
    /// is latched: the change stands in it, and only recovery can bring it about.
    pub(super) fn settle(
        &self,
        caller: &Caller,
        element: &Arc<Element>,
        (place, seq): (&Place, u64),
        committed: Committed,
        published: Result<(), PublishError>,
    ) -> Result<Committed> {
        let Err(PublishError { error, is_undone }) = published else { return Ok(committed) };
        let error = Error::io("publish", &place.path, error);
        if is_undone && self.abort(caller, element, seq, &error) {
            committed.applied();
        }
        Err(error)
    }

    /// Removes what a change left behind it. It is committed and visible: where that fails, its answer
    /// stands, and the record stays in the log for the next start to finish.
    pub(super) fn finish(
        &self,
        committed: Committed,
        retired: &[Entry],
        completed: Option<(&Arc<Element>, UploadId)>,
    ) {
        let finished = self.retire(retired.iter()).and_then(|()| match completed {
            Some((element, upload)) => upload_store::remove_document(&*element.disk, upload),
            None => Ok(()),
        });
        self.end(committed, finished);
    }

    /// Ends a change whose files are published; `finished` says whether it left nothing behind it.
    pub(super) fn end(&self, committed: Committed, finished: Result<()>) {
        match finished {
            Ok(()) => committed.applied(),
            Err(error) => {
                tracing::error!(%error, "what a change left could not be removed; the element is read-only until the server is restarted");
            }
        }
    }

    /// Takes a committed change back that could not be published: an abort record, so that recovery
    /// does not bring it either. Says whether it is durable.
    pub(super) fn abort(&self, caller: &Caller, element: &Arc<Element>, seq: u64, error: &Error) -> bool {
        let aborted = self.sequence.draw().and_then(|own| {
            let record =
                Record::new(own, self.options.clock.now_ms(), caller, Change::Abort { aborted: seq });
            element.log()?.append(record, &Attachments::default())
        });
        match aborted {
            Ok(abort) => {
                abort.applied();
                true
            }
            Err(second) => {
                tracing::error!(element = %element.name, %error, %second, "a change could neither be published nor taken back; the element is read-only until the server is restarted");
                false
            }
        }
    }

    /// Removes the files of versions that nobody can reach any more.
    ///
    /// *Errors*: `Io`; the change they gave way to is committed all the same.
    fn retire<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Result<()> {
        for entry in entries {
            let element = self.element(entry.place.element)?;
            remove_pair(&*element.disk, &entry.place)
                .map_err(|error| Error::io("remove superseded files", &entry.place.path, error))?;
            element.subtract_used(entry.size);
        }
        Ok(())
    }

    /// Removes files at places found in the log.
    pub(super) fn remove_places(&self, places: &[Place]) -> Result<()> {
        for place in places {
            let element = self.element(place.element)?;
            remove_pair(&*element.disk, place)
                .map_err(|error| Error::io("remove files", &place.path, error))?;
        }
        Ok(())
    }
}

/// A version id of its own for change `seq`.
///
/// *Errors*: `Io` where the system gives no random bytes.
pub(super) fn unique_version(seq: u64) -> Result<VersionId> {
    let nonce =
        getrandom::u64().map_err(|error| Error::new(ErrorKind::Io, "draw version id").caused_by(error))?;
    Ok(VersionId::Unique { seq, nonce })
}

/// Random bytes for an id.
pub(super) fn random_uuid_bytes() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(ErrorKind::Io, "draw id").caused_by(error))?;
    Ok(bytes)
}

/// A UUIDv7 for something made at `now_ms` (RFC 9562, section 5.7).
pub(super) fn uuid_at(now_ms: u64) -> Result<Uuid> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| Error::new(ErrorKind::Io, "draw id").caused_by(error))?;
    Ok(uuid::Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid())
}
