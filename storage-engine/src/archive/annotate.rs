//! Annotating: what a client says about a version is replaced, its data file stays.

use std::sync::Arc;

use bytes::Bytes;

use super::object::Attributes;
use super::open::{Archive, Inner};
use super::put::Stored;
use crate::bucket::no_such_bucket;
use crate::caller::Caller;
use crate::catalog::{Entry, Update};
use crate::element::{Element, NewPair, PublishError, remove_overflow};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, BodyPlace, Change, Record};
use crate::mode::{ChangeKind, Mode, Permit};
use crate::name::{BucketName, ObjectKey, VersionId};
use crate::outbox::{Event, EventKind};
use crate::sidecar::{self, OVERFLOW_BYTES_MAX, Overflow, Sidecar};

/// What is to be said about a version from now on.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The version; `None` for the current one.
    pub version: Option<VersionId>,
    /// [`super::object::Object::revision`] of what the caller saw.
    pub revision: u64,
    /// All attributes, those that stay among them.
    pub attributes: Attributes,
    /// Whether the version's time is renewed where the mode is edit, as by a copy of an object onto itself.
    pub renews_time: bool,
}

impl Archive {
    /// Replaces what a client says about a version: metadata, content headers, tags. Bytes, ETag and
    /// version id stay, and in rw the version's time.
    ///
    /// *Durability*: on return the annotation survives a power cut.
    /// *Concurrency*: a reader sees what was said before or what is said now.
    /// *Errors*: `PreconditionFailed` where the version has another revision by now: read it again;
    /// `NoSuchBucket`, `NoSuchKey`, `KeyDeleted`, `NoSuchVersion`, `DeleteMarker`, `ModeForbids`,
    /// `MetadataTooLarge`, `StorageFull`, `Unavailable`, `Corrupt`, `Io`.
    pub fn annotate(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        key: &ObjectKey,
        annotation: Annotation,
    ) -> Result<Stored> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(bucket)?;
        let held = open_bucket.hold();
        let settings = held.as_ref().ok_or_else(|| no_such_bucket(bucket))?;
        let versioning = settings.versioning;
        let _key = inner.key_locks.lock(bucket, key);
        inner.doubts.refuse(bucket, key)?;
        let old = inner.entry_in(bucket, key, annotation.version)?;
        let (mut sidecar, element) = inner.sidecar_of(&old)?;
        if sidecar.placement_seq != annotation.revision {
            return Err(Error::new(ErrorKind::PreconditionFailed, "annotate object")
                .about(key)
                .because("it was changed meanwhile: read it again"));
        }
        inner.permit_on(&old, ChangeKind::Annotate)?;
        inner.check_room(&element, 0)?;
        let document = element.document();
        let permit = Permit::grant(document.mode, ChangeKind::Annotate)?;
        let now_ms = inner.options.clock.now_ms();
        sidecar.placement_seq = inner.sequence.draw()?;
        sidecar.modified_ms = now_ms;
        if annotation.renews_time && document.mode == Mode::Edit {
            sidecar.created_ms = now_ms;
        }
        sidecar.attributes = annotation.attributes;
        let kind = EventKind::of_annotation(caller);
        let event = inner.event_of_version(caller, settings, (&sidecar, document.mode), kind);
        let annotated = inner.commit_annotation(caller, (&element, &permit), &old, &sidecar, event);
        annotated.inspect_err(|error| inner.doubts.note(&element, error, (bucket, key)))?;
        Ok(Stored::of(sidecar, versioning, document.mode))
    }
}

impl Inner {
    /// Makes a sidecar what readers see of its pair. The caller holds the bucket, the key's lock and the
    /// element's document.
    pub(super) fn commit_annotation(
        &self,
        caller: &Caller,
        (element, permit): (&Arc<Element>, &Permit),
        old: &Entry,
        sidecar: &Sidecar,
        event: Option<Event>,
    ) -> Result<()> {
        let change_seq = sidecar.placement_seq;
        let _touched = self.touch(element, &sidecar.path, &[])?;
        let (document, overflow) = sidecar::encode(sidecar)?;
        let keeps_overflow = keeps_overflow(element, old, overflow.as_ref())?;
        let (name, overflow) = overflow.map_or((None, Bytes::new()), |o| (Some(o.name), o.bytes.into()));
        let entry = Entry::of(sidecar, element.id, name.as_deref());
        let attachments = Attachments { document: document.into(), overflow, body: Bytes::new() };
        let old_overflow = old.place.overflow.clone().filter(|_| !keeps_overflow);
        let change = Change::Annotate {
            place: entry.place.clone(),
            id: sidecar.id,
            keeps_overflow,
            old_overflow: old_overflow.clone(),
        };
        let record = Record::new(change_seq, sidecar.modified_ms, caller, change).telling(event.as_ref());
        let committed = element.log()?.append(record, &attachments)?;
        let pair = NewPair {
            place: &entry.place,
            id: sidecar.id,
            body: BodyPlace::Absent,
            inline: &attachments.body,
            sidecar: &attachments.document,
            overflow: &attachments.overflow,
        };
        if let Err(PublishError { error, is_undone }) = pair.annotate(&*element.disk, keeps_overflow, permit)
        {
            if is_undone && self.abort(element, &[(caller, change_seq)]) {
                committed.applied();
            }
            return Err(Error::io("publish", &entry.place.path, error));
        }
        let place = entry.place.clone();
        let (bucket, key) = (sidecar.bucket.clone(), sidecar.key.clone());
        self.show(&[Update::Put { bucket, key, entry: Box::new(entry), change_seq }])?;
        self.note_applied(change_seq);
        self.tell(event);
        let removed = old_overflow.map_or(Ok(()), |name| remove_overflow(&*element.disk, &place, &name));
        self.end(
            committed,
            removed.map_err(|error| Error::io("remove overflow sidecar", &place.path, error)),
        );
        Ok(())
    }
}

/// Whether the new sidecar names the overflow sidecar that is there.
///
/// *Errors*: `InvalidArgument` where the name is the same and the content is not: it carries eight digits
/// of the digest, and whoever looks for two texts with the same ones will find them.
pub(super) fn keeps_overflow(element: &Element, old: &Entry, new: Option<&Overflow>) -> Result<bool> {
    let Some(new) = new.filter(|new| old.place.overflow.as_deref() == Some(&*new.name)) else {
        return Ok(false);
    };
    let path = format!("{}/{}", old.place.path.hour(), new.name);
    let known = element.disk.read_whole(&path, OVERFLOW_BYTES_MAX);
    if known.map_err(|error| Error::io("read overflow sidecar", &path, error))? == new.bytes {
        return Ok(true);
    }
    Err(Error::new(ErrorKind::InvalidArgument, "annotate object")
        .about(&path)
        .because("the new metadata would take the place of the old before it is valid: change a value"))
}
