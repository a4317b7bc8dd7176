//! A body on its way in: small ones are kept in memory, larger ones staged on their element.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::Digest as _;
use uuid::Uuid;

use super::open::Archive;
use super::put::Admission;
use super::store::uuid_at;
use crate::digest::{
    BLOCK_BYTES, BlockDigests, ChecksumAlgorithm, ClientDigests, ContentDigest, ContentHasher,
};
use crate::disk::DiskFile;
use crate::element::{Element, STAGING_DIR, staged_blocks_path, staged_path};
use crate::error::{Error, ErrorKind, Result};
use crate::log::BodyPlace;
use crate::sidecar::Blocks;

use super::multipart::PART_BYTES_MAX;

/// Bodies up to this many bytes are kept in memory and ride in the log record; longer ones are staged.
pub const INLINE_BYTES_MAX: usize = 64 * 1024;
/// Objects of up to this many blocks carry the digests of their blocks in the sidecar.
const INLINE_BLOCKS_MAX: usize = 32;
/// Bytes read at once where a staged file is read back.
const READ_BACK_BYTES: usize = 1024 * 1024;

/// A body that is arriving. Dropping it leaves nothing behind.
pub struct BodyWriter {
    hasher: ContentHasher,
    staging: Staging,
    memory: BytesMut,
}

/// A body that has arrived whole, matches what the client claimed, and is not published yet.
/// Dropping it leaves nothing behind.
pub struct Body {
    pub(super) digest: ContentDigest,
    pub(super) staging: Staging,
    pub(super) memory: Bytes,
}

/// The staged file of a body, removed when dropped unless it was published.
pub(super) struct Staging {
    pub(super) element: Arc<Element>,
    pub(super) id: Uuid,
    file: Option<Box<dyn DiskFile>>,
    has_blocks_file: bool,
    written: u64,
    /// Whether the file system has copied between files so far.
    can_copy: bool,
}

impl Archive {
    /// Starts a body that was admitted; `algorithms` are the additional checksums to compute.
    ///
    /// *Errors*: `Unavailable` while the archive closes, `Io`.
    pub fn begin_body(&self, admission: &Admission, algorithms: &[ChecksumAlgorithm]) -> Result<BodyWriter> {
        let _gate = self.enter()?;
        BodyWriter::begin(Arc::clone(&admission.element), self.inner.options.clock.now_ms(), algorithms)
    }
}

impl BodyWriter {
    pub(super) fn begin(
        element: Arc<Element>,
        now_ms: u64,
        algorithms: &[ChecksumAlgorithm],
    ) -> Result<Self> {
        let staging = Staging::none(element, uuid_at(now_ms)?);
        Ok(Self { hasher: ContentHasher::new(algorithms), staging, memory: BytesMut::new() })
    }

    /// A body that is staged however short it is.
    pub(super) fn begin_staged(
        element: Arc<Element>,
        now_ms: u64,
        algorithms: &[ChecksumAlgorithm],
    ) -> Result<Self> {
        let mut body = Self::begin(element, now_ms, algorithms)?;
        body.staging.create()?;
        Ok(body)
    }

    /// Takes the next bytes.
    ///
    /// *Errors*: `EntityTooLarge` above 5 GiB, `StorageFull`, `Io`.
    pub fn write(&mut self, bytes: &Bytes) -> Result<()> {
        let total = self.staging.written.saturating_add((self.memory.len() + bytes.len()) as u64);
        if total > PART_BYTES_MAX {
            return Err(Error::new(ErrorKind::EntityTooLarge, "receive body")
                .because("a body sent in one piece has at most 5 GiB"));
        }
        if self.staging.file.is_none() && total > INLINE_BYTES_MAX as u64 {
            self.staging.create()?;
            let memory = std::mem::take(&mut self.memory);
            if !memory.is_empty() {
                self.staging.append(&memory)?;
            }
        }
        match self.staging.file {
            Some(_) => self.staging.append(bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.hasher.update_shared(bytes);
        Ok(())
    }

    /// Takes the next bytes of a staged body, which were read from `from` at `from_offset` and checked.
    pub(super) fn take_from(&mut self, bytes: &Bytes, from: &dyn DiskFile, from_offset: u64) -> Result<()> {
        self.staging.append_from(bytes, from, from_offset)?;
        self.hasher.update_shared(bytes);
        Ok(())
    }

    /// Ends the body, compares the client's claims, and makes a staged body durable.
    ///
    /// *Durability*: bytes and name of a staged body are durable on return.
    /// *Errors*: `IncompleteBody`, `BadDigest`, `StorageFull`, `Io`.
    pub fn finish(self, claimed: &ClientDigests) -> Result<Body> {
        let digest = self.hasher.finish();
        digest.verify(claimed)?;
        let mut staging = self.staging;
        staging.seal(&digest.blocks)?;
        Ok(Body { digest, staging, memory: self.memory.freeze() })
    }
}

impl Body {
    /// The digests of the bytes received.
    #[must_use]
    pub fn digest(&self) -> &ContentDigest {
        &self.digest
    }

    /// Where its bytes are for the log record.
    pub(super) fn place(&self) -> BodyPlace {
        if self.staging.file.is_some() { BodyPlace::Staged } else { BodyPlace::Inline }
    }

    /// The block digests for the sidecar.
    pub(super) fn blocks(&self) -> Blocks {
        self.staging.blocks_of(&self.digest.blocks)
    }
}

impl Staging {
    /// A staging place of its own for bytes that the engine assembles.
    pub(super) fn begin(element: Arc<Element>, id: Uuid) -> Result<Self> {
        let mut staging = Self::none(element, id);
        staging.create()?;
        Ok(staging)
    }

    /// The place of a version that has no bytes.
    pub(super) fn none(element: Arc<Element>, id: Uuid) -> Self {
        Self { element, id, file: None, has_blocks_file: false, written: 0, can_copy: true }
    }

    pub(super) fn create(&mut self) -> Result<()> {
        let path = staged_path(self.id);
        let file = self.element.disk.create(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::new(ErrorKind::Unavailable, "stage body")
                .about(&path)
                .because("the version is being moved there by somebody else"),
            _ => Error::io("stage body", &path, error),
        })?;
        self.file = Some(file);
        Ok(())
    }

    /// Appends to the staged file.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(file) = &self.file {
            file.write_at(bytes, self.written).map_err(|error| Error::io("stage body", self.id, error))?;
            self.written += bytes.len() as u64;
        }
        Ok(())
    }

    /// Appends bytes that were read from `from` at `from_offset` and checked, by way of the file system
    /// where it can share or copy them.
    pub(super) fn append_from(&mut self, bytes: &[u8], from: &dyn DiskFile, from_offset: u64) -> Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| self.can_copy) else { return self.append(bytes) };
        let copied = file.copy_range(from, from_offset, bytes.len() as u64, self.written);
        if copied.map_err(|error| Error::io("stage body", self.id, error))? {
            self.written += bytes.len() as u64;
            return Ok(());
        }
        self.can_copy = false;
        self.append(bytes)
    }

    /// Makes the staged file, its block digests and their names durable.
    pub(super) fn seal(&mut self, digests: &BlockDigests) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let io = |error| Error::io("sync staged body", self.id, error);
        file.sync().map_err(io)?;
        if digests.len() > INLINE_BLOCKS_MAX {
            let path = staged_blocks_path(self.id);
            let blocks = self.element.disk.create(&path).map_err(io)?;
            self.has_blocks_file = true;
            blocks.write_at(&digests.to_bytes(), 0).and_then(|()| blocks.sync()).map_err(io)?;
        }
        self.element.disk.sync_dir(STAGING_DIR).map_err(io)
    }

    /// The block digests for the sidecar.
    pub(super) fn blocks_of(&self, digests: &BlockDigests) -> Blocks {
        if self.has_blocks_file {
            return Blocks::File(sha2::Sha256::digest(digests.to_bytes()).into());
        }
        Blocks::Inline(digests.clone())
    }

    /// Whether there is a staged file.
    pub(super) fn is_staged(&self) -> bool {
        self.file.is_some()
    }

    /// Reads the staged file and digests what is there.
    pub(super) fn read_back(&self) -> Result<[u8; 32]> {
        let mut sha256 = sha2::Sha256::new();
        let mut buffer = vec![0; READ_BACK_BYTES];
        let mut at = 0;
        while let Some(file) = &self.file {
            let count = file
                .read_at(&mut buffer, at)
                .map_err(|error| Error::io("read staged body", self.id, error))?;
            if count == 0 {
                break;
            }
            sha256.update(buffer.get(..count).unwrap_or_default());
            at += count as u64;
        }
        Ok(sha256.finalize().into())
    }

    /// Says that the staged file has become a part; its block digests are made again with the object.
    pub(super) fn published_as_part(&mut self) {
        self.file = None;
    }

    /// Gives the staged files to the log, which names them from now on.
    pub(super) fn hand_over(&mut self) {
        self.file = None;
        self.has_blocks_file = false;
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let staged = self.file.take().map(|_| staged_path(self.id));
        let blocks = self.has_blocks_file.then(|| staged_blocks_path(self.id));
        for path in [staged, blocks].into_iter().flatten() {
            if let Err(error) = self.element.disk.remove(&path)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(path, %error, "a staged file could not be removed; the next start sweeps it");
            }
        }
    }
}

const _: () = assert!(INLINE_BYTES_MAX <= INLINE_BLOCKS_MAX * BLOCK_BYTES);
