//! Recovery: what the logs hold beyond the last checkpoint is applied again, in the archive's order.
//!
//! Every step may have happened before the stop, in part or whole, so that each is done again in a
//! way that ends the same: files that ride in the log are written anew, staged bodies renamed where
//! they still are, what was superseded removed where it still is.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::sync::{Arc, PoisonError};

use super::checkpoint::CheckpointMark;
use super::multipart::UploadId;
use super::open::{ElementSlot, Inner};
use super::upload_store;
use crate::bucket::{BUCKETS_DIR, BucketDocument};
use crate::catalog::{Entry, Update};
use crate::disk::{Disk, EntryKind, PARTIAL_SUFFIX};
use crate::element::{Element, ElementDocument, Found, NewPair, STAGING_DIR, remove_overflow, scan};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, BodyPlace, Change, Log, Place, Record, Recovered, Retired, read};
use crate::name::{ElementId, ObjectKey, StoredPath};
use crate::sidecar::{self, Kind};

/// Versions loaded into the catalog at once, in sorted order.
const LOAD_ROWS_MAX: usize = 50_000;

struct Replayed {
    element: Arc<Element>,
    record: Record,
    attachments: Attachments,
}

/// What later changes of the logs do to the pairs of earlier ones.
#[derive(Default)]
struct Fates {
    removed: BTreeSet<(ElementId, StoredPath)>,
    /// Those whose bytes are archived.
    released: BTreeSet<(ElementId, StoredPath)>,
}

impl Fates {
    fn is_removed(&self, place: &Place) -> bool {
        self.removed.contains(&(place.element, place.path.clone()))
    }

    fn is_released(&self, place: &Place) -> bool {
        self.released.contains(&(place.element, place.path.clone()))
    }
}

impl Inner {
    /// Brings files and catalog to what the logs say, and starts the logs.
    ///
    /// *Errors*: `Corrupt` where a log or a staged body that it names is damaged or missing, `NewerFormat`,
    /// `Io`.
    pub(super) fn recover(&self) -> Result<()> {
        let mut mark = self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle_absent(mark.is_clean)?;
        self.sequence.rise_above(self.catalog.last_seq()?);
        let elements = self.ready_elements();
        self.restore_unsealed(&elements)?;
        for element in &elements {
            for document in element.read_buckets()? {
                self.buckets.admit(document);
            }
        }
        let scanned = self.scan_uncovered(&elements)?;
        let (changes, recovered) = self.read_logs(&elements, &mark)?;
        let count = changes.len();
        for (element, recovered) in elements.iter().zip(&recovered) {
            recovered.sync(&*element.disk)?;
        }
        self.replay(changes, mark.events)?;
        if scanned {
            for place in self.catalog.drop_superseded_nulls()? {
                tracing::warn!(path = %place.path, "a superseded version lies beside its successor; artstore fsck reports it");
            }
        }
        self.renew_bucket_documents(&elements);
        self.checkpoint_recovered(&mut mark, &elements, &recovered)?;
        sweep_partial(&*self.disk, "control")?;
        for (element, mut recovered) in elements.iter().zip(recovered) {
            recovered.free(&*element.disk)?;
            sweep_staging(&*element.disk)?;
            sweep_partial(&*element.disk, BUCKETS_DIR)?;
            ElementDocument::sweep(&*element.disk)?;
            self.admit_uploads(element)?;
            self.admit_restores(element)?;
            if element.document().max_size_bytes.is_some() {
                element.add_used(self.catalog.census(element.id)?.bytes);
            }
            element.set_log(Log::start(
                Arc::clone(&element.disk),
                element.id,
                (recovered.next_segment, recovered.next_frame),
                recovered.live,
                recovered.spares,
                Arc::clone(&self.bell),
            )?);
        }
        mark.is_clean = false;
        mark.write(&*self.disk)?;
        if count > 0 || scanned {
            tracing::info!(changes = count, scanned, "the archive was recovered");
        }
        Ok(())
    }

    /// Brings the bucket documents of elements that were away while settings changed up to date, so that
    /// each element tells the same alone. Where that fails, as on a full disk, the later document counts all
    /// the same, and the next object there brings it along.
    fn renew_bucket_documents(&self, elements: &[Arc<Element>]) {
        for document in self.buckets.all() {
            for element in elements.iter().filter(|element| element.holds_bucket(&document.name)) {
                if let Err(error) = element.put_bucket(&document) {
                    tracing::warn!(element = %element.name, bucket = %document.name, %error, "an old bucket document could not be renewed");
                }
            }
        }
    }

    /// Takes in the open uploads of an element. Those of a bucket that was deleted are over.
    fn admit_uploads(&self, element: &Arc<Element>) -> Result<()> {
        for upload in upload_store::read_all(element)? {
            let is_there =
                self.buckets.get(&upload.upload.bucket).is_ok_and(|bucket| bucket.hold().is_some());
            if is_there {
                self.uploads.admit(upload, Arc::clone(element))?;
            } else {
                tracing::info!(upload = %upload.upload.id, "an upload whose bucket was deleted is removed");
                upload_store::remove(&*element.disk, upload.upload.id)?;
            }
        }
        Ok(())
    }

    /// Makes what was replayed durable before any log is written again: the last frame of a log may be
    /// whole in memory and not on the disk, and the frame behind it must never be there without it.
    ///
    /// The folders that an interrupted first start made become durable here as well.
    fn checkpoint_recovered(
        &self,
        mark: &mut CheckpointMark,
        elements: &[Arc<Element>],
        recovered: &[Recovered],
    ) -> Result<()> {
        for element in elements {
            element.disk.sync_all().map_err(|error| Error::io("sync element", &element.name, error))?;
        }
        self.disk.sync_all().map_err(|error| Error::io("sync", "data directory", error))?;
        self.outbox.persist()?;
        mark.number += 1;
        mark.is_clean = true;
        mark.events = self.outbox.written();
        for (element, recovered) in elements.iter().zip(recovered) {
            mark.first_segments.insert(element.id.to_string(), recovered.next_segment);
        }
        self.catalog.persist(mark.number, self.sequence.last(), &self.known_elements())?;
        mark.write(&*self.disk)
    }

    /// Decides for each absent element whether the catalog knows everything on it: only where it was
    /// covered and the archive was closed properly.
    fn settle_absent(&self, was_clean: bool) -> Result<()> {
        let mut elements = self.elements.write().unwrap_or_else(PoisonError::into_inner);
        for (id, slot) in elements.iter_mut() {
            if let ElementSlot::Absent { known_mode, .. } = slot {
                if !was_clean {
                    self.catalog.clear_covered(*id)?;
                }
                *known_mode = self.catalog.covered_mode(*id)?;
            }
        }
        Ok(())
    }

    /// Loads what lies on elements that the catalog does not cover; says whether there was one.
    fn scan_uncovered(&self, elements: &[Arc<Element>]) -> Result<bool> {
        let mut scanned = false;
        for element in elements {
            if self.catalog.covers(element.id)? {
                continue;
            }
            scanned = true;
            let mut rows = Vec::new();
            scan(&*element.disk, &mut |found| {
                match found {
                    Found::Sidecar(sidecar, overflow) => {
                        self.sequence.rise_above(sidecar.seq.max(sidecar.placement_seq));
                        if sidecar.kind == Kind::Tombstone {
                            return Ok(());
                        }
                        let entry = Entry::of(&sidecar, element.id, overflow.as_deref());
                        rows.push((sidecar.bucket.clone(), sidecar.key.clone(), entry));
                    }
                    Found::Unreadable(path, error) => {
                        tracing::error!(path, %error, "a sidecar cannot be read; its object is not served: run artstore fsck");
                    }
                }
                if rows.len() >= LOAD_ROWS_MAX { self.catalog.load(&mut rows) } else { Ok(()) }
            })?;
            self.catalog.load(&mut rows)?;
            self.catalog.set_covered(element.id, element.document().mode)?;
        }
        Ok(scanned)
    }

    /// Reads the logs of all elements: the changes in the archive's order, without those taken back.
    fn read_logs(
        &self,
        elements: &[Arc<Element>],
        mark: &CheckpointMark,
    ) -> Result<(Vec<Replayed>, Vec<Recovered>)> {
        let (mut changes, mut recovered, mut aborted) = (Vec::new(), Vec::new(), HashSet::new());
        for element in elements {
            recovered.push(read(
                &*element.disk,
                element.id,
                mark.log_start(element.id),
                |record, attachments| {
                    self.sequence.rise_above(record.seq);
                    self.touch_replayed(&record.change);
                    match record.change {
                        Change::Abort { aborted: seq } => {
                            aborted.insert(seq);
                        }
                        _ => changes.push(Replayed { element: Arc::clone(element), record, attachments }),
                    }
                    Ok(())
                },
            )?);
        }
        changes.sort_by_key(|change| change.record.seq);
        for change in changes.extract_if(.., |change| aborted.contains(&change.record.seq)) {
            self.clear_aborted(&change)?;
        }
        Ok((changes, recovered))
    }

    /// Removes what a change that was taken back may have left after all: its removal was not synced.
    fn clear_aborted(&self, change: &Replayed) -> Result<()> {
        match &change.record.change {
            Change::Put { place, .. } => self.remove_place(place, None).map(drop),
            Change::Annotate { place, keeps_overflow: false, .. } => {
                let name = place.overflow.as_deref();
                name.map_or(Ok(()), |name| clear_overflow(&change.element, place, name))
            }
            _ => Ok(()),
        }
    }

    fn replay(&self, mut changes: Vec<Replayed>, told: u64) -> Result<()> {
        let mut fates = Fates::default();
        for change in &changes {
            if let Change::Release { place } = &change.record.change {
                fates.released.insert((place.element, place.path.clone()));
            }
            let places: Vec<&Place> = match &change.record.change {
                Change::Put { retire, .. } => retire.iter().map(|old| &old.place).collect(),
                Change::Remove { place, .. } | Change::Dispose { place, .. } => vec![place],
                Change::Annotate { .. }
                | Change::BucketPut { .. }
                | Change::BucketRemove { .. }
                | Change::Abort { .. }
                | Change::Mode { .. }
                | Change::Restore { .. }
                | Change::Release { .. }
                | Change::Note => vec![],
            };
            fates.removed.extend(places.into_iter().map(|place| (place.element, place.path.clone())));
        }
        let events = changes.iter_mut().filter_map(|change| change.record.event.take().map(|event| *event));
        let events = events.collect();
        for change in changes {
            let seq = change.record.seq;
            self.replay_one(change, &fates)?;
            self.note_applied(seq);
        }
        self.tell_again(events, told)
    }

    fn replay_one(&self, change: Replayed, fates: &Fates) -> Result<()> {
        let Replayed { element, record, attachments } = change;
        match &record.change {
            Change::Put { place, id, body, retire, upload } => {
                let is_current = !fates.is_removed(place);
                if is_current {
                    let pair = NewPair {
                        place,
                        id: *id,
                        body: *body,
                        inline: &attachments.body,
                        sidecar: &attachments.document,
                        overflow: &attachments.overflow,
                    };
                    let published = match pair.publish_again(&*element.disk) {
                        // Its bytes are on the archive target alone.
                        Err(error) if error.kind() == io::ErrorKind::NotFound && fates.is_released(place) => {
                            NewPair { body: BodyPlace::Absent, ..pair }.publish_again(&*element.disk)
                        }
                        other => other,
                    };
                    published.map_err(|error| lost(&element, place, *body, error))?;
                }
                self.apply_put(element.id, place, &attachments, retire, (record.seq, is_current))?;
                for old in retire {
                    self.remove_place(&old.place, Some(place))?;
                }
                match upload {
                    Some(upload) => upload_store::remove(&*element.disk, UploadId::new(*upload)),
                    None => Ok(()),
                }
            }
            Change::Annotate { place, id, old_overflow, .. } => {
                let is_current = !fates.is_removed(place);
                if is_current {
                    let pair = NewPair {
                        place,
                        id: *id,
                        body: BodyPlace::Absent,
                        inline: &attachments.body,
                        sidecar: &attachments.document,
                        overflow: &attachments.overflow,
                    };
                    pair.publish_again(&*element.disk)
                        .map_err(|error| lost(&element, place, BodyPlace::Absent, error))?;
                }
                self.apply_put(element.id, place, &attachments, &[], (record.seq, is_current))?;
                old_overflow.as_deref().map_or(Ok(()), |name| clear_overflow(&element, place, name))
            }
            Change::Remove { place, bucket, key, version_seq } => {
                self.catalog.apply(&[Update::Remove {
                    bucket: bucket.clone(),
                    key: ObjectKey::parse(key)?,
                    version_seq: *version_seq,
                    change_seq: record.seq,
                }])?;
                self.remove_place(place, None).map(drop)
            }
            Change::Dispose { place, bucket, key, version_seq } => {
                let update = Update::Remove {
                    bucket: bucket.clone(),
                    key: ObjectKey::parse(key)?,
                    version_seq: *version_seq,
                    change_seq: record.seq,
                };
                self.bury_again(&element, (place, &attachments.document), update)
            }
            Change::BucketPut { .. } => {
                let document = BucketDocument::decode(&attachments.document, "log record")?;
                let holders = self.holders_of(&document.name, &element);
                holders.iter().try_for_each(|holder| holder.put_bucket(&document))?;
                self.buckets.admit(document);
                Ok(())
            }
            Change::BucketRemove { bucket } => {
                for element in self.ready_elements() {
                    element.remove_bucket(bucket)?;
                }
                if let Ok(open) = self.buckets.get(bucket) {
                    *open.hold_alone() = None;
                }
                self.buckets.forget_deleted(bucket);
                Ok(())
            }
            Change::Mode { to, .. } => self.replay_mode(&element, *to),
            Change::Release { place } => super::archiving::remove_data(&*element.disk, place)
                .map_err(|error| Error::io("remove archived bytes", &place.path, error)),
            Change::Abort { .. } | Change::Restore { .. } | Change::Note => Ok(()),
        }
    }

    /// Applies a version to the catalog; one that a later change removes only takes the place of others.
    fn apply_put(
        &self,
        element: ElementId,
        place: &Place,
        attachments: &Attachments,
        retire: &[Retired],
        (change_seq, is_current): (u64, bool),
    ) -> Result<()> {
        let what = place.path.sidecar();
        let sidecar = sidecar::decode(&attachments.document, &what, |_| Ok(attachments.overflow.to_vec()))?;
        let entry = Entry::of(&sidecar, element, place.overflow.as_deref());
        let (bucket, key) = (sidecar.bucket, sidecar.key);
        let remove = |old: &Retired| Update::Remove {
            bucket: bucket.clone(),
            key: key.clone(),
            version_seq: old.version_seq,
            change_seq,
        };
        let mut updates: Vec<Update> = retire.iter().map(remove).collect();
        if is_current {
            updates.push(Update::Put { bucket, key, entry: Box::new(entry), change_seq });
        }
        self.catalog.apply(&updates)
    }
}

fn clear_overflow(element: &Element, place: &Place, name: &str) -> Result<()> {
    remove_overflow(&*element.disk, place, name)
        .map_err(|error| Error::io("remove overflow sidecar", &place.path, error))
}

fn lost(element: &Element, place: &Place, body: BodyPlace, error: io::Error) -> Error {
    if body == BodyPlace::Staged && error.kind() == io::ErrorKind::NotFound {
        return Error::new(ErrorKind::Corrupt, "recover").about(&place.path).because(format_args!(
            "the log of element {} commits this object and its staged bytes are gone: bring back .artstore/staging",
            element.name
        ));
    }
    Error::io("recover", &place.path, error)
}

/// Removes documents that a stop left half written in a folder and the folders below it.
fn sweep_partial(disk: &dyn Disk, folder: &str) -> Result<()> {
    for entry in disk.read_dir(folder).map_err(|error| Error::io("read folder", folder, error))? {
        let path = format!("{folder}/{}", entry.name);
        match entry.kind {
            EntryKind::Dir => sweep_partial(disk, &path)?,
            EntryKind::File if path.ends_with(PARTIAL_SUFFIX) => {
                disk.remove(&path).map_err(|error| Error::io("sweep", path, error))?;
            }
            EntryKind::File | EntryKind::Other => {}
        }
    }
    Ok(())
}

/// Removes what a stop left in staging: the log names none of it any more.
fn sweep_staging(disk: &dyn Disk) -> Result<()> {
    for entry in disk.read_dir(STAGING_DIR).map_err(|error| Error::io("read folder", STAGING_DIR, error))? {
        let path = format!("{STAGING_DIR}/{}", entry.name);
        disk.remove(&path).map_err(|error| Error::io("sweep", path, error))?;
    }
    Ok(())
}
