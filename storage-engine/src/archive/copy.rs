//! Copying: the content of an open object becomes a new object, or a part of an upload.
//!
//! Every block is compared with the source's digest before anything is kept of it, so that a damaged
//! file is never copied as a good one. Where the file system can, it moves the bytes itself.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::body::{Body, BodyWriter, INLINE_BYTES_MAX, Staging};
use super::multipart::{PART_BYTES_MAX, Part, UploadRef};
use super::open::Archive;
use super::put::{Admission, PutDetails, Stored};
use super::read::ObjectReader;
use super::store::uuid_at;
use crate::caller::Caller;
use crate::digest::{
    BlockDigests, Checksum, ChecksumAlgorithm, ChecksumType, ClientDigests, ContentDigest, ContentHasher,
};
use crate::error::{Error, ErrorKind, Result};

/// Bytes read and checked at once: whole blocks.
const PIECE_BYTES: usize = 1024 * 1024;

impl Archive {
    /// Makes the whole content of `source` the current object of the admission's key (API page
    /// "CopyObject"). The source keeps its bytes readable whatever happens to its key meanwhile.
    ///
    /// The copy is an object in one piece: its ETag is the MD5 of the content, its checksum covers all
    /// of it and has the algorithm asked for, else the source's, else CRC-64/NVME. A repeat is answered as
    /// by [`Self::put`].
    ///
    /// *Durability*: on return the copy survives a power cut.
    /// *Errors*: `EntityTooLarge` above 5 GiB; `Corrupt` where the source is not what was written; those
    /// of [`Self::put`].
    pub fn copy(
        &self,
        caller: &Caller,
        source: ObjectReader,
        admission: Admission,
        checksum: Option<ChecksumAlgorithm>,
        details: PutDetails,
    ) -> Result<Stored> {
        drop(self.enter()?);
        if source.object.size > PART_BYTES_MAX {
            return Err(Error::new(ErrorKind::EntityTooLarge, "copy object")
                .about(&source.object.key)
                .because("an object copied in one piece has at most 5 GiB: copy it in parts"));
        }
        let of_source = source.object.checksums.first().map(|sum| sum.algorithm);
        let algorithm = checksum.or(of_source).unwrap_or(ChecksumAlgorithm::Crc64Nvme);
        let id = uuid_at(self.inner.options.clock.now_ms())?;
        let mut copy = Copy::begin(Staging::none(Arc::clone(&admission.element), id));
        let known = known_digest(&source, algorithm);
        if known.is_none() {
            copy.hasher = Some(match md5_of(&source) {
                Some(_) => ContentHasher::without_md5(&[algorithm]),
                None => ContentHasher::new(&[algorithm]),
            });
        }
        copy.take(&source)?;
        let body = copy.finish(&source, known)?;
        self.put(caller, admission, body, details)
    }

    /// Keeps the bytes `span` of an open object as a part (API page "UploadPartCopy"), replacing one of
    /// the same number.
    ///
    /// *Durability*: survives a power cut on return.
    /// *Errors*: `InvalidArgument` where the span is empty or not within the source, and for a number
    /// outside 1 to 10,000; `EntityTooLarge` above 5 GiB; `Corrupt` where the source is not what was
    /// written; `NoSuchUpload`, `QuotaExceeded`, `StorageFull`, `Unavailable`, `Io`.
    pub fn copy_part(
        &self,
        upload: &UploadRef,
        number: u16,
        source: &ObjectReader,
        span: Range<u64>,
    ) -> Result<Part> {
        let size = source.object.size;
        let is_whole = span == (0..size);
        if (span.is_empty() && !is_whole) || span.end > size {
            return Err(Error::new(ErrorKind::InvalidArgument, "copy part")
                .about(&source.object.key)
                .because(format_args!(
                    "bytes {} to {} are no span of its {size} bytes",
                    span.start, span.end
                )));
        }
        let length = span.end - span.start;
        let mut body = self.begin_part(upload, number, Some(length), &[])?;
        copy_span(source, span, &mut body)?;
        let claimed = ClientDigests { length: Some(length), ..ClientDigests::default() };
        self.put_part(upload, number, body.finish(&claimed)?)
    }
}

fn copy_span(source: &ObjectReader, span: Range<u64>, body: &mut BodyWriter) -> Result<()> {
    let mut at = span.start;
    while at < span.end {
        let wanted = usize::try_from(span.end - at).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let piece = source.read_at(at, wanted)?;
        body.take_from(&piece, &*source.file, at)?;
        at += piece.len() as u64;
    }
    Ok(())
}

/// A copy under way.
pub(super) struct Copy {
    staging: Staging,
    /// The content where it rides in the log record.
    memory: BytesMut,
    /// Present where not every digest is known from the source.
    hasher: Option<ContentHasher>,
}

impl Copy {
    pub(super) fn begin(staging: Staging) -> Self {
        Self { staging, memory: BytesMut::new(), hasher: None }
    }

    /// Where the bytes are: staged, or in memory where they are few.
    pub(super) fn into_parts(self) -> (Staging, BytesMut) {
        (self.staging, self.memory)
    }

    /// Takes all bytes of the source.
    pub(super) fn take(&mut self, source: &ObjectReader) -> Result<()> {
        let size = source.object.size;
        let is_staged = size > INLINE_BYTES_MAX as u64;
        if is_staged {
            self.staging.create()?;
        }
        let mut at = 0;
        while at < size {
            let piece: Bytes = source.read_at(at, PIECE_BYTES)?;
            if is_staged {
                self.staging.append_from(&piece, &*source.file, at)?;
            } else {
                self.memory.extend_from_slice(&piece);
            }
            if let Some(hasher) = &mut self.hasher {
                hasher.update_shared(&piece);
            }
            at += piece.len() as u64;
        }
        Ok(())
    }

    /// Ends the copy and makes a staged one durable.
    fn finish(self, source: &ObjectReader, known: Option<ContentDigest>) -> Result<Body> {
        let Self { mut staging, memory, hasher } = self;
        let digest = match (hasher.map(ContentHasher::finish), known) {
            (Some(hashed), _) if hashed.sha256 != source.object.sha256 => {
                return Err(Error::new(ErrorKind::Corrupt, "copy object")
                    .about(&source.object.key)
                    .because("its SHA-256 is not the one in its sidecar: restore it from a backup"));
            }
            (Some(hashed), _) => ContentDigest { md5: md5_of(source).unwrap_or(hashed.md5), ..hashed },
            (None, Some(known)) => known,
            (None, None) => return Err(Error::new(ErrorKind::Corrupt, "copy object")),
        };
        staging.seal(&digest.blocks)?;
        Ok(Body { digest, staging, memory: memory.freeze() })
    }
}

/// The digests of a copy where the source's tell all of them: its blocks are checked as they are read.
fn known_digest(source: &ObjectReader, algorithm: ChecksumAlgorithm) -> Option<ContentDigest> {
    let object = &source.object;
    let checksum = match algorithm {
        ChecksumAlgorithm::Sha256 => Checksum::from_raw(algorithm, &object.sha256),
        _ if object.checksum_type == ChecksumType::FullObject => {
            object.checksums.iter().find(|sum| sum.algorithm == algorithm)?.clone()
        }
        _ => return None,
    };
    Some(ContentDigest {
        size: object.size,
        md5: md5_of(source)?,
        sha256: object.sha256,
        checksums: vec![checksum],
        blocks: BlockDigests::clone(&source.blocks),
    })
}

/// The MD5 of the source, which is the ETag of an object that came in one piece.
fn md5_of(source: &ObjectReader) -> Option<[u8; 16]> {
    let is_whole = source.object.parts.is_empty();
    is_whole.then(|| hex::decode(&source.object.etag).ok()?.try_into().ok()).flatten()
}
