//! What a sidecar holds.

use std::sync::Arc;

use uuid::Uuid;

use crate::archive::object::{Attributes, ObjectPart};
use crate::digest::{BlockDigests, Checksum, ChecksumType};
use crate::document::Members;
use crate::mode::StorageClass;
use crate::name::{BucketName, ObjectKey, StoredPath, VersionId};
use crate::retention::{Disposal, Retention};

/// What a sidecar stands for; it says whether a data file lies beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A document, with a data file.
    Object,
    /// An S3 delete marker, without one.
    Marker,
    /// What stays of a document that was disposed of, without one: no version of its key any more.
    Tombstone,
}

/// The digests of an object's blocks, or where they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// In the sidecar itself.
    Inline(BlockDigests),
    /// In the derived file `.artstore/blocks/<id>.crc32c` with this SHA-256.
    File([u8; 32]),
}

/// One version of a key, as its sidecar tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// What it stands for.
    pub kind: Kind,
    /// Identity of this version (UUIDv7).
    pub id: Uuid,
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version.
    pub version_id: VersionId,
    /// Sequence number of the version: the highest of a key and version wins.
    pub seq: u64,
    /// Sequence number of the pair's coming to this element.
    pub placement_seq: u64,
    /// Account id of the owner.
    pub owner: Arc<str>,
    /// Account id of who stored it.
    pub created_by: Arc<str>,
    /// Where the pair lies in its element.
    pub path: StoredPath,
    /// Size of the data file in bytes; of a tombstone, of the one there was, like the digests below.
    pub size: u64,
    /// SHA-256 of the data file.
    pub sha256: [u8; 32],
    /// ETag without quotes.
    pub etag: String,
    /// Additional checksums.
    pub checksums: Vec<Checksum>,
    /// What they cover.
    pub checksum_type: ChecksumType,
    /// Digests of the blocks.
    pub blocks: Blocks,
    /// The parts, where it was uploaded in parts.
    pub parts: Arc<[ObjectPart]>,
    /// The upload that was completed to it.
    pub upload: Option<Uuid>,
    /// The class to which it goes on by itself: the one that was asked for when it was stored.
    pub bound_for: Option<StorageClass>,
    /// Until when it is kept from removal.
    pub retention: Option<Retention>,
    /// By what it was disposed of; of a tombstone alone.
    pub disposal: Option<Disposal>,
    /// When the version was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// When the sidecar was last changed.
    pub modified_ms: u64,
    /// What the client says about it.
    pub attributes: Attributes,
    /// Members of a later release, kept as they are.
    pub unknown: Members,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Object, Self::Marker, Self::Tombstone];

    /// Whether it tells of a document's bytes, there or not.
    pub(super) fn has_content(self) -> bool {
        self != Self::Marker
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Marker => "marker",
            Self::Tombstone => "tombstone",
        }
    }
}
