//! Reading: HEAD from the sidecar, GET with every block checked before it leaves.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use sha2::Digest as _;
use uuid::Uuid;

use super::object::Object;
use super::open::{Archive, Inner};
use super::put::shown_version;
use crate::bucket::{Versioning, no_such_bucket};
use crate::catalog::Entry;
use crate::digest::{BLOCK_BYTES, BlockDigests, ContentHasher};
use crate::disk::DiskFile;
use crate::element::{Element, blocks_path, read_pair};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::{BucketName, ObjectKey, StoredPath, VersionId};
use crate::restore::{RestoreStatus, restored_path};
use crate::scrub::DamagedObject;
use crate::sidecar::{Blocks, Kind, Sidecar};

/// Lookups that may find a pair gone because it is being replaced, before the key's lock is taken.
const UNLOCKED_TRIES_MAX: usize = 3;
/// Largest file of block digests: 5 TiB of 64 KiB blocks.
const BLOCKS_FILE_BYTES_MAX: usize = 4 * 80 * 1024 * 1024;
/// Bytes read at once where a whole file is digested.
pub(super) const PIECE_BYTES: usize = 1024 * 1024;

/// An open object: keeps its bytes readable although the key is overwritten or deleted meanwhile.
pub struct ObjectReader {
    pub(super) object: Arc<Object>,
    pub(super) file: Box<dyn DiskFile>,
    pub(super) blocks: Arc<BlockDigests>,
    /// Of the pair.
    pub(super) id: Uuid,
}

/// A version as its sidecar tells of it, and what it takes to open its bytes.
pub(super) struct Found {
    pub(super) object: Arc<Object>,
    pub(super) versioning: Versioning,
    pub(super) element: Arc<Element>,
    id: Uuid,
    path: StoredPath,
    blocks: BlockPlace,
}

/// Where the digests of an object's blocks are.
enum BlockPlace {
    Known(Arc<BlockDigests>),
    /// In the file of the version; the SHA-256 of that file.
    File([u8; 32]),
}

impl Archive {
    /// One version of a key, the current one where none is named.
    ///
    /// *Errors*: `NoSuchBucket`, `NoSuchKey`, `KeyDeleted`, `NoSuchVersion`; `DeleteMarker` where the version
    /// named is one; `Unavailable`, `Corrupt`, `Io`.
    pub fn object(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<Arc<Object>> {
        self.inner.find(bucket, key, version, |found| Ok(Arc::clone(&found.object)))
    }

    /// Opens the bytes of a version.
    ///
    /// *Errors*: those of [`Self::object`]; `Archived` where the bytes are not here; `Corrupt` where the
    /// data file is missing or has another size.
    pub fn read(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<ObjectReader> {
        self.inner.find(bucket, key, version, |found| {
            let reader = found.open()?;
            self.inner.refuse_known_damage(found, &reader)?;
            Ok(reader)
        })
    }

    /// The current object of a key where that is known without waiting for a disk or a lock; `None` where
    /// it is not, or where [`Self::object`] has an error to tell.
    #[must_use]
    pub fn object_at_once(&self, bucket: &BucketName, key: &ObjectKey) -> Option<Arc<Object>> {
        self.inner.found_at_once(bucket, key).map(|found| Arc::clone(&found.object))
    }

    /// Opens the current object of a key where that can be done without waiting for a disk or a lock;
    /// `None` where it cannot, or where [`Self::read`] has an error to tell.
    #[must_use]
    pub fn read_at_once(&self, bucket: &BucketName, key: &ObjectKey) -> Option<ObjectReader> {
        let found = self.inner.found_at_once(bucket, key)?;
        self.inner.known_damage(&found).is_none().then(|| found.open_at_once()).flatten()
    }
}

impl Inner {
    /// Refuses to open what a scrub found damaged, as long as the block it names is.
    fn refuse_known_damage(&self, found: &Found, reader: &ObjectReader) -> Result<()> {
        let Some(known) = self.known_damage(found) else { return Ok(()) };
        let Some(block) = known.block else { return Ok(()) };
        reader.read_at(block.saturating_mul(BLOCK_BYTES as u64), 1)?;
        self.scrub.damage.forget(&known);
        Ok(())
    }

    fn known_damage(&self, found: &Found) -> Option<DamagedObject> {
        self.scrub.damage.of(found.element.id, found.path.data())
    }

    /// Finds a version and hands what its sidecar tells to `take`; begins again where the pair gives way
    /// to a newer one meanwhile.
    fn find<T>(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
        take: impl Fn(&Found) -> Result<T>,
    ) -> Result<T> {
        for attempt in 0..=UNLOCKED_TRIES_MAX {
            let _key = (attempt == UNLOCKED_TRIES_MAX).then(|| self.key_locks.lock(bucket, key));
            let (entry, versioning) = self.entry(bucket, key, version)?;
            let found = self.sidecar_of(&entry).map(|(sidecar, element)| {
                let restore = self.restore_status(&entry, &element);
                Arc::new(Found::of(sidecar, element, versioning, restore))
            });
            let taken = found.and_then(|found| {
                let taken = take(&found)?;
                // Whether archived bytes are here changes with the hour.
                if version.is_none() && found.object.mode != Mode::Ar {
                    self.keep_found(bucket, key, &entry, found);
                }
                Ok(taken)
            });
            match taken {
                Err(error) if error.is_missing_file() && attempt < UNLOCKED_TRIES_MAX => {}
                Err(error) if error.is_missing_file() => {
                    return Err(Error::new(ErrorKind::Corrupt, "read object")
                        .about(&entry.place.path)
                        .because("its files are not where the catalog says: run artstore fsck")
                        .caused_by(error));
                }
                other => return other,
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "read object").about(key))
    }

    /// Keeps what was found of the current object of a key, if it still is: a change of the key takes it
    /// out again under the same lock.
    fn keep_found(&self, bucket: &BucketName, key: &ObjectKey, entry: &Entry, found: Arc<Found>) {
        let Some(_key) = self.key_locks.try_lock(bucket, key) else { return };
        if self.catalog.newest(bucket, key).is_ok_and(|newest| newest.as_ref() == Some(entry)) {
            self.recent.keep(found);
        }
    }

    /// What a read found before, where nothing has changed that it depends on.
    fn found_at_once(&self, bucket: &BucketName, key: &ObjectKey) -> Option<Arc<Found>> {
        let versioning = self.buckets.get_at_once(bucket)?.versioning;
        let found = self.recent.get(bucket, key)?;
        let is_same =
            found.versioning == versioning && found.element.mode_at_once() == Some(found.object.mode);
        is_same.then_some(found)
    }

    /// The catalog's entry of a version that is asked for, and the versioning of its bucket.
    fn entry(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(Entry, Versioning)> {
        let open_bucket = self.buckets.get(bucket)?;
        let versioning = open_bucket.hold().as_ref().map(|document| document.versioning);
        let versioning = versioning.ok_or_else(|| no_such_bucket(bucket))?;
        Ok((self.entry_in(bucket, key, version)?, versioning))
    }

    /// The same in a bucket that is known to be there.
    pub(super) fn entry_in(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<Entry> {
        let found = match version {
            None => self.catalog.newest(bucket, key)?,
            Some(version) => self.catalog.version(bucket, key, version)?,
        };
        match found {
            Some(entry) if entry.is_marker() => {
                let is_named = version.is_some();
                let kind = if is_named { ErrorKind::DeleteMarker } else { ErrorKind::KeyDeleted };
                Err(Error::new(kind, "find object").about(key).of_version(entry.version_id))
            }
            Some(entry) => Ok(entry),
            None => {
                self.refuse_if_uncovered()?;
                let kind = if version.is_some() { ErrorKind::NoSuchVersion } else { ErrorKind::NoSuchKey };
                Err(Error::new(kind, "find object").about(key))
            }
        }
    }

    /// Reads the sidecar of an entry.
    ///
    /// *Errors*: `Io` with `NotFound` below where it gave way meanwhile, to a tombstone too; `Corrupt` where it is another's.
    pub(super) fn sidecar_of(&self, entry: &Entry) -> Result<(Sidecar, Arc<Element>)> {
        let element = self.element(entry.place.element)?;
        let (sidecar, _) = read_pair(&*element.disk, &entry.place.path.sidecar())?;
        if sidecar.seq != entry.seq || sidecar.version_id != entry.version_id {
            return Err(Error::new(ErrorKind::Corrupt, "read sidecar")
                .about(&entry.place.path)
                .because("it tells of another version than the catalog: run artstore fsck"));
        }
        if sidecar.kind == Kind::Tombstone {
            return Err(Error::io("read sidecar", &entry.place.path, io::ErrorKind::NotFound.into()));
        }
        Ok((sidecar, element))
    }
}

impl Found {
    pub(super) fn of(
        sidecar: Sidecar,
        element: Arc<Element>,
        versioning: Versioning,
        restore: Option<RestoreStatus>,
    ) -> Self {
        debug_assert_eq!(sidecar.kind, Kind::Object);
        let (mode, class) = {
            let document = element.document();
            (document.mode, document.class())
        };
        let blocks = match sidecar.blocks {
            Blocks::Inline(digests) => BlockPlace::Known(Arc::new(digests)),
            Blocks::File(sha256) => BlockPlace::File(sha256),
        };
        let object = Object {
            bucket: sidecar.bucket,
            key: sidecar.key,
            version_id: sidecar.version_id,
            shown_version: shown_version(versioning, sidecar.version_id),
            revision: sidecar.placement_seq,
            size: sidecar.size,
            etag: sidecar.etag,
            sha256: sidecar.sha256,
            checksums: sidecar.checksums,
            checksum_type: sidecar.checksum_type,
            parts: sidecar.parts,
            modified_ms: sidecar.created_ms,
            owner: sidecar.owner,
            attributes: sidecar.attributes,
            element: element.name.clone(),
            mode,
            class,
            restore,
        };
        Self { object: Arc::new(object), versioning, element, id: sidecar.id, path: sidecar.path, blocks }
    }

    fn open(&self) -> Result<ObjectReader> {
        match (self.object.mode, self.object.restore) {
            (Mode::Ar, Some(RestoreStatus::Restored { .. })) => self.open_at(&restored_path(self.id)),
            (Mode::Ar, Some(RestoreStatus::Ongoing) | None) => {
                Err(Error::new(ErrorKind::Archived, "open object")
                    .about(&self.object.key)
                    .in_class(self.object.class))
            }
            (Mode::Edit | Mode::Rw | Mode::Ro, _) => self.open_here(),
        }
    }

    /// Opens the data file beside the sidecar, also where readers are refused because it is being archived.
    pub(super) fn open_here(&self) -> Result<ObjectReader> {
        self.open_at(self.path.data())
    }

    fn open_at(&self, path: &str) -> Result<ObjectReader> {
        let io = |error| Error::io("open data file", path, error);
        let file = self.element.disk.open(path).map_err(io)?;
        let (len, size) = (file.len().map_err(io)?, self.object.size);
        if len != size {
            return Err(Error::new(ErrorKind::Corrupt, "open data file").about(path).because(format_args!(
                "it has {len} bytes and its sidecar says {size}: restore it from a backup"
            )));
        }
        let blocks = match &self.blocks {
            BlockPlace::Known(digests) => Arc::clone(digests),
            BlockPlace::File(sha256) => Arc::new(self.blocks_from_file(sha256, &*file)?),
        };
        if !self.has_all(&blocks) {
            return Err(Error::new(ErrorKind::Corrupt, "open data file")
                .about(path)
                .because("the number of its block digests does not fit its size"));
        }
        Ok(ObjectReader { object: Arc::clone(&self.object), file, blocks, id: self.id })
    }

    /// Opens the bytes where that needs no device; `None` also where [`Self::open`] has an error to tell.
    fn open_at_once(&self) -> Option<ObjectReader> {
        let BlockPlace::Known(blocks) = &self.blocks else { return None };
        if self.object.mode == Mode::Ar || !self.has_all(blocks) {
            return None;
        }
        let file = self.element.disk.open_at_once(self.path.data()).ok()?;
        let is_whole = file.len().is_ok_and(|len| len == self.object.size);
        is_whole.then(|| ObjectReader {
            object: Arc::clone(&self.object),
            file,
            blocks: Arc::clone(blocks),
            id: self.id,
        })
    }

    /// Number of the block digests that it keeps in memory.
    pub(super) fn block_count(&self) -> usize {
        match &self.blocks {
            BlockPlace::Known(digests) => digests.len(),
            BlockPlace::File(..) => 0,
        }
    }

    fn has_all(&self, blocks: &BlockDigests) -> bool {
        blocks.len() as u64 == self.object.size.div_ceil(BLOCK_BYTES as u64)
    }

    /// Reads the derived file of block digests; where a copied element came without it, or it is damaged,
    /// the digests are made again from the data, once that is proven by its SHA-256.
    fn blocks_from_file(&self, sha256: &[u8; 32], file: &dyn DiskFile) -> Result<BlockDigests> {
        let path = blocks_path(self.id);
        let disk = &self.element.disk;
        if let Ok(bytes) = disk.read_whole(&path, BLOCKS_FILE_BYTES_MAX)
            && sha2::Sha256::digest(&bytes)[..] == sha256[..]
            && let Some(blocks) = BlockDigests::from_bytes(&bytes)
        {
            return Ok(blocks);
        }
        let mut hasher = ContentHasher::new(&[]);
        let mut buffer = vec![0; PIECE_BYTES];
        let mut at = 0;
        loop {
            let count =
                file.read_at(&mut buffer, at).map_err(|e| Error::io("read data file", &self.path, e))?;
            if count == 0 {
                break;
            }
            hasher.update(buffer.get(..count).unwrap_or_default());
            at += count as u64;
        }
        let digest = hasher.finish();
        if digest.sha256 != self.object.sha256 {
            return Err(Error::new(ErrorKind::Corrupt, "open data file")
                .about(&self.path)
                .because("its SHA-256 is not the one in its sidecar: restore it from a backup"));
        }
        let kept = disk
            .create_dir(crate::disk::parent(&path))
            .and_then(|()| disk.write_durable(&path, &digest.blocks.to_bytes()));
        if let Err(error) = kept {
            tracing::warn!(path, %error, "block digests were made again and could not be kept");
        }
        Ok(digest.blocks)
    }
}

impl ObjectReader {
    /// What is read.
    #[must_use]
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Reads up to `length` bytes from `offset`, fewer only at the end; every block they touch is
    /// checked first.
    ///
    /// *Errors*: `Corrupt` where a block is not what was written; `Io`.
    pub fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        self.read_with(offset, length, |buffer, at| self.file.read_at(buffer, at))
    }

    /// Reads as [`Self::read_at`] does where the bytes are in memory; `None` where they are not, or where
    /// [`Self::read_at`] has an error to tell.
    #[must_use]
    pub fn read_at_once(&self, offset: u64, length: usize) -> Option<Bytes> {
        self.read_with(offset, length, |buffer, at| self.file.read_at_once(buffer, at)).ok()
    }

    fn read_with(
        &self,
        offset: u64,
        length: usize,
        read: impl Fn(&mut [u8], u64) -> io::Result<usize>,
    ) -> Result<Bytes> {
        let size = self.object.size;
        let end = offset.saturating_add(length as u64).min(size);
        if offset >= end {
            return Ok(Bytes::new());
        }
        let first = offset / BLOCK_BYTES as u64;
        let start = first * BLOCK_BYTES as u64;
        let stop = end.next_multiple_of(BLOCK_BYTES as u64).min(size);
        let mut buffer = vec![0; usize::try_from(stop - start).unwrap_or(usize::MAX)];
        let io = |error| Error::io("read data file", &self.object.key, error);
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read(rest, start + filled as u64).map_err(io)? {
                0 => return Err(io(io::ErrorKind::UnexpectedEof.into())),
                count => filled += count,
            }
        }
        for (index, block) in buffer.chunks(BLOCK_BYTES).enumerate() {
            let number = usize::try_from(first).unwrap_or(usize::MAX).saturating_add(index);
            if !self.blocks.matches(number, block) {
                return Err(Error::new(ErrorKind::Corrupt, "read object").about(&self.object.key).because(format_args!(
                    "block {number} of {BLOCK_BYTES} bytes is not what was written: restore the file from a backup"
                )));
            }
        }
        let from = usize::try_from(offset - start).unwrap_or(usize::MAX);
        let to = usize::try_from(end - start).unwrap_or(usize::MAX);
        Ok(Bytes::from(buffer).slice(from..to))
    }
}
