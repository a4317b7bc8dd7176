//! Listing keys, in bytewise order, with prefix and delimiter.

use std::sync::Arc;

use crate::digest::{ChecksumAlgorithm, ChecksumType};
use crate::mode::StorageClass;
use crate::name::{BucketName, ObjectKey};

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
    /// The additional checksum's algorithm and what it covers, where the client chose one.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// A page of entries in order.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The entries, objects and prefixes in one order.
    pub entries: Vec<ListEntry>,
    /// Where more follow: the key or prefix of the last entry, to be given as `after`.
    pub next: Option<String>,
}
