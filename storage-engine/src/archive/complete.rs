//! Completing an upload: the parts become one object.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use md5::Digest as _;

use super::body::Staging;
use super::multipart::{CompletedPart, Completion, OBJECT_BYTES_MAX, PART_BYTES_MIN};
use super::object::ObjectPart;
use super::open::{Archive, Inner};
use super::parts_log::{self, PartLine};
use super::put::{Content, PutDetails, PutTarget, ReadyPut, Staged, Stored};
use super::store::uuid_at;
use super::upload_store;
use super::uploads::{OpenUpload, no_such_upload};
use crate::caller::Caller;
use crate::catalog::Entry;
use crate::digest::{
    Checksum, ChecksumAlgorithm, ChecksumHasher, ChecksumType, ContentDigest, ContentHasher,
};
use crate::error::{Error, ErrorKind, Result};
use crate::log::BodyPlace;

const PIECE_BYTES: usize = 1024 * 1024;
/// Versions of one content among which an earlier completion is looked for, the newest first: a client
/// repeats soon.
const ALIKE_MAX: usize = 16;

impl Archive {
    /// Makes one object of the parts named.
    ///
    /// A repeat after the answer was lost is answered as the first was.
    ///
    /// *Durability*: on return the object survives a power cut and the upload has ended.
    /// *Errors*: `NoSuchUpload`, `InvalidPart`, `InvalidPartOrder`, `PartTooSmall`, `EntityTooLarge`,
    /// `BadDigest`, and those of [`Self::put`]; the upload stays open then.
    pub fn complete_upload(&self, caller: &Caller, completion: Completion) -> Result<Stored> {
        let open = match self.inner.uploads.get(&completion.upload) {
            Ok(open) => open,
            Err(gone) => return self.inner.answer_of_completed(&completion).ok_or(gone),
        };
        let mut progress = open.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if !progress.is_open {
            return self
                .inner
                .answer_of_completed(&completion)
                .ok_or_else(|| no_such_upload(&completion.upload));
        }
        let lines = chosen_parts(&open, &completion)?;
        let size = lines.iter().map(|line| line.size).sum();
        if completion.size.is_some_and(|expected| expected != size) {
            return Err(Error::new(ErrorKind::InvalidArgument, "complete upload").because(format_args!(
                "the parts have {size} bytes together, not the {} that x-amz-mp-object-size says",
                completion.size.unwrap_or(0)
            )));
        }
        self.inner.check_room(&open.element, size)?;
        let (algorithm, kind) =
            open.document.checksum.unwrap_or((ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject));
        let id = uuid_at(self.inner.options.clock.now_ms())?;
        let mut staging = Staging::begin(Arc::clone(&open.element), id)?;
        let digest =
            assemble(&open, &lines, &mut staging, (kind == ChecksumType::FullObject).then_some(algorithm))?;
        staging.seal(&digest.blocks)?;
        let checksum = object_checksum(&lines, &digest, algorithm, kind);
        check_claim(completion.checksum.as_ref(), checksum.as_ref())?;
        let with_checksums = open.document.checksum.is_some();
        let parts = lines.iter().map(|line| ObjectPart {
            number: line.number,
            size: line.size,
            checksum: line.checksum().filter(|_| with_checksums),
        });
        let content = Content {
            size,
            sha256: digest.sha256,
            etag: composite_etag(lines.iter().map(|line| &*line.md5)),
            checksums: checksum.into_iter().collect(),
            checksum_type: kind,
            blocks: staging.blocks_of(&digest.blocks),
            parts: parts.collect(),
            upload: Some(completion.upload.id.as_uuid()),
        };
        let target = PutTarget {
            bucket: completion.upload.bucket.clone(),
            key: completion.upload.key.clone(),
            class: None,
            length: Some(size),
        };
        let details = PutDetails {
            attributes: open.document.attributes.clone(),
            conditions: completion.conditions,
            owner: Arc::clone(&open.document.owner),
        };
        let staged = Staged { place: BodyPlace::Staged, inline: Bytes::new(), staging };
        let element = Arc::clone(&open.element);
        let bound_for = open.document.bound_for;
        let put = ReadyPut { caller: caller.clone(), target, element, bound_for, content, staged, details };
        let stored = self.put_ready(put)?;
        progress.is_open = false;
        self.inner.uploads.end(&open);
        Ok(stored)
    }
}

impl Inner {
    /// The answer of an earlier completion of the same upload, where the version that it made is still
    /// there.
    fn answer_of_completed(&self, completion: &Completion) -> Option<Stored> {
        let upload = &completion.upload;
        let versioning = self.buckets.get(&upload.bucket).ok()?.hold().as_ref()?.versioning;
        let etag = composite_etag(completion.parts.iter().map(|part| &*part.etag));
        let alike = self.catalog.versions_of_etag(&upload.bucket, &upload.key, &etag, ALIKE_MAX).ok()?;
        let made = |entry: &Entry| {
            let (sidecar, element) = self.sidecar_of(entry).ok()?;
            let numbers = sidecar.parts.iter().map(|part| part.number);
            let same_parts = numbers.eq(completion.parts.iter().map(|part| part.number));
            (sidecar.upload == Some(upload.id.as_uuid()) && same_parts)
                .then(|| Stored::of(sidecar, versioning, element.document().mode))
        };
        alike.iter().find_map(made)
    }
}

/// The parts that the client names, each as it arrived.
fn chosen_parts(open: &OpenUpload, completion: &Completion) -> Result<Vec<PartLine>> {
    let mut arrived = parts_log::parts(&*open.element.disk, completion.upload.id)?;
    if completion.parts.is_empty() {
        return Err(Error::new(ErrorKind::InvalidPart, "complete upload").because("no part is named"));
    }
    if !completion.parts.is_sorted_by(|a, b| a.number < b.number) {
        return Err(Error::new(ErrorKind::InvalidPartOrder, "complete upload"));
    }
    let mut lines = Vec::with_capacity(completion.parts.len());
    for named in &completion.parts {
        let line = arrived.remove(&named.number).filter(|line| is_named(line, named));
        lines.push(line.ok_or_else(|| {
            Error::new(ErrorKind::InvalidPart, "complete upload")
                .about(named.number)
                .because("the part was not uploaded, or its ETag or checksum is another")
        })?);
    }
    let too_small = lines.iter().rev().skip(1).find(|line| line.size < PART_BYTES_MIN);
    if let Some(line) = too_small {
        return Err(Error::new(ErrorKind::PartTooSmall, "complete upload").about(line.number));
    }
    if lines.iter().map(|line| line.size).sum::<u64>() > OBJECT_BYTES_MAX {
        return Err(
            Error::new(ErrorKind::EntityTooLarge, "complete upload").because("an object has at most 5 TiB")
        );
    }
    Ok(lines)
}

fn is_named(line: &PartLine, named: &CompletedPart) -> bool {
    line.md5 == named.etag
        && named.checksum.as_ref().is_none_or(|claim| line.checksum().as_ref() == Some(claim))
}

/// Puts the parts together in staging and digests the whole; each part is compared with what arrived.
fn assemble(
    open: &OpenUpload,
    lines: &[PartLine],
    staging: &mut Staging,
    whole: Option<ChecksumAlgorithm>,
) -> Result<ContentDigest> {
    let disk = &*open.element.disk;
    let folder = upload_store::folder(open.document.upload.id);
    let mut hasher = ContentHasher::without_md5(whole.as_slice());
    let mut buffer = vec![0; PIECE_BYTES];
    for line in lines {
        let path = format!("{folder}/{}", line.file);
        let file = disk.open(&path).map_err(|error| Error::io("read part", &path, error))?;
        let mut part = ChecksumHasher::new(ChecksumAlgorithm::Crc64Nvme);
        let mut at = 0;
        loop {
            let count =
                file.read_at(&mut buffer, at).map_err(|error| Error::io("read part", &path, error))?;
            let piece = buffer.get(..count).unwrap_or_default();
            if piece.is_empty() {
                break;
            }
            part.update(piece);
            hasher.update(piece);
            staging.append_from(piece, &*file, at)?;
            at += count as u64;
        }
        if at != line.size || *part.finish().value != *line.crc64nvme {
            return Err(Error::new(ErrorKind::Corrupt, "complete upload")
                .about(&path)
                .because("the part on disk is not what arrived: upload it again"));
        }
    }
    Ok(hasher.finish())
}

fn object_checksum(
    lines: &[PartLine],
    digest: &ContentDigest,
    algorithm: ChecksumAlgorithm,
    kind: ChecksumType,
) -> Option<Checksum> {
    match kind {
        ChecksumType::FullObject => digest.checksum(algorithm).cloned(),
        ChecksumType::Composite => {
            let sums: Option<Vec<Checksum>> = lines.iter().map(PartLine::checksum).collect();
            sums.map(|sums| Checksum::composite(algorithm, &sums))
        }
    }
}

fn check_claim(claim: Option<&Checksum>, computed: Option<&Checksum>) -> Result<()> {
    match (claim, computed) {
        (Some(claim), Some(computed)) if claim != computed => {
            Err(Error::new(ErrorKind::BadDigest, "complete upload").because(format_args!(
                "the checksum sent is {} and that of the parts is {}",
                claim.value, computed.value
            )))
        }
        _ => Ok(()),
    }
}

/// The ETag of an object uploaded in parts: MD5 of the parts' MD5s, and their number.
fn composite_etag<'a>(md5s: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = md5s.len();
    let mut md5 = md5::Md5::new();
    for part in md5s {
        md5.update(hex::decode(part).unwrap_or_default());
    }
    format!("{}-{count}", hex::encode(md5.finalize()))
}
