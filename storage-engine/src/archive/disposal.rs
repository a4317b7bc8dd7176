//! Disposal: a version whose time is over goes for good from a mode in which nothing else removes it, and its sidecar
//! gives way to a tombstone.
//!
//! One record commits it. Then the tombstone takes the sidecar's name, the catalog forgets the version, and the other
//! files of the pair and a restored copy go; a stop anywhere is finished at the next start. Bytes on an archive target
//! go after that: the tombstone in the place of the sidecar tells a disposal that is repeated what is left to do.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;

use super::open::{Archive, Inner};
use crate::bucket::{BucketDocument, no_such_bucket};
use crate::caller::Caller;
use crate::catalog::{Entry, Update};
use crate::digest::{BlockDigests, ChecksumType};
use crate::element::{Element, NewPair, PublishError, read_pair, remove_all_but_sidecar};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, BodyPlace, Change, Place, Record};
use crate::mode::{ChangeKind, Mode, Permit};
use crate::name::{BucketName, ElementName, ObjectKey, StoredPath, VersionId};
use crate::restore::RestoreDocument;
use crate::retention::Disposal;
use crate::sidecar::{self, Blocks, Kind, Sidecar};
use crate::target::{self, Item, Target};

/// A version that a disposal may take, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposable {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version.
    pub version: VersionId,
    /// [`super::object::Object::revision`] of what was found: only that goes.
    pub revision: u64,
    /// The element that holds it.
    pub element: ElementName,
    /// Where its data file lies there.
    pub path: StoredPath,
    /// Its mode.
    pub mode: Mode,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// The end of its retention; `None` where it has none.
    pub kept_until_ms: Option<u64>,
}

/// What a disposal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposed {
    /// The version is gone.
    Now,
    /// It went before, by the same run.
    Before,
}

impl Archive {
    /// What a disposal would take of a version.
    ///
    /// *Errors*: `NoSuchBucket`, `NoSuchVersion`, `DeleteMarker`, `Unavailable`, `Corrupt`, `Io`.
    pub fn disposable(&self, bucket: &BucketName, key: &ObjectKey, version: VersionId) -> Result<Disposable> {
        drop(self.enter()?);
        let inner = &self.inner;
        let open_bucket = inner.buckets.get(bucket)?;
        let held = open_bucket.hold();
        held.as_ref().ok_or_else(|| no_such_bucket(bucket))?;
        let _key = inner.key_locks.lock(bucket, key);
        let entry = inner.entry_in(bucket, key, Some(version))?;
        let (sidecar, element) = inner.sidecar_of(&entry)?;
        let mode = element.document().mode;
        Ok(Disposable {
            bucket: sidecar.bucket,
            key: sidecar.key,
            version,
            revision: sidecar.placement_seq,
            element: element.name.clone(),
            path: sidecar.path,
            mode,
            size: sidecar.size,
            sha256: sidecar.sha256,
            created_ms: sidecar.created_ms,
            kept_until_ms: sidecar.retention.map(|retention| retention.until_ms),
        })
    }

    /// Removes a version for good from an element of mode rw, ro or ar, with its bytes on the archive target, and leaves
    /// a tombstone that says what it was and why it went. One that went before by the same run is left to rest; bytes
    /// that are still on the target go then.
    ///
    /// *Durability*: on return it is gone and its tombstone there through a power cut.
    /// *Errors*: `Retained` where it is kept; `PreconditionFailed` where it is not what was found; `ModeForbids` in edit;
    /// `Unsupported` where the element's movers have no command that removes; `NoSuchBucket`, `NoSuchVersion`,
    /// `InvalidArgument`, `StorageFull`, `Unavailable`, `Corrupt`, `Io`. After an error of the target the version is
    /// gone all the same: asked again, the target's bytes go.
    pub fn dispose(&self, caller: &Caller, of: &Disposable, disposal: &Disposal) -> Result<Disposed> {
        Disposal::check_reason(&disposal.reason)?;
        let (disposed, element, tombstone) = self.bury(caller, of, disposal)?;
        // A mover may take long, and nobody waits for it: the path is never used again.
        self.inner.at_target(&element, &tombstone, |target, item| target.remove(item))?;
        Ok(disposed)
    }

    fn bury(
        &self,
        caller: &Caller,
        of: &Disposable,
        disposal: &Disposal,
    ) -> Result<(Disposed, Arc<Element>, Sidecar)> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(&of.bucket)?;
        let held = open_bucket.hold();
        let settings = held.as_ref().ok_or_else(|| no_such_bucket(&of.bucket))?;
        let _key = inner.key_locks.lock(&of.bucket, &of.key);
        inner.refuse_if_uncovered()?;
        inner.doubts.refuse(&of.bucket, &of.key)?;
        let Some(entry) = inner.catalog.version(&of.bucket, &of.key, of.version)? else {
            let (element, tombstone) = inner.tombstone_of(of, disposal)?;
            return Ok((Disposed::Before, element, tombstone));
        };
        if entry.is_marker() {
            return Err(Error::new(ErrorKind::DeleteMarker, "dispose of version").about(&of.key));
        }
        if entry.placement_seq != of.revision {
            return Err(Error::new(ErrorKind::PreconditionFailed, "dispose of version")
                .about(&of.key)
                .because("it was changed or moved since it was proposed: propose it again"));
        }
        let (known, element) = inner.sidecar_of(&entry)?;
        inner.at_target(&element, &known, |target, item| target.check_removal(item))?;
        let buried = inner.bury(caller, settings, (&entry, known, &element), disposal);
        let tombstone =
            buried.inspect_err(|error| inner.doubts.note(&element, error, (&of.bucket, &of.key)))?;
        Ok((Disposed::Now, element, tombstone))
    }
}

impl Inner {
    /// Puts a tombstone in the place of a version. The caller holds the bucket and the key's lock.
    fn bury(
        &self,
        caller: &Caller,
        bucket: &BucketDocument,
        (entry, known, element): (&Entry, Sidecar, &Arc<Element>),
        disposal: &Disposal,
    ) -> Result<Sidecar> {
        let _touched = self.touch(element, &entry.place.path, &[])?;
        let document = element.document();
        let now_ms = || self.retention_now_ms();
        let permit = Permit::grant_on(document.mode, ChangeKind::Dispose, entry.kept_until_ms, now_ms)?;
        let (seq, now_ms) = (self.sequence.draw()?, self.options.clock.now_ms());
        let tombstone = Sidecar {
            kind: Kind::Tombstone,
            placement_seq: seq,
            modified_ms: now_ms,
            disposal: Some(Disposal { disposed_ms: now_ms, ..disposal.clone() }),
            checksums: Vec::new(),
            checksum_type: ChecksumType::FullObject,
            blocks: Blocks::Inline(BlockDigests::default()),
            parts: Arc::from([]),
            upload: None,
            bound_for: None,
            attributes: Default::default(),
            unknown: Default::default(),
            ..known
        };
        let (bytes, _) = sidecar::encode(&tombstone)?;
        let attachments = Attachments { document: bytes.into(), ..Attachments::default() };
        let (bucket_name, key) = (&tombstone.bucket, &tombstone.key);
        let event = self.event_of_removal(caller, bucket, (key, entry.version_id), (seq, now_ms));
        let change = Change::Dispose {
            place: entry.place.clone(),
            bucket: bucket_name.clone(),
            key: key.as_str().to_owned(),
            version_seq: entry.seq,
        };
        let record = Record::new(seq, now_ms, caller, change).telling(event.as_ref());
        let committed = element.log()?.append(record, &attachments)?;
        let place = bare(&entry.place);
        let pair = stone(&place, &tombstone, &attachments.document);
        if let Err(PublishError { error, is_undone }) = pair.annotate(&*element.disk, false, &permit) {
            if is_undone && self.abort(element, &[(caller, seq)]) {
                committed.applied();
            }
            return Err(Error::io("put tombstone", &entry.place.path, error));
        }
        self.show(&[Update::Remove {
            bucket: bucket_name.clone(),
            key: key.clone(),
            version_seq: entry.seq,
            change_seq: seq,
        }])?;
        self.note_applied(seq);
        self.tell(event);
        element.subtract_used(entry.size);
        self.restores.forget(entry.seq);
        self.end(committed, clear(element, &entry.place, tombstone.id));
        Ok(tombstone)
    }

    /// Does again what a stop may have left undone of a disposal.
    pub(super) fn bury_again(
        &self,
        element: &Element,
        (place, document): (&Place, &Bytes),
        update: Update,
    ) -> Result<()> {
        let tombstone = sidecar::decode(document, &place.path.sidecar(), |_| Ok(Vec::new()))?;
        let place_of_it = bare(place);
        stone(&place_of_it, &tombstone, document)
            .publish_again(&*element.disk)
            .map_err(|error| Error::io("put tombstone", &place.path, error))?;
        self.catalog.apply(&[update])?;
        clear(element, place, tombstone.id)
    }

    /// The tombstone of a version that the run has disposed of.
    ///
    /// *Errors*: `NoSuchVersion` where there is none.
    fn tombstone_of(&self, of: &Disposable, disposal: &Disposal) -> Result<(Arc<Element>, Sidecar)> {
        let gone = || {
            Error::new(ErrorKind::NoSuchVersion, "dispose of version")
                .about(&of.key)
                .because("it is not there, and this run has not disposed of it")
        };
        let element = self.element_named(&of.element)?;
        let sidecar = match read_pair(&*element.disk, &of.path.sidecar()) {
            Ok((sidecar, _)) => sidecar,
            Err(error) if error.is_missing_file() => return Err(gone()),
            Err(error) => return Err(error),
        };
        let is_its = sidecar.kind == Kind::Tombstone
            && (&sidecar.bucket, &sidecar.key, sidecar.version_id) == (&of.bucket, &of.key, of.version)
            && sidecar.disposal.as_ref().is_some_and(|known| known.run == disposal.run);
        if is_its { Ok((element, sidecar)) } else { Err(gone()) }
    }

    /// Does something about a version at the archive target of its element, where that has one. Its bytes are not read.
    fn at_target(
        &self,
        element: &Element,
        sidecar: &Sidecar,
        work: impl FnOnce(&dyn Target, &Item<'_>) -> Result<()>,
    ) -> Result<()> {
        if element.document().target.is_none() {
            return Ok(());
        }
        let is_stopped = || self.is_closing.load(Ordering::Acquire);
        let target = target::open(&self.options, element, &is_stopped)?;
        let read = |_| Ok(Bytes::new());
        work(&*target, &Item { element, sidecar, overflow: None, read: &read, is_stopped: &is_stopped })
    }
}

/// The place of a tombstone: it has neither overflow sidecar nor block digests.
fn bare(place: &Place) -> Place {
    Place { overflow: None, blocks: None, ..place.clone() }
}

fn stone<'a>(place: &'a Place, tombstone: &Sidecar, document: &'a Bytes) -> NewPair<'a> {
    static NOTHING: Bytes = Bytes::new();
    let (inline, overflow) = (&NOTHING, &NOTHING);
    NewPair { place, id: tombstone.id, body: BodyPlace::Absent, inline, sidecar: document, overflow }
}

/// Removes every other file of a pair, and its restored copy.
fn clear(element: &Element, place: &Place, id: uuid::Uuid) -> Result<()> {
    RestoreDocument::remove(&*element.disk, id)?;
    remove_all_but_sidecar(&*element.disk, place)
        .map_err(|error| Error::io("remove what was disposed of", &place.path, error))
}
