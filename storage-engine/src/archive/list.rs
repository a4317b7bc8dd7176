//! Listing keys and versions, in bytewise order, with prefix and delimiter.

use std::sync::Arc;

use crate::digest::{ChecksumAlgorithm, ChecksumType};
use crate::mode::StorageClass;
use crate::name::{BucketName, ObjectKey, VersionId};
use crate::restore::RestoreStatus;

/// Most entries of one page.
pub const PAGE_ENTRIES_MAX: usize = 1000;

/// A page of a listing of current objects.
#[derive(Clone, Debug)]
pub struct ListRequest<'a> {
    /// The bucket.
    pub bucket: &'a BucketName,
    /// Only keys that begin with this; empty for all.
    pub prefix: &'a str,
    /// Keys that share what follows the prefix up to and with the delimiter are rolled up into one entry.
    pub delimiter: Option<&'a str>,
    /// Entries strictly after this in bytewise order; where it is a common prefix (or lies inside one
    /// that would be rolled up), that prefix is passed over.
    pub after: Option<&'a str>,
    /// Most entries wanted, 0 to [`PAGE_ENTRIES_MAX`] (more is cut to that).
    pub max: usize,
}

/// One entry of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListEntry {
    /// A current object.
    Object(ListedObject),
    /// A rolled-up prefix, ending with the delimiter.
    CommonPrefix(String),
}

/// What a listing shows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: ObjectKey,
    /// As [`super::object::Object::revision`].
    pub revision: u64,
    /// Size in bytes.
    pub size: u64,
    /// ETag without quotes.
    pub etag: String,
    /// Milliseconds since 1970.
    pub modified_ms: u64,
    /// Id of the owner's account.
    pub owner: Arc<str>,
    /// The class that follows from the element's mode.
    pub class: StorageClass,
    /// Whether archived bytes are here for a time, or on their way.
    pub restore: Option<RestoreStatus>,
    /// The additional checksum's algorithm and what it covers, where the client chose one.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    /// What retention says of it.
    pub keeping: Keeping,
}

/// How long a version is kept, and when it goes, in milliseconds since 1970 by the archive clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// Until when it may not be removed; `None` where nothing keeps it.
    pub kept_until_ms: Option<u64>,
    /// When it goes by the term of its element, which is one of mode edit.
    pub expires_ms: Option<u64>,
    /// When it is told that it goes, or in the other modes that it may go, where its element has a term.
    pub warns_ms: Option<u64>,
}

/// A page of entries in order.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The entries, objects and prefixes in one order.
    pub entries: Vec<ListEntry>,
    /// Where more follow: the key or prefix of the last entry, to be given as `after`.
    pub next: Option<String>,
}

/// A page of a listing of versions (API page "ListObjectVersions").
#[derive(Clone, Debug)]
pub struct VersionListRequest<'a> {
    /// The bucket.
    pub bucket: &'a BucketName,
    /// Only keys that begin with this; empty for all.
    pub prefix: &'a str,
    /// Keys that share what follows the prefix up to and with the delimiter are rolled up into one entry.
    pub delimiter: Option<&'a str>,
    /// Entries strictly after this key; as `after` of [`ListRequest`] where it is, or lies inside, a
    /// common prefix.
    pub key_marker: Option<&'a str>,
    /// With `key_marker`: from the versions of that key on that are older than this one. A version
    /// `null` that is gone stands behind every version of the key.
    pub version_marker: Option<VersionId>,
    /// Most entries wanted, 0 to [`PAGE_ENTRIES_MAX`] (more is cut to that).
    pub max: usize,
}

/// One entry of a listing of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionListEntry {
    /// An object or a delete marker.
    Version(ListedVersion),
    /// A rolled-up prefix, ending with the delimiter.
    CommonPrefix(String),
}

/// What a listing shows of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedVersion {
    /// What it shows of an object; of a delete marker, ETag and size are empty.
    pub object: ListedObject,
    /// The version.
    pub version_id: VersionId,
    /// Whether it is the newest of its key.
    pub is_latest: bool,
    /// Whether it is a delete marker.
    pub is_marker: bool,
}

/// A page of versions in order: by key, within a key the newest first.
#[derive(Clone, Debug, Default)]
pub struct VersionListing {
    /// The entries, versions and prefixes in one order.
    pub entries: Vec<VersionListEntry>,
    /// Where more follow: the key or prefix of the last entry, and the version where it is one; to be
    /// given as the markers.
    pub next: Option<(String, Option<VersionId>)>,
}
