//! Transfer: a version moves to an element of a stricter mode and stays the version that it is.
//!
//! In two phases. First the bytes are copied to the other element, each block compared with its digest, made
//! durable, read back and compared with the SHA-256 of the sidecar. Then one record commits the pair's new place
//! and retires the old one. A stop before the record leaves the version where it was, and staging is swept; one
//! after it is finished at the next start. So a transfer that is repeated does what is left to do.

use std::sync::Arc;

use bytes::BytesMut;
use sha2::Digest as _;

use super::body::Staging;
use super::commit::NewVersion;
use super::copy::Copy;
use super::object::{Attributes, Object};
use super::open::{Archive, Inner};
use super::put::Stored;
use super::read::ObjectReader;
use crate::bucket::no_such_bucket;
use crate::caller::Caller;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::log::BodyPlace;
use crate::mode::{ChangeKind, Mode, Permit, StorageClass};
use crate::name::{BucketName, ElementName, ObjectKey, VersionId};
use crate::outbox::EventKind;
use crate::retention::Retention;
use crate::seal::Hour;
use crate::sidecar::Sidecar;

/// Tries while the version is changed by others.
const TRIES_MAX: usize = 4;

/// Where a version is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The first element of this mode with room, by priority, then name.
    Mode(Mode),
    /// The same among elements whose objects report this class.
    Class(StorageClass),
    /// This element.
    Element(ElementName),
}

/// A transfer that is asked for.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The version; `None` for the current one.
    pub version: Option<VersionId>,
    /// Where it is to go.
    pub to: Destination,
    /// [`super::object::Object::revision`] of what the caller saw, where only that is to move.
    pub revision: Option<u64>,
    /// What takes the place of all that a client says about it; `None` where that stays.
    pub attributes: Option<Attributes>,
}

/// What a transfer came to.
#[derive(Clone, Debug)]
pub enum Transferred {
    /// The version has moved.
    Moved {
        /// The element that it left.
        from: ElementName,
        /// The element that holds it.
        to: ElementName,
        /// What it is.
        stored: Stored,
    },
    /// It was there already.
    There,
}

/// A copy of a version's bytes on the element where it is to go.
struct Copied {
    element: Arc<Element>,
    staging: Staging,
    memory: BytesMut,
}

impl Archive {
    /// Moves a version to an element of a stricter mode. Key, version id, ETag and times stay, and what is said
    /// about it unless the transfer says otherwise.
    ///
    /// *Durability*: on return the version lies on the other element and survives a power cut.
    /// *Concurrency*: a reader sees it all the time. What is open keeps its bytes.
    /// *Errors*: `PreconditionFailed` where it has another revision; `NoSuchBucket`, `NoSuchKey`, `KeyDeleted`,
    /// `NoSuchVersion`, `DeleteMarker`; `ModeForbids` where the destination is no stricter; `NoSuchElement`,
    /// `InvalidStorageClass` where no element has the mode; `QuotaExceeded`, `StorageFull`; `Corrupt` where the
    /// bytes are not what was stored; `Unavailable`, also where others keep changing it; `Io`.
    pub fn transfer(
        &self,
        caller: &Caller,
        bucket: &BucketName,
        key: &ObjectKey,
        transfer: &Transfer,
    ) -> Result<Transferred> {
        for _ in 0..TRIES_MAX {
            drop(self.enter()?);
            let object = self.object(bucket, key, transfer.version)?;
            if transfer.revision.is_some_and(|seen| seen != object.revision) {
                return Err(Error::new(ErrorKind::PreconditionFailed, "transfer object")
                    .about(key)
                    .because("it was changed meanwhile: read it again"));
            }
            let element = self.inner.destination(&object, &transfer.to)?;
            let Some(element) = element else { return Ok(Transferred::There) };
            // Only what goes on is opened: of what is archived there are no bytes.
            let reader = match self.read(bucket, key, transfer.version) {
                Ok(reader) if reader.object.revision == object.revision => reader,
                Ok(_) => continue,
                Err(error) if error.kind() == ErrorKind::Archived => continue,
                Err(error) => return Err(error),
            };
            let copied = Copied::make(element, &reader)?;
            // A copy may take long: an archive that closes does not wait for it.
            let _gate = self.enter()?;
            if let Some(transferred) = self.inner.place(caller, &reader, copied, transfer)? {
                return Ok(transferred);
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "transfer object")
            .about(key)
            .because("others keep changing it: try again later"))
    }
}

impl Inner {
    /// The element where a version is to go; `None` where it is there.
    fn destination(&self, object: &Object, to: &Destination) -> Result<Option<Arc<Element>>> {
        let (mode, named) = match to {
            Destination::Mode(mode) => (*mode, None),
            Destination::Class(class) => (class.mode(), None),
            Destination::Element(name) => {
                let element = self.element_named(name)?;
                let mode = element.document().mode;
                (mode, Some(element))
            }
        };
        let is_there = match to {
            Destination::Mode(_) | Destination::Class(_) => object.mode == mode,
            Destination::Element(name) => object.element == *name,
        };
        if is_there {
            return Ok(None);
        }
        if mode <= object.mode {
            return Err(Error::new(ErrorKind::ModeForbids, "transfer object")
                .about(&object.key)
                .in_mode(object.mode)
                .because(format_args!(
                    "it lies in mode {} and {mode} is no stricter: documents only go from edit to rw to ro to ar",
                    object.mode
                )));
        }
        let Some(element) = named else {
            let chosen = match to {
                Destination::Class(class) => self.element_of_class(*class, object.size),
                Destination::Mode(_) | Destination::Element(_) => self.ingest_element(mode, object.size),
            };
            return chosen.map(Some);
        };
        if !element.document().takes_in() {
            return Err(Error::new(ErrorKind::InvalidArgument, "transfer object")
                .about(&element.name)
                .because("the element has no archive target yet: artstore element target sets one"));
        }
        self.check_room(&element, object.size)?;
        Ok(Some(element))
    }

    /// Commits the new place of a version; `None` where it is not the one that was copied any more.
    fn place(
        &self,
        caller: &Caller,
        reader: &ObjectReader,
        copied: Copied,
        transfer: &Transfer,
    ) -> Result<Option<Transferred>> {
        let (bucket, key) = (&reader.object.bucket, &reader.object.key);
        let open_bucket = self.buckets.get(bucket)?;
        let held = open_bucket.hold();
        let document = held.as_ref().ok_or_else(|| no_such_bucket(bucket))?;
        let _key = self.key_locks.lock(bucket, key);
        self.doubts.refuse(bucket, key)?;
        let entry = self.entry_in(bucket, key, transfer.version)?;
        let (known, source) = self.sidecar_of(&entry)?;
        let object = &reader.object;
        if known.placement_seq != object.revision || known.version_id != object.version_id {
            return Ok(None);
        }
        let Copied { element, staging, memory } = copied;
        let (of_source, of_element) = (source.document(), element.document());
        Permit::grant(of_source.mode, ChangeKind::Leave)?;
        if transfer.attributes.is_some() {
            Permit::grant(of_source.mode, ChangeKind::Annotate)?;
        }
        let permit = Permit::grant(of_element.mode, ChangeKind::Receive)?;
        if of_element.mode <= of_source.mode {
            return Ok(None);
        }
        element.put_bucket(document)?;
        let now_ms = self.options.clock.now_ms();
        let placement_seq = self.sequence.draw()?;
        let kept = of_element.retention.and_then(|term| term.keeps(of_element.mode, known.created_ms));
        let sidecar = Sidecar {
            placement_seq,
            path: known.path.for_placement(now_ms, placement_seq),
            modified_ms: now_ms,
            attributes: transfer.attributes.clone().unwrap_or_else(|| known.attributes.clone()),
            bound_for: known.bound_for.filter(|class| class.mode() > of_element.mode),
            retention: Retention::later(known.retention, kept),
            ..known
        };
        let stored = Stored::of(sidecar.clone(), document.versioning, of_element.mode);
        let kind = EventKind::of_transfer(caller);
        let version = NewVersion {
            caller: caller.clone(),
            event: self.event_of_version(caller, document, (&sidecar, of_element.mode), Some(kind)),
            sidecar,
            body: if staging.is_staged() { BodyPlace::Staged } else { BodyPlace::Inline },
            inline: memory.freeze(),
            staging,
            retire: vec![entry],
            upload: None,
        };
        let hour = Hour::parse(version.sidecar.path.hour());
        self.commit_version(&element, &permit, version)?;
        if let Some(hour) = hour.filter(|_| of_element.mode >= Mode::Ro) {
            element.unarchived.note(hour);
            self.work.call();
        }
        Ok(Some(Transferred::Moved { from: source.name.clone(), to: element.name.clone(), stored }))
    }
}

impl Copied {
    /// Copies the bytes of an open version to `element`, durable and verified.
    fn make(element: Arc<Element>, reader: &ObjectReader) -> Result<Self> {
        let object = &reader.object;
        let mut copy = Copy::begin(Staging::none(Arc::clone(&element), reader.id));
        copy.take(reader)?;
        let (mut staging, memory) = copy.into_parts();
        staging.seal(&reader.blocks)?;
        let sha256: [u8; 32] = match staging.is_staged() {
            true => staging.read_back()?,
            false => sha2::Sha256::digest(&memory).into(),
        };
        if sha256 != object.sha256 {
            return Err(Error::new(ErrorKind::Corrupt, "transfer object")
                .about(&object.key)
                .because("its SHA-256 is not the one in its sidecar: restore it from a backup"));
        }
        Ok(Self { element, staging, memory })
    }
}
