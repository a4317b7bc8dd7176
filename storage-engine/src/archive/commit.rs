//! The commit of versions: log, files, catalog, then what they supersede goes.
//!
//! Several of one element are committed with one sync and shown by one change of the catalog. Each stands
//! for itself all the same: what cannot be published is taken back, and the others are not.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::body::Staging;
use super::multipart::UploadId;
use super::open::Inner;
use super::seal::Touched;
use crate::caller::Caller;
use crate::catalog::{Entry, Update};
use crate::element::{Element, NewPair, PublishError};
use crate::error::{Error, Result};
use crate::log::{Attachments, BodyPlace, Change, Committed, Encoded, Record, Retired};
use crate::mode::Permit;
use crate::name::{BucketName, ObjectKey};
use crate::outbox::Event;
use crate::sidecar::{self, Sidecar};

/// A version that is about to be.
pub(super) struct NewVersion {
    pub(super) caller: Caller,
    pub(super) sidecar: Sidecar,
    pub(super) body: BodyPlace,
    /// The body where it rides in the record.
    pub(super) inline: Bytes,
    pub(super) staging: Staging,
    /// Versions that it replaces.
    pub(super) retire: Vec<Entry>,
    /// The upload that it completes.
    pub(super) upload: Option<Uuid>,
    /// What is told of it, where somebody listens.
    pub(super) event: Option<Event>,
}

/// A version that is written down.
pub(super) struct Prepared<'a> {
    encoded: Encoded,
    version: Version<'a>,
}

/// What is to be done for a version once its record is durable.
struct Version<'a> {
    caller: Caller,
    id: Uuid,
    bucket: BucketName,
    key: ObjectKey,
    entry: Entry,
    change_seq: u64,
    body: BodyPlace,
    attachments: Attachments,
    staging: Staging,
    retire: Vec<Entry>,
    upload: Option<Uuid>,
    event: Option<Event>,
    touched: Touched<'a>,
}

impl Inner {
    /// Makes a version what readers see. The caller holds the bucket, the key's lock and the element's
    /// document.
    ///
    /// *Durability*: durable on return.
    /// *Errors*: those of [`Self::prepare`] and [`Self::commit`].
    pub(super) fn commit_version(
        &self,
        element: &Arc<Element>,
        permit: &Permit,
        version: NewVersion,
    ) -> Result<()> {
        let prepared = self.prepare(element, version)?;
        self.commit(element, permit, vec![((), prepared)]).into_iter().try_for_each(|((), outcome)| outcome)
    }

    /// Writes a version down. The caller holds what [`Self::commit_version`] says until it is committed.
    ///
    /// *Errors*: `MetadataTooLarge`, `Unavailable` where the element of a version that it replaces is absent.
    pub(super) fn prepare(&self, element: &Arc<Element>, version: NewVersion) -> Result<Prepared<'_>> {
        let NewVersion { caller, sidecar, body, inline, staging, retire, upload, event } = version;
        let touched = self.touch(element, &sidecar.path, &retire)?;
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
        let record =
            Record::new(sidecar.placement_seq, sidecar.modified_ms, &caller, change).telling(event.as_ref());
        let encoded = record.encode(&attachments)?;
        let Sidecar { id, bucket, key, placement_seq: change_seq, .. } = sidecar;
        let version = Version {
            caller,
            id,
            bucket,
            key,
            entry,
            change_seq,
            body,
            attachments,
            staging,
            retire,
            upload,
            event,
            touched,
        };
        Ok(Prepared { encoded, version })
    }

    /// Makes versions of several keys what readers see; the outcome of each, in any order. They share one
    /// frame of the log: the caller bounds how many they are.
    ///
    /// *Durability*: what is answered without an error is durable.
    /// *Errors*: `StorageFull`, `Io`, `Unavailable`: then that version is wholly there or wholly absent.
    pub(super) fn commit<T>(
        &self,
        element: &Arc<Element>,
        permit: &Permit,
        versions: Vec<(T, Prepared<'_>)>,
    ) -> Vec<(T, Result<()>)> {
        let (records, versions): (Vec<_>, Vec<_>) = versions
            .into_iter()
            .map(|(tag, Prepared { encoded, version })| (encoded, (tag, version)))
            .unzip();
        match element.log().and_then(|log| log.append_all(records)) {
            Ok(committed) => self.bring_about(element, permit, versions.into_iter().zip(committed)),
            Err(error) => {
                let failed = versions.into_iter().map(|(tag, version)| {
                    self.leave(element, &error, version);
                    (tag, Err(error.again()))
                });
                failed.collect()
            }
        }
    }

    /// Publishes the files of committed versions and shows them; takes back what cannot be published.
    fn bring_about<'a, T>(
        &self,
        element: &Arc<Element>,
        permit: &Permit,
        versions: impl Iterator<Item = ((T, Version<'a>), Committed)>,
    ) -> Vec<(T, Result<()>)> {
        let (mut updates, mut published, mut unpublished) = (Vec::new(), Vec::new(), Vec::new());
        for ((tag, mut version), committed) in versions {
            match version.pair().publish(&*element.disk, permit) {
                Ok(()) => {
                    version.staging.hand_over();
                    version.add_updates(&mut updates);
                    published.push((tag, version, committed));
                }
                Err(failure) => unpublished.push((tag, version, committed, failure)),
            }
        }
        let shown = if updates.is_empty() { Ok(()) } else { self.show(&updates) };
        let mut outcomes = Vec::with_capacity(published.len() + unpublished.len());
        for (tag, mut version, committed) in published {
            if let Err(error) = &shown {
                drop(committed);
                self.leave(element, error, version);
                outcomes.push((tag, Err(error.again())));
                continue;
            }
            self.note_applied(version.change_seq);
            self.tell(version.event.take());
            if version.entry.is_bound {
                self.work.call();
            }
            element.add_used(version.entry.size);
            let completed = version.upload.map(|upload| (element, UploadId::new(upload)));
            self.finish(committed, (&version.retire, Some(&version.entry.place)), completed);
            drop(version.touched);
            outcomes.push((tag, Ok(())));
        }
        // One frame for all of them: each in its own could use up the room that is kept for them.
        let undone = unpublished.iter().filter(|(_, _, _, failure)| failure.is_undone);
        let undone: Vec<_> = undone.map(|(_, version, ..)| (&version.caller, version.change_seq)).collect();
        let taken_back = undone.is_empty() || self.abort(element, &undone);
        for (tag, version, committed, PublishError { error, is_undone }) in unpublished {
            if is_undone && taken_back {
                committed.applied();
            } else {
                drop(committed);
            }
            let error = Error::io("publish", &version.entry.place.path, error);
            self.leave(element, &error, version);
            outcomes.push((tag, Err(error)));
        }
        outcomes
    }

    /// Gives up a version that is not shown. Where the log is latched its record may be durable and names the
    /// staged files: recovery needs them.
    fn leave(&self, element: &Element, error: &Error, mut version: Version<'_>) {
        self.doubts.note(element, error, (&version.bucket, &version.key));
        if element.log().is_ok_and(|log| log.is_latched()) {
            version.staging.hand_over();
        }
    }
}

impl Version<'_> {
    fn pair(&self) -> NewPair<'_> {
        NewPair {
            place: &self.entry.place,
            id: self.id,
            body: self.body,
            inline: &self.attachments.body,
            sidecar: &self.attachments.document,
            overflow: &self.attachments.overflow,
        }
    }

    /// What the catalog is to show: the version in the place of those that it replaces.
    fn add_updates(&self, updates: &mut Vec<Update>) {
        let (bucket, key, change_seq) = (&self.bucket, &self.key, self.change_seq);
        // A version that only moves takes the place of itself.
        let replaced = self.retire.iter().filter(|old| old.seq != self.entry.seq);
        updates.extend(replaced.map(|old| Update::Remove {
            bucket: bucket.clone(),
            key: key.clone(),
            version_seq: old.seq,
            change_seq,
        }));
        updates.push(Update::Put {
            bucket: bucket.clone(),
            key: key.clone(),
            entry: Box::new(self.entry.clone()),
            change_seq,
        });
    }
}
