//! Deleting: for good in buckets without versioning, by a marker in others.

use std::sync::Arc;

use super::body::Staging;
use super::commit::NewVersion;
use super::open::{Archive, Inner};
use super::put::shown_version;
use super::store::{unique_version, uuid_at};
use crate::bucket::{BucketDocument, Versioning, no_such_bucket};
use crate::caller::Caller;
use crate::catalog::{Entry, Update};
use crate::digest::{BlockDigests, ChecksumType};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, BodyPlace, Change, Record};
use crate::mode::{ChangeKind, Mode, Permit};
use crate::name::{BucketName, ObjectKey, StoredName, StoredPath, VersionId};
use crate::outbox::EventKind;
use crate::sidecar::{Blocks, Kind, Sidecar};

/// What a DELETE did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The version removed, or of the marker made; `None` in a bucket that never had versioning.
    pub version_id: Option<VersionId>,
    /// Whether a delete marker was made or removed.
    pub delete_marker: bool,
}

/// Conditions of a delete, decided under the key's lock (API page "Conditional deletes").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteConditions {
    /// `If-Match`: what is deleted has this ETag, without quotes; `*`: it exists.
    pub etag_is: Option<String>,
    /// What was seen of it, where only that is to go: for whoever judged it before, and not for a client.
    pub seen: Option<Seen>,
}

/// A version as it was seen before it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its [`super::object::Object::revision`].
    pub revision: u64,
    /// Whether it was the newest of its key.
    pub is_latest: bool,
}

impl Archive {
    /// Deletes a key, or one version of it. What is not there is no error (API page "DeleteObject")
    /// unless there are conditions; they are compared with the version named, else with the current
    /// object. A delete marker is no object and meets no condition on an ETag. Where the conditions tell what
    /// was seen, no marker is put before a version that may not be deleted.
    ///
    /// *Durability*: on return it stays deleted through a power cut.
    /// *Errors*: `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`, `PreconditionFailed`, `ModeForbids`, `Retained`,
    /// `Unavailable`, `StorageFull`, `Io`.
    pub fn delete(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
        conditions: &DeleteConditions,
    ) -> Result<Deleted> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(bucket)?;
        let held = open_bucket.hold();
        let document = held.as_ref().ok_or_else(|| no_such_bucket(bucket))?;
        let _key = inner.key_locks.lock(bucket, key);
        inner.refuse_if_uncovered()?;
        inner.doubts.refuse(bucket, key)?;
        match version {
            Some(version) => {
                let found = inner.catalog.version(bucket, key, version)?;
                conditions.check(found.as_ref(), ErrorKind::NoSuchVersion, key)?;
                if let (Some(seen), Some(found)) = (conditions.seen, &found) {
                    let newest = inner.catalog.newest(bucket, key)?;
                    seen.check_place(newest.is_some_and(|newest| newest.seq == found.seq), key)?;
                }
                let delete_marker = found.as_ref().is_some_and(Entry::is_marker);
                if let Some(entry) = found {
                    inner.remove_version(caller, document, key, &entry)?;
                }
                Ok(Deleted { version_id: Some(version), delete_marker })
            }
            None => {
                let newest = inner.catalog.newest(bucket, key)?;
                conditions.check(newest.as_ref(), ErrorKind::NoSuchKey, key)?;
                if let (Some(seen), Some(newest)) = (conditions.seen, &newest) {
                    seen.check_place(true, key)?;
                    let change =
                        if newest.is_marker() { ChangeKind::DeleteMarker } else { ChangeKind::Delete };
                    inner.permit_on(newest, change)?;
                }
                if document.versioning != Versioning::Never {
                    return inner.put_marker(caller, document, key);
                }
                if let Some(entry) = newest {
                    inner.remove_version(caller, document, key, &entry)?;
                }
                Ok(Deleted::default())
            }
        }
    }
}

impl DeleteConditions {
    /// Compares the conditions with what is to be deleted; what is not there is of the kind `missing`.
    fn check(&self, found: Option<&Entry>, missing: ErrorKind, key: &ObjectKey) -> Result<()> {
        if let Some(seen) = self.seen {
            let found = found.ok_or_else(|| Error::new(missing, "delete object").about(key))?;
            if found.placement_seq != seen.revision {
                return Err(changed(key));
            }
        }
        let Some(etag) = &self.etag_is else { return Ok(()) };
        match found.filter(|entry| !entry.is_marker()) {
            None => Err(Error::new(missing, "delete object").about(key)),
            Some(entry) if *etag == entry.etag || etag == "*" => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::PreconditionFailed, "delete object")
                .about(key)
                .because("it has another ETag than If-Match names")),
        }
    }
}

impl Seen {
    /// Compares whether the version is the newest of its key.
    fn check_place(self, is_latest: bool, key: &ObjectKey) -> Result<()> {
        if self.is_latest == is_latest { Ok(()) } else { Err(changed(key)) }
    }
}

fn changed(key: &ObjectKey) -> Error {
    Error::new(ErrorKind::PreconditionFailed, "delete object")
        .about(key)
        .because("it was changed meanwhile: look at it again")
}

impl Inner {
    /// Removes a version for good. The caller holds the key's lock.
    pub(super) fn remove_version(
        &self,
        caller: &Caller,
        of: &BucketDocument,
        key: &ObjectKey,
        entry: &Entry,
    ) -> Result<()> {
        let bucket = &of.name;
        let element = self.element(entry.place.element)?;
        let _touched = self.touch(&element, &entry.place.path, &[])?;
        let change = if entry.is_marker() { ChangeKind::DeleteMarker } else { ChangeKind::Delete };
        let document = element.document();
        let _permit: Permit =
            Permit::grant_on(document.mode, change, entry.kept_until_ms, || self.retention_now_ms())?;
        let seq = self.sequence.draw()?;
        let change = Change::Remove {
            place: entry.place.clone(),
            bucket: bucket.clone(),
            key: key.as_str().to_owned(),
            version_seq: entry.seq,
        };
        let now_ms = self.options.clock.now_ms();
        let event = self.event_of_removal(caller, of, (key, entry.version_id), (seq, now_ms));
        let record = Record::new(seq, now_ms, caller, change).telling(event.as_ref());
        let removed = element.log()?.append(record, &Attachments::default()).and_then(|committed| {
            let (bucket, key) = (bucket.clone(), key.clone());
            self.show(&[Update::Remove { bucket, key, version_seq: entry.seq, change_seq: seq }])?;
            Ok(committed)
        });
        let committed = removed.inspect_err(|error| self.doubts.note(&element, error, (bucket, key)))?;
        self.note_applied(seq);
        self.tell(event);
        self.finish(committed, (std::slice::from_ref(entry), None), None);
        Ok(())
    }

    /// Puts a delete marker before the versions of a key. The caller holds the key's lock.
    fn put_marker(&self, caller: &Caller, bucket: &Arc<BucketDocument>, key: &ObjectKey) -> Result<Deleted> {
        // A marker needs no room to speak of: a full disk must not keep a client from deleting.
        let element = self.ingest_element(Mode::Edit, 0).or_else(|_| self.log_element())?;
        let retire = match bucket.versioning {
            Versioning::Suspended => self.catalog.version(&bucket.name, key, VersionId::Null)?,
            Versioning::Never | Versioning::Enabled => None,
        };
        if let Some(old) = &retire {
            self.permit_on(old, ChangeKind::Overwrite)?;
        }
        let document = element.document();
        let permit = Permit::grant(document.mode, ChangeKind::Create)?;
        element.put_bucket(bucket)?;
        let seq = self.sequence.draw()?;
        let version_id = match bucket.versioning {
            Versioning::Enabled => unique_version(seq)?,
            Versioning::Never | Versioning::Suspended => VersionId::Null,
        };
        let now_ms = self.options.clock.now_ms();
        let id = uuid_at(now_ms)?;
        let stored = StoredName::make(key.last_segment(), &caller.account_name, now_ms, id);
        let sidecar = Sidecar {
            kind: Kind::Marker,
            id,
            bucket: bucket.name.clone(),
            key: key.clone(),
            version_id,
            seq,
            placement_seq: seq,
            owner: Arc::clone(&bucket.owner),
            created_by: Arc::clone(&caller.account),
            path: StoredPath::new(now_ms, &stored),
            size: 0,
            sha256: [0; 32],
            etag: String::new(),
            checksums: Vec::new(),
            checksum_type: ChecksumType::FullObject,
            blocks: Blocks::Inline(BlockDigests::default()),
            parts: Arc::from([]),
            upload: None,
            bound_for: None,
            retention: None,
            disposal: None,
            created_ms: now_ms,
            modified_ms: now_ms,
            attributes: Default::default(),
            unknown: Default::default(),
        };
        let kind = EventKind::of_removal(caller, true);
        let version = NewVersion {
            caller: caller.clone(),
            event: self.event_of_version(caller, bucket, (&sidecar, document.mode), Some(kind)),
            sidecar,
            body: BodyPlace::Absent,
            inline: Default::default(),
            staging: Staging::none(Arc::clone(&element), id),
            retire: retire.into_iter().collect(),
            upload: None,
        };
        self.commit_version(&element, &permit, version)?;
        Ok(Deleted { version_id: shown_version(bucket.versioning, version_id), delete_marker: true })
    }
}
