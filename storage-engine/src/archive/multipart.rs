//! Uploads in parts (API page "Uploading and copying objects using multipart upload").

use std::fmt;
use std::sync::Arc;

use super::object::Attributes;
use super::put::WriteConditions;
use crate::digest::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{BucketName, ObjectKey};
use uuid::Uuid;

/// Highest part number.
pub const PART_NUMBER_MAX: u16 = 10_000;
/// Smallest part but the last, in bytes.
pub const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;
/// Largest part and largest body of a single PUT, in bytes.
pub const PART_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;
/// Largest object, in bytes (AWS since December 2025: 50 TB; earlier 5 TiB, which is kept here).
pub const OBJECT_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024 * 1024;

/// The id of an open upload: 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(Uuid);

impl UploadId {
    /// Wraps a fresh UUID.
    #[must_use]
    pub fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    pub(super) fn as_uuid(self) -> Uuid {
        self.0
    }

    /// Parses an id as a client sends it.
    ///
    /// *Errors*: `NoSuchUpload`: what was never given out does not exist.
    pub fn parse(text: &str) -> Result<Self> {
        let simple =
            text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match Uuid::try_parse(text) {
            Ok(uuid) if simple => Ok(Self(uuid)),
            _ => Err(Error::new(ErrorKind::NoSuchUpload, "parse upload id").about(text)),
        }
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What starts an upload.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The storage class asked for; `None` for that of the bucket's default mode.
    pub class: Option<String>,
    /// What the client says about the object.
    pub attributes: Attributes,
    /// Account id of the owner and initiator.
    pub owner: Arc<str>,
    /// The additional checksum of the parts, where the client chose one.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// Names an open upload; all three must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRef {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub id: UploadId,
}

/// An open upload.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its names.
    pub upload: UploadRef,
    /// Account id of the owner.
    pub owner: Arc<str>,
    /// Milliseconds since 1970.
    pub initiated_ms: u64,
    /// The class the object will have.
    pub class: crate::mode::StorageClass,
    /// The additional checksum chosen at the start.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// A part that has arrived and is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub number: u16,
    /// Size in bytes.
    pub size: u64,
    /// ETag without quotes: MD5 of the part.
    pub etag: String,
    /// The additional checksum.
    pub checksum: Option<Checksum>,
    /// Milliseconds since 1970.
    pub modified_ms: u64,
}

/// A part as the client names it at completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// Its number.
    pub number: u16,
    /// The ETag the client was given, without quotes.
    pub etag: String,
    /// The checksum the client was given, where it repeats it.
    pub checksum: Option<Checksum>,
}

/// What completes an upload.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The upload.
    pub upload: UploadRef,
    /// The parts in ascending order.
    pub parts: Vec<CompletedPart>,
    /// Conditions of the write.
    pub conditions: WriteConditions,
    /// The full-object checksum the client expects, where it sent one.
    pub checksum: Option<Checksum>,
    /// The size of the whole object the client expects (`x-amz-mp-object-size`).
    pub size: Option<u64>,
}

/// A page of parts.
#[derive(Clone, Debug)]
pub struct PartListing {
    /// The upload.
    pub upload: Upload,
    /// Parts in ascending order.
    pub parts: Vec<Part>,
    /// Where more follow: the last number.
    pub next: Option<u16>,
}

/// Which open uploads are wanted (API page "ListMultipartUploads").
#[derive(Clone, Debug)]
pub struct UploadListRequest<'a> {
    /// The bucket.
    pub bucket: &'a BucketName,
    /// Only keys that begin with this.
    pub prefix: &'a str,
    /// Rolls keys up as in object listings.
    pub delimiter: Option<&'a str>,
    /// After this key, or within it after the upload id marker.
    pub key_marker: Option<&'a str>,
    /// After this upload of the key marker's key.
    pub upload_id_marker: Option<UploadId>,
    /// Most entries, up to 1,000.
    pub max: usize,
}

/// A page of open uploads.
#[derive(Clone, Debug, Default)]
pub struct UploadListing {
    /// Ordered by key, then by start.
    pub uploads: Vec<Upload>,
    /// Rolled-up prefixes.
    pub common_prefixes: Vec<String>,
    /// Where more follow: the last key (or prefix) and, if an upload was last, its id.
    pub next: Option<(String, Option<UploadId>)>,
}
