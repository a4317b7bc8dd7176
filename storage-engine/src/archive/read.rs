//! Reading: HEAD from the sidecar, GET with every block checked before it leaves.

use std::sync::Arc;

use bytes::Bytes;
use sha2::Digest as _;

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
use crate::name::{BucketName, ObjectKey, VersionId};
use crate::sidecar::{Blocks, Kind, Sidecar};

/// Lookups that may find a pair gone because it is being replaced, before the key's lock is taken.
const UNLOCKED_TRIES_MAX: usize = 3;
/// Largest file of block digests: 5 TiB of 64 KiB blocks.
const BLOCKS_FILE_BYTES_MAX: usize = 4 * 80 * 1024 * 1024;
/// Bytes read at once where a whole file is digested.
const PIECE_BYTES: usize = 1024 * 1024;

/// An open object: keeps its bytes readable although the key is overwritten or deleted meanwhile.
pub struct ObjectReader {
    pub(super) object: Object,
    pub(super) file: Box<dyn DiskFile>,
    pub(super) blocks: BlockDigests,
}

impl Archive {
    /// One version of a key, the current one where none is named.
    ///
    /// *Errors*: `NoSuchBucket`, `NoSuchKey`, `KeyDeleted`, `NoSuchVersion`; `DeleteMarker` where the version
    /// named is one; `Unavailable`, `Corrupt`, `Io`.
    pub fn object(&self, bucket: &BucketName, key: &ObjectKey, version: Option<VersionId>) -> Result<Object> {
        self.inner.find(bucket, key, version, |sidecar, element, versioning| {
            Ok(object_of(sidecar, element, versioning))
        })
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
        self.inner.find(bucket, key, version, |sidecar, element, versioning| {
            if element.document().mode == Mode::Ar {
                return Err(Error::new(ErrorKind::Archived, "open object").about(key));
            }
            open_reader(sidecar, element, versioning)
        })
    }
}

impl Inner {
    /// Finds a version and hands its sidecar to `take`; begins again where the pair gives way to a newer
    /// one meanwhile.
    fn find<T>(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version: Option<VersionId>,
        take: impl Fn(Sidecar, &Element, Versioning) -> Result<T>,
    ) -> Result<T> {
        for attempt in 0..=UNLOCKED_TRIES_MAX {
            let _key = (attempt == UNLOCKED_TRIES_MAX).then(|| self.key_locks.lock(bucket, key));
            let (entry, versioning) = self.entry(bucket, key, version)?;
            let taken =
                self.sidecar_of(&entry).and_then(|(sidecar, element)| take(sidecar, &element, versioning));
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
                Err(Error::new(kind, "find object").about(key))
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
    /// *Errors*: `Io` with `NotFound` below where it gave way meanwhile; `Corrupt` where it is another's.
    pub(super) fn sidecar_of(&self, entry: &Entry) -> Result<(Sidecar, Arc<Element>)> {
        let element = self.element(entry.place.element)?;
        let (sidecar, _) = read_pair(&*element.disk, &entry.place.path.sidecar())?;
        if sidecar.seq != entry.seq || sidecar.version_id != entry.version_id {
            return Err(Error::new(ErrorKind::Corrupt, "read sidecar")
                .about(&entry.place.path)
                .because("it tells of another version than the catalog: run artstore fsck"));
        }
        Ok((sidecar, element))
    }
}

fn object_of(sidecar: Sidecar, element: &Element, versioning: Versioning) -> Object {
    let mode = element.document().mode;
    Object {
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
        class: mode.storage_class(),
    }
}

fn open_reader(sidecar: Sidecar, element: &Element, versioning: Versioning) -> Result<ObjectReader> {
    debug_assert_eq!(sidecar.kind, Kind::Object);
    let path = sidecar.path.data().to_owned();
    let io = |error| Error::io("open data file", &path, error);
    let file = element.disk.open(&path).map_err(io)?;
    let len = file.len().map_err(io)?;
    if len != sidecar.size {
        return Err(Error::new(ErrorKind::Corrupt, "open data file").about(&path).because(format_args!(
            "it has {len} bytes and its sidecar says {}: restore it from a backup",
            sidecar.size
        )));
    }
    let blocks = match &sidecar.blocks {
        Blocks::Inline(digests) => digests.clone(),
        Blocks::File(sha256) => blocks_from_file(&sidecar, element, &*file, sha256)?,
    };
    if blocks.len() as u64 != sidecar.size.div_ceil(BLOCK_BYTES as u64) {
        return Err(Error::new(ErrorKind::Corrupt, "open data file")
            .about(&path)
            .because("the number of its block digests does not fit its size"));
    }
    Ok(ObjectReader { object: object_of(sidecar, element, versioning), file, blocks })
}

/// Reads the derived file of block digests; where a copied element came without it, or it is damaged,
/// the digests are made again from the data, once that is proven by its SHA-256.
fn blocks_from_file(
    sidecar: &Sidecar,
    element: &Element,
    file: &dyn DiskFile,
    sha256: &[u8; 32],
) -> Result<BlockDigests> {
    let path = blocks_path(sidecar.id);
    if let Ok(bytes) = element.disk.read_whole(&path, BLOCKS_FILE_BYTES_MAX)
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
            file.read_at(&mut buffer, at).map_err(|e| Error::io("read data file", &sidecar.path, e))?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        at += count as u64;
    }
    let digest = hasher.finish();
    if digest.sha256 != sidecar.sha256 {
        return Err(Error::new(ErrorKind::Corrupt, "open data file")
            .about(&sidecar.path)
            .because("its SHA-256 is not the one in its sidecar: restore it from a backup"));
    }
    let kept = element
        .disk
        .create_dir(crate::disk::parent(&path))
        .and_then(|()| element.disk.write_durable(&path, &digest.blocks.to_bytes()));
    if let Err(error) = kept {
        tracing::warn!(path, %error, "block digests were made again and could not be kept");
    }
    Ok(digest.blocks)
}

impl ObjectReader {
    /// What is read.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Reads up to `length` bytes from `offset`, fewer only at the end; every block they touch is
    /// checked first.
    ///
    /// *Errors*: `Corrupt` where a block is not what was written; `Io`.
    pub fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        let size = self.object.size;
        let end = offset.saturating_add(length as u64).min(size);
        if offset >= end {
            return Ok(Bytes::new());
        }
        let first = offset / BLOCK_BYTES as u64;
        let start = first * BLOCK_BYTES as u64;
        let stop = end.next_multiple_of(BLOCK_BYTES as u64).min(size);
        let mut buffer = vec![0; usize::try_from(stop - start).unwrap_or(usize::MAX)];
        self.fill(&mut buffer, start)?;
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

    fn fill(&self, buffer: &mut [u8], start: u64) -> Result<()> {
        let io = |error| Error::io("read data file", &self.object.key, error);
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, start + filled as u64).map_err(io)? {
                0 => return Err(io(std::io::ErrorKind::UnexpectedEof.into())),
                count => filled += count,
            }
        }
        Ok(())
    }
}
