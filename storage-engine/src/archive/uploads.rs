//! Open uploads: begun, filled with parts, listed, aborted. `complete.rs` makes the object.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::body::{Body, BodyWriter};
use super::multipart::{
    NewUpload, PART_BYTES_MAX, PART_NUMBER_MAX, Part, PartListing, Upload, UploadId, UploadListRequest,
    UploadListing, UploadRef,
};
use super::open::{Archive, Inner};
use super::parts_log::{self, PartLine, PartsLog, part_file};
use super::store::uuid_at;
use super::upload_store::{self, UploadDocument};
use crate::bucket::no_such_bucket;
use crate::caller::Caller;
use crate::catalog::common_prefix;
use crate::digest::ChecksumAlgorithm;
use crate::element::{Element, staged_path};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Attachments, Change, Record};
use crate::mode::{ChangeKind, Permit};
use crate::name::{BucketName, ElementId, ObjectKey};

/// Most open uploads of an archive.
const UPLOADS_MAX: usize = 20_000;
const PAGE_ENTRIES_MAX: usize = 1000;

/// The open uploads, ordered by bucket, key and begin (an upload id begins with its time).
#[derive(Default)]
pub(crate) struct Uploads {
    open: RwLock<BTreeMap<UploadKey, Arc<OpenUpload>>>,
}

type UploadKey = (BucketName, ObjectKey, UploadId);

/// One open upload.
pub(crate) struct OpenUpload {
    pub(crate) document: UploadDocument,
    pub(crate) element: Arc<Element>,
    /// Held while a part is kept, and by completion and abort.
    pub(crate) progress: Mutex<Progress>,
}

/// How far an open upload is.
pub(crate) struct Progress {
    /// `false` once it has ended.
    pub(crate) is_open: bool,
    log: PartsLog,
}

impl Uploads {
    /// How many uploads lie on an element.
    pub(super) fn count_on(&self, element: ElementId) -> usize {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.values().filter(|upload| upload.element.id == element).count()
    }

    /// Takes an upload found or begun.
    ///
    /// *Errors*: `Unavailable` where there are as many as are kept.
    pub(super) fn admit(&self, document: UploadDocument, element: Arc<Element>) -> Result<()> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= UPLOADS_MAX {
            return Err(Error::new(ErrorKind::Unavailable, "create upload").because(format_args!(
                "an archive has at most {UPLOADS_MAX} open uploads: complete or abort some"
            )));
        }
        let key = key_of(&document.upload);
        let progress = Mutex::new(Progress { is_open: true, log: PartsLog::default() });
        open.insert(key, Arc::new(OpenUpload { document, element, progress }));
        Ok(())
    }

    /// The upload of this reference.
    ///
    /// *Errors*: `NoSuchUpload`.
    pub(super) fn get(&self, upload: &UploadRef) -> Result<Arc<OpenUpload>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(&key_of(upload)).cloned().ok_or_else(|| no_such_upload(upload))
    }

    /// Forgets an upload that has ended, and removes its parts; what cannot be removed is swept at the
    /// next start.
    pub(super) fn end(&self, upload: &OpenUpload) {
        let names = &upload.document.upload;
        self.open.write().unwrap_or_else(PoisonError::into_inner).remove(&key_of(names));
        if let Err(error) = upload_store::remove(&*upload.element.disk, names.id) {
            tracing::warn!(upload = %names.id, %error, "what an upload left could not be removed");
        }
    }

    /// Every open upload.
    pub(crate) fn all(&self) -> Vec<Arc<OpenUpload>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.values().cloned().collect()
    }

    /// The open uploads of a bucket.
    pub(super) fn of(&self, bucket: &BucketName) -> Vec<Arc<OpenUpload>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.iter().filter(|((of, _, _), _)| of == bucket).map(|(_, upload)| Arc::clone(upload)).collect()
    }

    /// Ends an upload whose bucket has been deleted. One that a stop leaves behind is swept at the next
    /// start: its bucket is not there.
    ///
    /// *Concurrency*: the caller does not hold the bucket, for which a completion waits inside the upload.
    /// *Errors*: `Io`.
    pub(super) fn end_with_bucket(&self, upload: &OpenUpload) -> Result<()> {
        let mut progress = upload.progress.lock().unwrap_or_else(PoisonError::into_inner);
        upload_store::remove_document(&*upload.element.disk, upload.document.upload.id)?;
        progress.is_open = false;
        self.end(upload);
        Ok(())
    }
}

fn key_of(upload: &UploadRef) -> UploadKey {
    (upload.bucket.clone(), upload.key.clone(), upload.id)
}

pub(super) fn no_such_upload(upload: &UploadRef) -> Error {
    Error::new(ErrorKind::NoSuchUpload, "find upload").about(upload.id)
}

impl Archive {
    /// Begins an upload.
    ///
    /// *Durability*: survives a power cut on return.
    /// *Errors*: `NoSuchBucket`, `InvalidStorageClass`, `QuotaExceeded`, `StorageFull`, `Unavailable`, `Io`.
    pub fn create_upload(&self, caller: &Caller, new: NewUpload) -> Result<Upload> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(&new.bucket)?;
        let held = open_bucket.hold();
        let bucket = held.as_ref().ok_or_else(|| no_such_bucket(&new.bucket))?;
        let ingest = inner.ingest(new.class.as_deref(), bucket.default_mode)?;
        let element = inner.ingest_element(ingest.mode, 0)?;
        element.put_bucket(bucket)?;
        let now_ms = inner.options.clock.now_ms();
        let document = UploadDocument::new(UploadId::new(uuid_at(now_ms)?), new, ingest.bound_for, now_ms);
        inner.note(caller, &element)?;
        document.write(&*element.disk)?;
        let shown = document.shown(element.document().mode);
        let id = document.upload.id;
        if let Err(error) = inner.uploads.admit(document, Arc::clone(&element)) {
            upload_store::remove(&*element.disk, id)?;
            return Err(error);
        }
        Ok(shown)
    }

    /// An open upload.
    ///
    /// *Errors*: `NoSuchUpload`.
    pub fn upload(&self, upload: &UploadRef) -> Result<Upload> {
        let open = self.inner.uploads.get(upload)?;
        let mode = open.element.document().mode;
        Ok(open.document.shown(mode))
    }

    /// Starts the body of part `number`; `algorithms` as in [`Self::begin_body`].
    ///
    /// *Errors*: `InvalidArgument` for a number outside 1 to 10,000, `EntityTooLarge`, `NoSuchUpload`,
    /// `QuotaExceeded`, `StorageFull`, `Unavailable`.
    pub fn begin_part(
        &self,
        upload: &UploadRef,
        number: u16,
        length: Option<u64>,
        algorithms: &[ChecksumAlgorithm],
    ) -> Result<BodyWriter> {
        let _gate = self.enter()?;
        if !(1..=PART_NUMBER_MAX).contains(&number) {
            return Err(Error::new(ErrorKind::InvalidArgument, "upload part")
                .about(number)
                .because(format_args!("a part number lies between 1 and {PART_NUMBER_MAX}")));
        }
        if length.is_some_and(|length| length > PART_BYTES_MAX) {
            return Err(
                Error::new(ErrorKind::EntityTooLarge, "upload part").because("a part has at most 5 GiB")
            );
        }
        let open = self.inner.uploads.get(upload)?;
        Permit::grant(open.element.document().mode, ChangeKind::Create)?;
        self.inner.check_room(&open.element, length.unwrap_or(0))?;
        let mut computed = algorithms.to_vec();
        computed.extend(open.document.checksum.map(|(algorithm, _)| algorithm));
        computed.push(ChecksumAlgorithm::Crc64Nvme);
        computed.sort_unstable();
        computed.dedup();
        BodyWriter::begin_staged(Arc::clone(&open.element), self.inner.options.clock.now_ms(), &computed)
    }

    /// Keeps a part, replacing one of the same number.
    ///
    /// *Durability*: survives a power cut on return.
    /// *Errors*: `NoSuchUpload`, `StorageFull`, `Unavailable`, `Io`.
    pub fn put_part(&self, upload: &UploadRef, number: u16, body: Body) -> Result<Part> {
        let _gate = self.enter()?;
        let open = self.inner.uploads.get(upload)?;
        let mut progress = open.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if !progress.is_open {
            return Err(no_such_upload(upload));
        }
        let digest = &body.digest;
        let chosen = open.document.checksum.and_then(|(algorithm, _)| digest.checksum(algorithm));
        let line = PartLine {
            number,
            file: part_file(number, body.staging.id),
            size: digest.size,
            md5: hex::encode(digest.md5),
            crc64nvme: digest
                .checksum(ChecksumAlgorithm::Crc64Nvme)
                .map(|sum| sum.value.to_string())
                .unwrap_or_default(),
            checksum: chosen.map(|sum| (sum.algorithm.as_str().to_owned(), sum.value.to_string())),
            modified_ms: self.inner.options.clock.now_ms(),
        };
        progress.log.add(&*open.element.disk, upload.id, &staged_path(body.staging.id), &line)?;
        let mut staging = body.staging;
        staging.published_as_part();
        Ok(line.part())
    }

    /// A page of the parts that arrived.
    ///
    /// *Errors*: `NoSuchUpload`, `Io`.
    pub fn parts(&self, upload: &UploadRef, after: Option<u16>, max: usize) -> Result<PartListing> {
        let open = self.inner.uploads.get(upload)?;
        let lines = parts_log::parts(&*open.element.disk, upload.id)?;
        let rest = lines.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        let mut parts: Vec<Part> =
            rest.map(|(_, line)| line.part()).take(max.min(PAGE_ENTRIES_MAX) + 1).collect();
        let more = parts.len() > max.min(PAGE_ENTRIES_MAX);
        parts.truncate(max.min(PAGE_ENTRIES_MAX));
        let next = parts.last().map(|part| part.number).filter(|_| more);
        let mode = open.element.document().mode;
        Ok(PartListing { upload: open.document.shown(mode), parts, next })
    }

    /// A page of a bucket's open uploads.
    ///
    /// *Errors*: `NoSuchBucket`.
    pub fn uploads(&self, request: &UploadListRequest<'_>) -> Result<UploadListing> {
        self.bucket(request.bucket)?;
        let max = request.max.min(PAGE_ENTRIES_MAX);
        let mut listing = UploadListing::default();
        let mut last: Option<(String, Option<UploadId>)> = None;
        let open = self.inner.uploads.open.read().unwrap_or_else(PoisonError::into_inner);
        let of_bucket = open.iter().filter(|((bucket, key, id), _)| {
            bucket == request.bucket
                && key.as_str().starts_with(request.prefix)
                && is_behind_marker(request, key, *id)
        });
        for ((_, key, id), upload) in of_bucket {
            let common = common_prefix(request.prefix, request.delimiter, key.as_str());
            if common
                .is_some_and(|common| listing.common_prefixes.last().is_some_and(|known| known == common))
            {
                continue;
            }
            if listing.uploads.len() + listing.common_prefixes.len() == max {
                listing.next = last;
                break;
            }
            match common {
                Some(common) => {
                    listing.common_prefixes.push(common.to_owned());
                    last = Some((common.to_owned(), None));
                }
                None => {
                    let mode = upload.element.document().mode;
                    listing.uploads.push(upload.document.shown(mode));
                    last = Some((key.as_str().to_owned(), Some(*id)));
                }
            }
        }
        Ok(listing)
    }

    /// Ends an upload and removes its parts.
    ///
    /// *Durability*: gone for good on return.
    /// *Errors*: `NoSuchUpload`, `Unavailable`, `Io`.
    pub fn abort_upload(&self, caller: &Caller, upload: &UploadRef) -> Result<()> {
        let _gate = self.enter()?;
        let open = self.inner.uploads.get(upload)?;
        let mut progress = open.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if !progress.is_open {
            return Err(no_such_upload(upload));
        }
        self.inner.note(caller, &open.element)?;
        upload_store::remove_document(&*open.element.disk, upload.id)?;
        progress.is_open = false;
        self.inner.uploads.end(&open);
        Ok(())
    }
}

impl Inner {
    /// Writes a record for the audit of something that changes nothing in the tree.
    pub(super) fn note(&self, caller: &Caller, element: &Element) -> Result<()> {
        let record = Record::new(self.sequence.draw()?, self.options.clock.now_ms(), caller, Change::Note);
        element.log()?.append(record, &Attachments::default())?.applied();
        Ok(())
    }
}

/// Whether an upload comes behind the markers (API page "ListMultipartUploads").
fn is_behind_marker(request: &UploadListRequest<'_>, key: &ObjectKey, id: UploadId) -> bool {
    let Some(marker) = request.key_marker else { return true };
    let rolled_up =
        common_prefix(request.prefix, request.delimiter, key.as_str()).is_some_and(|common| common <= marker);
    match request.upload_id_marker {
        Some(upload) if key.as_str() == marker => id > upload,
        _ => key.as_str() > marker && !rolled_up,
    }
}
