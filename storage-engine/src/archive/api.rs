//! skeleton, to be replaced
#![allow(missing_docs, reason = "skeleton")]

use std::path::PathBuf;
use std::sync::Arc;

use super::body::{Body, BodyWriter, ObjectReader};
use super::bucket::Bucket;
use super::list::{ListRequest, Listing};
use super::multipart::*;
use super::object::Object;
use super::put::{Admission, PutDetails, PutTarget, Stored};
use super::status::{ElementStatus, NewElement};
use crate::caller::Caller;
use crate::clock::Clock;
use crate::digest::ChecksumAlgorithm;
use crate::error::Result;
use crate::name::{BucketName, ElementName, ObjectKey, VersionId};

/// Cheap to share as `Arc<Archive>`; every method may be called from any thread.
pub struct Archive {}

/// How an archive is opened.
pub struct OpenOptions {
    /// The data directory; made where it does not exist.
    pub data: PathBuf,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// What a DELETE did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The version removed, or of the marker made; `None` in a bucket that never had versioning.
    pub version_id: Option<VersionId>,
    /// Whether a delete marker was made or removed.
    pub delete_marker: bool,
}

impl Archive {
    /// Opens (and on first use makes, with elements edit-01 and rw-01) the archive; recovers the logs.
    /// Errors: Locked (says by whom), NewerFormat, Corrupt, Io.
    pub fn open(_options: OpenOptions) -> Result<Self> {
        todo!()
    }
    /// Finishes what is in flight, checkpoints, releases the locks. Later calls answer Unavailable.
    pub fn close(&self) -> Result<()> {
        todo!()
    }

    pub fn elements(&self) -> Vec<ElementStatus> {
        todo!()
    }
    pub fn create_element(&self, _caller: &Caller, _new: NewElement) -> Result<ElementStatus> {
        todo!()
    }

    /// Errors: BucketAlreadyOwned, AlreadyExists, TooManyBuckets, InvalidBucketName.
    pub fn create_bucket(&self, _caller: &Caller, _name: &BucketName, _owner: &str) -> Result<Bucket> {
        todo!()
    }
    pub fn bucket(&self, _name: &BucketName) -> Result<Bucket> {
        todo!()
    }
    pub fn delete_bucket(&self, _caller: &Caller, _name: &BucketName) -> Result<()> {
        todo!()
    }
    /// All buckets in order of name.
    pub fn buckets(&self) -> Vec<Bucket> {
        todo!()
    }

    /// Everything that can be refused before the body is read: bucket, class, quota, room, mode.
    pub fn admit(&self, _target: PutTarget) -> Result<Admission> {
        todo!()
    }
    /// Starts the body. `algorithms`: the additional checksums to compute (those the client announced).
    pub fn begin_body(
        &self,
        _admission: &Admission,
        _algorithms: &[ChecksumAlgorithm],
    ) -> Result<BodyWriter> {
        todo!()
    }
    pub fn put(
        &self,
        _caller: &Caller,
        _admission: Admission,
        _body: Body,
        _details: PutDetails,
    ) -> Result<Stored> {
        todo!()
    }

    /// HEAD. Errors: NoSuchBucket, NoSuchKey, NoSuchVersion, DeleteMarker, Unavailable.
    pub fn object(
        &self,
        _bucket: &BucketName,
        _key: &ObjectKey,
        _version: Option<VersionId>,
    ) -> Result<Object> {
        todo!()
    }
    /// GET: opens the bytes.
    pub fn read(
        &self,
        _bucket: &BucketName,
        _key: &ObjectKey,
        _version: Option<VersionId>,
    ) -> Result<ObjectReader> {
        todo!()
    }
    pub fn delete(
        &self,
        _caller: &Caller,
        _bucket: &BucketName,
        _key: &ObjectKey,
        _version: Option<VersionId>,
    ) -> Result<Deleted> {
        todo!()
    }
    pub fn list(&self, _request: &ListRequest<'_>) -> Result<Listing> {
        todo!()
    }

    pub fn create_upload(&self, _caller: &Caller, _new: NewUpload) -> Result<Upload> {
        todo!()
    }
    pub fn upload(&self, _upload: &UploadRef) -> Result<Upload> {
        todo!()
    }
    /// Starts a part's body; its number is 1 to 10,000.
    pub fn begin_part(
        &self,
        _upload: &UploadRef,
        _number: u16,
        _length: Option<u64>,
        _algorithms: &[ChecksumAlgorithm],
    ) -> Result<BodyWriter> {
        todo!()
    }
    /// Keeps the part, replacing one of the same number. Durable when it returns.
    pub fn put_part(&self, _upload: &UploadRef, _number: u16, _body: Body) -> Result<Part> {
        todo!()
    }
    pub fn parts(&self, _upload: &UploadRef, _after: Option<u16>, _max: usize) -> Result<PartListing> {
        todo!()
    }
    pub fn uploads(&self, _request: &UploadListRequest<'_>) -> Result<UploadListing> {
        todo!()
    }
    pub fn complete_upload(&self, _caller: &Caller, _completion: Completion) -> Result<Stored> {
        todo!()
    }
    pub fn abort_upload(&self, _caller: &Caller, _upload: &UploadRef) -> Result<()> {
        todo!()
    }

    /// Control documents (accounts, settings): opaque JSON, one durable file each under control/<folder>/<name>.json.
    pub fn control_documents(&self, _folder: &str) -> Result<Vec<(String, Vec<u8>)>> {
        todo!()
    }
    pub fn put_control_document(&self, _folder: &str, _name: &str, _bytes: &[u8]) -> Result<()> {
        todo!()
    }
    pub fn remove_control_document(&self, _folder: &str, _name: &str) -> Result<()> {
        todo!()
    }
    /// Where a door asks for the name of the element's mode in a refusal's header.
    pub fn element_mode(&self, _name: &ElementName) -> Option<crate::mode::Mode> {
        todo!()
    }
}
