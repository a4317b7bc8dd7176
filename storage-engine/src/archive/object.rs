//! Objects as the doors see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{Checksum, ChecksumType};
use crate::mode::{Mode, StorageClass};
use crate::name::{BucketName, ElementName, ObjectKey, VersionId};
use crate::restore::RestoreStatus;

/// What a client says about an object besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Expires`, as sent.
    pub expires: Option<String>,
    /// User metadata: names in lower case without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Object tags.
    pub tags: BTreeMap<String, String>,
}

/// One part of an object that was uploaded in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPart {
    /// Number given by the client, 1 to 10,000.
    pub number: u16,
    /// Size in bytes.
    pub size: u64,
    /// The part's checksum, where the upload had an algorithm.
    pub checksum: Option<Checksum>,
}

/// One version of a key: everything that HEAD answers.
#[derive(Clone, Debug)]
pub struct Object {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version.
    pub version_id: VersionId,
    /// The version as answers show it: none in a bucket that never had versioning.
    pub shown_version: Option<VersionId>,
    /// Number of the change that wrote its sidecar: no other content of the key has it, and no other
    /// annotation.
    pub revision: u64,
    /// Size in bytes.
    pub size: u64,
    /// ETag without quotes.
    pub etag: String,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// The additional checksums that S3 shows.
    pub checksums: Vec<Checksum>,
    /// What those checksums cover.
    pub checksum_type: ChecksumType,
    /// The parts, in order; empty for an object sent in one piece.
    pub parts: Arc<[ObjectPart]>,
    /// When this version was made, in milliseconds since 1970: S3's Last-Modified.
    pub modified_ms: u64,
    /// Id of the account that owns the object.
    pub owner: Arc<str>,
    /// What the client said about it.
    pub attributes: Attributes,
    /// The element that holds it.
    pub element: ElementName,
    /// The mode of that element.
    pub mode: Mode,
    /// The class that follows from the mode.
    pub class: StorageClass,
    /// Whether archived bytes are here for a time, or on their way.
    pub restore: Option<RestoreStatus>,
}
