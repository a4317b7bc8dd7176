//! Putting an object: admission before the body, the body, then the commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::body::{Body, Staging};
use super::commit::NewVersion;
use super::object::{Attributes, ObjectPart};
use super::open::{Archive, Inner};
use super::store::unique_version;
use crate::bucket::{BucketDocument, Versioning, no_such_bucket};
use crate::caller::Caller;
use crate::catalog::Entry;
use crate::digest::{Checksum, ChecksumType};
use crate::element::{Element, ElementDocument};
use crate::error::{Error, ErrorKind, Result};
use crate::log::BodyPlace;
use crate::mode::{ChangeKind, Mode, Permit, StorageClass};
use crate::name::{BucketName, ObjectKey, StoredName, StoredPath, VersionId};
use crate::outbox::EventKind;
use crate::retention::Retention;
use crate::sidecar::{Blocks, Kind, Sidecar};

/// What is known of a PUT before its body is read.
#[derive(Clone, Debug)]
pub struct PutTarget {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The storage class asked for, as sent; `None` for that of the bucket's default mode.
    pub class: Option<String>,
    /// Length of the body where it is known.
    pub length: Option<u64>,
}

/// Conditions of a write, decided under the key's lock (API page "Conditional writes").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteConditions {
    /// `If-None-Match`: the current object has not this ETag, without quotes; `*`: there is none.
    pub etag_is_not: Option<String>,
    /// `If-Match`: the current object has this ETag, without quotes; `*`: there is one.
    pub etag_is: Option<String>,
}

/// What is known once the body has arrived.
#[derive(Clone, Debug, Default)]
pub struct PutDetails {
    /// What the client says about the object.
    pub attributes: Attributes,
    /// Conditions of the write.
    pub conditions: WriteConditions,
    /// Owner of the object: account id.
    pub owner: Arc<str>,
}

/// Where a body that was admitted will land.
pub struct Admission {
    pub(super) target: PutTarget,
    pub(super) element: Arc<Element>,
    pub(super) bound_for: Option<StorageClass>,
}

/// The answer to a PUT, a copy or a completed upload.
///
/// *Durability*: when the caller has it, the object survives a power cut.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The version; `None` in a bucket that never had versioning.
    pub version_id: Option<VersionId>,
    /// ETag without quotes.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// The additional checksums that S3 shows.
    pub checksums: Vec<Checksum>,
    /// What those checksums cover.
    pub checksum_type: ChecksumType,
    /// Milliseconds since 1970: S3's Last-Modified.
    pub modified_ms: u64,
    /// The mode of the element that holds it.
    pub mode: Mode,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Stored {
    /// What a sidecar on an element of that mode says of an object already there, in a bucket of that state.
    pub(super) fn of(sidecar: Sidecar, versioning: Versioning, mode: Mode) -> Self {
        Self {
            version_id: shown_version(versioning, sidecar.version_id),
            etag: sidecar.etag,
            size: sidecar.size,
            checksums: sidecar.checksums,
            checksum_type: sidecar.checksum_type,
            modified_ms: sidecar.created_ms,
            mode,
            tags: sidecar.attributes.tags,
        }
    }
}

impl Archive {
    /// Makes a body the current object of its key.
    ///
    /// A repeat of what is there already by the same account, on an element that forbids overwriting,
    /// answers as the first did and changes nothing (DECISIONS 17).
    ///
    /// *Durability*: on return the object survives a power cut.
    /// *Errors*: `NoSuchBucket`, `PreconditionFailed`, `ModeForbids`, `MetadataTooLarge`, `QuotaExceeded`,
    /// `StorageFull`, `Unavailable`, `Io`.
    pub fn put(
        &self,
        caller: &Caller,
        admission: Admission,
        body: Body,
        details: PutDetails,
    ) -> Result<Stored> {
        self.put_ready(ReadyPut::new(caller.clone(), admission, body, details))
    }

    /// As [`Self::put`].
    pub fn put_ready(&self, put: ReadyPut) -> Result<Stored> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(&put.target.bucket)?;
        let held = open_bucket.hold();
        let bucket = held.as_ref().ok_or_else(|| no_such_bucket(&put.target.bucket))?;
        let _key = inner.key_locks.lock(&put.target.bucket, &put.target.key);
        let retire = match inner.decide(&put, bucket)? {
            Decision::Repeats(stored) => return Ok(stored),
            Decision::Replaces(retire) => retire,
        };
        let element = Arc::clone(&put.element);
        let document = element.document();
        let permit = put.permit_to_create(document.mode)?;
        let (version, stored) = inner.new_version(put, (bucket, &document), retire)?;
        inner.commit_version(&element, &permit, version)?;
        Ok(stored)
    }
}

/// A PUT whose body has arrived and waits to become an object.
pub struct ReadyPut {
    pub(super) caller: Caller,
    pub(super) target: PutTarget,
    pub(super) element: Arc<Element>,
    /// The class to which it goes on by itself.
    pub(super) bound_for: Option<StorageClass>,
    pub(super) content: Content,
    pub(super) staged: Staged,
    pub(super) details: PutDetails,
}

impl ReadyPut {
    /// Puts together what [`Archive::put`] takes.
    #[must_use]
    pub fn new(caller: Caller, admission: Admission, body: Body, details: PutDetails) -> Self {
        let Admission { target, element, bound_for } = admission;
        let (content, staged) = body.into_parts();
        Self { caller, target, element, bound_for, content, staged, details }
    }

    /// Leave to create on the element that was chosen for it.
    ///
    /// *Errors*: `Unavailable` where its mode has changed since: the next try finds another. `ModeForbids` for
    /// an upload, which cannot go elsewhere.
    pub(super) fn permit_to_create(&self, mode: Mode) -> Result<Permit> {
        Permit::grant(mode, ChangeKind::Create).map_err(|refusal| match self.content.upload {
            Some(_) => refusal,
            None => Error::new(ErrorKind::Unavailable, "put object")
                .about(&self.target.key)
                .because(format_args!("its element became {mode} meanwhile: try again")),
        })
    }
}

/// What a PUT comes to.
pub(super) enum Decision {
    /// It repeats what is there, which was answered so.
    Repeats(Stored),
    /// A new version, in the place of this one.
    Replaces(Option<Entry>),
}

/// What is known of the content of a new version.
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) sha256: [u8; 32],
    pub(super) etag: String,
    pub(super) checksums: Vec<Checksum>,
    pub(super) checksum_type: ChecksumType,
    pub(super) blocks: Blocks,
    pub(super) parts: Arc<[ObjectPart]>,
    pub(super) upload: Option<Uuid>,
}

/// Where its bytes are.
pub(super) struct Staged {
    pub(super) place: BodyPlace,
    pub(super) inline: Bytes,
    pub(super) staging: Staging,
}

/// What the engine itself says of a new version.
struct Made {
    id: Uuid,
    seq: u64,
    version_id: VersionId,
    now_ms: u64,
    bound_for: Option<StorageClass>,
    retention: Option<Retention>,
}

impl Made {
    fn sidecar(self, caller: &Caller, target: PutTarget, content: Content, details: PutDetails) -> Sidecar {
        let Self { id, seq, version_id, now_ms, bound_for, retention } = self;
        let stored = StoredName::make(target.key.last_segment(), &caller.account_name, now_ms, id);
        Sidecar {
            kind: Kind::Object,
            id,
            bucket: target.bucket,
            key: target.key,
            version_id,
            seq,
            placement_seq: seq,
            owner: details.owner,
            created_by: Arc::clone(&caller.account),
            path: StoredPath::new(now_ms, &stored),
            size: content.size,
            sha256: content.sha256,
            etag: content.etag,
            checksums: content.checksums,
            checksum_type: content.checksum_type,
            blocks: content.blocks,
            parts: content.parts,
            upload: content.upload,
            bound_for,
            retention,
            disposal: None,
            created_ms: now_ms,
            modified_ms: now_ms,
            attributes: details.attributes,
            unknown: Default::default(),
        }
    }
}

impl Content {
    fn answer(
        &self,
        version_id: Option<VersionId>,
        modified_ms: u64,
        mode: Mode,
        tags: &BTreeMap<String, String>,
    ) -> Stored {
        Stored {
            version_id,
            etag: self.etag.clone(),
            size: self.size,
            checksums: self.checksums.clone(),
            checksum_type: self.checksum_type,
            modified_ms,
            mode,
            tags: tags.clone(),
        }
    }
}

/// The version id that an answer carries: none in a bucket that never had versioning.
pub(super) fn shown_version(versioning: Versioning, version_id: VersionId) -> Option<VersionId> {
    (versioning != Versioning::Never).then_some(version_id)
}

impl WriteConditions {
    /// Compares the conditions with the ETag of the current object of `key`, where there is one.
    ///
    /// *Errors*: `PreconditionFailed`; `NoSuchKey` for `If-Match` where there is none.
    pub fn check(&self, current: Option<&str>, key: &ObjectKey) -> Result<()> {
        let is_it = |wanted: &String, etag: &str| wanted == etag || wanted == "*";
        if let (Some(excluded), Some(etag)) = (&self.etag_is_not, current)
            && is_it(excluded, etag)
        {
            return Err(Error::new(ErrorKind::PreconditionFailed, "put object")
                .about(key)
                .because("the current object is one that If-None-Match excludes"));
        }
        match (&self.etag_is, current) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(Error::new(ErrorKind::NoSuchKey, "put object").about(key)),
            (Some(wanted), Some(etag)) if is_it(wanted, etag) => Ok(()),
            (Some(_), Some(_)) => Err(Error::new(ErrorKind::PreconditionFailed, "put object")
                .about(key)
                .because("the current object has another ETag than If-Match names")),
        }
    }
}

impl Body {
    /// What its bytes are, and where.
    pub(super) fn into_parts(self) -> (Content, Staged) {
        let (place, blocks) = (self.place(), self.blocks());
        let Self { digest, staging, memory } = self;
        let content = Content {
            size: digest.size,
            sha256: digest.sha256,
            etag: hex::encode(digest.md5),
            checksums: digest.checksums,
            checksum_type: ChecksumType::FullObject,
            blocks,
            parts: Arc::from([]),
            upload: None,
        };
        (content, Staged { place, inline: memory, staging })
    }
}

impl Inner {
    /// Decides whether a PUT may be and what it replaces. The caller holds the bucket and the key's lock.
    ///
    /// *Errors*: `PreconditionFailed`, `ModeForbids`, `QuotaExceeded`, `StorageFull`, `Unavailable`, `Io`.
    pub(super) fn decide(&self, put: &ReadyPut, bucket: &BucketDocument) -> Result<Decision> {
        let ReadyPut { target, element, content, details, .. } = put;
        self.refuse_if_uncovered()?;
        self.doubts.refuse(&target.bucket, &target.key)?;
        let newest = self.catalog.newest(&target.bucket, &target.key)?;
        let current = newest.as_ref().filter(|entry| !entry.is_marker());
        details.conditions.check(current.map(|entry| entry.etag.as_str()), &target.key)?;
        let retire = match bucket.versioning {
            Versioning::Enabled => None,
            Versioning::Never => newest,
            Versioning::Suspended => self.catalog.version(&target.bucket, &target.key, VersionId::Null)?,
        };
        if let Some(old) = &retire
            && let Err(refusal) = self.permit_on(old, ChangeKind::Overwrite)
        {
            let repeated = self.answer_of_repeat(put, old, bucket.versioning);
            return repeated.map(Decision::Repeats).ok_or(refusal);
        }
        // Its bytes are on the disk by now, and their number is known at last.
        self.check_room(element, 0)?;
        self.check_quota(element, content.size)?;
        Ok(Decision::Replaces(retire))
    }

    /// Numbers a new version and says what is answered when it is committed. The caller holds the element's
    /// document as well, with leave to create.
    ///
    /// *Errors*: `StorageFull`, `Io`.
    pub(super) fn new_version(
        &self,
        put: ReadyPut,
        (bucket, document): (&BucketDocument, &ElementDocument),
        retire: Option<Entry>,
    ) -> Result<(NewVersion, Stored)> {
        let ReadyPut { caller, target, element, bound_for, content, staged, details } = put;
        element.put_bucket(bucket)?;
        let mode = document.mode;
        let seq = self.sequence.draw()?;
        let version_id = match bucket.versioning {
            Versioning::Enabled => unique_version(seq)?,
            Versioning::Never | Versioning::Suspended => VersionId::Null,
        };
        let now_ms = self.options.clock.now_ms();
        let shown = shown_version(bucket.versioning, version_id);
        let stored = content.answer(shown, now_ms, mode, &details.attributes.tags);
        let retention = document.retention.and_then(|term| term.keeps(mode, self.retention_now_ms()));
        let made = Made { id: staged.staging.id, seq, version_id, now_ms, bound_for, retention };
        let sidecar = made.sidecar(&caller, target, content, details);
        let kind = EventKind::of_creation(&caller, sidecar.upload.is_some());
        let version = NewVersion {
            event: self.event_of_version(&caller, bucket, (&sidecar, mode), Some(kind)),
            caller,
            upload: sidecar.upload,
            sidecar,
            body: staged.place,
            inline: staged.inline,
            staging: staged.staging,
            retire: retire.into_iter().collect(),
        };
        Ok((version, stored))
    }

    /// Asks for leave to change a version where it lies.
    ///
    /// *Errors*: `ModeForbids`, `Retained`, `Unavailable` where its element is absent.
    pub(super) fn permit_on(&self, entry: &Entry, change: ChangeKind) -> Result<Permit> {
        let element = self.element(entry.place.element)?;
        let mode = element.document().mode;
        Permit::grant_on(mode, change, entry.kept_until_ms, || self.retention_now_ms())
    }

    /// The answer of the first PUT where this one repeats it in everything.
    fn answer_of_repeat(&self, put: &ReadyPut, old: &Entry, versioning: Versioning) -> Option<Stored> {
        let ReadyPut { caller, element, bound_for, content, details, .. } = put;
        let (sidecar, holder) = self.sidecar_of(old).ok()?;
        let mode = holder.document().mode;
        let held = holder.document().class();
        // What was bound for a class may be there by now.
        let has_gone_down = bound_for.is_some_and(|class| held == class);
        let same_class =
            has_gone_down || (sidecar.bound_for == *bound_for && held == element.document().class());
        let same = sidecar.kind == Kind::Object
            && sidecar.sha256 == content.sha256
            && sidecar.etag == content.etag
            && sidecar.created_by == caller.account
            && sidecar.attributes == details.attributes;
        (same && same_class).then(|| Stored::of(sidecar, versioning, mode))
    }
}
