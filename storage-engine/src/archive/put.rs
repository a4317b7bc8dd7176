//! Putting an object: admission before the body, the body, then the commit.

use std::sync::Arc;

use super::object::Attributes;
use crate::digest::{Checksum, ChecksumType};
use crate::name::{BucketName, ElementName, ObjectKey, VersionId};

/// What is known of a PUT before its body is read.
#[derive(Clone, Debug)]
pub struct PutTarget {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The storage class asked for, as sent; `None` for the bucket's default mode.
    pub class: Option<String>,
    /// Length of the body where it is known.
    pub length: Option<u64>,
}

/// Conditions of a write, decided under the key's lock (API page "Conditional writes").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteConditions {
    /// `If-None-Match: *`: no current object may exist.
    pub must_be_new: bool,
    /// `If-Match`: the current object has this ETag, without quotes.
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
#[derive(Clone, Debug)]
pub struct Admission {
    pub(crate) target: PutTarget,
    pub(crate) element: ElementName,
}

/// The answer to a PUT or a completed upload.
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
}
