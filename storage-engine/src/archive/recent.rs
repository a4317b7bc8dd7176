//! What reads found of late, kept so that the next read of the same object needs neither catalog nor sidecar.
//!
//! Invariant: what is kept of a key is what the catalog says of it. Something is put in only under the key's
//! lock, by one who has compared it with the catalog, and every change of a key takes it out under the same
//! lock before the catalog shows the change.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::read::Found;
use crate::name::{BucketName, ObjectKey};

/// Memory for all of it, in bytes, as [`Weight`] estimates it.
const BYTES_MAX: u64 = 12 * 1024 * 1024;
/// What an entry costs besides its texts.
const ENTRY_BYTES: usize = 1024;
/// An object that would take more than this is not kept: many parts, much metadata, many blocks.
const ENTRY_BYTES_MAX: usize = 16 * 1024;

type Key = (BucketName, ObjectKey);

/// Current objects by bucket and key.
pub(super) struct Recent {
    cache: Cache<Key, Arc<Found>, Weight>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Found>> for Weight {
    fn weight(&self, _key: &Key, found: &Arc<Found>) -> u64 {
        found.weight() as u64
    }
}

impl Recent {
    pub(super) fn new() -> Self {
        let items = usize::try_from(BYTES_MAX).unwrap_or(usize::MAX) / ENTRY_BYTES;
        Self { cache: Cache::with_weighter(items, BYTES_MAX, Weight) }
    }

    /// What is kept of a key.
    pub(super) fn get(&self, bucket: &BucketName, key: &ObjectKey) -> Option<Arc<Found>> {
        self.cache.get(&(bucket.clone(), key.clone()))
    }

    /// Keeps what was found of the current object of its key. The caller holds the key's lock.
    pub(super) fn keep(&self, found: Arc<Found>) {
        if found.weight() <= ENTRY_BYTES_MAX {
            self.cache.insert((found.object.bucket.clone(), found.object.key.clone()), found);
        }
    }

    /// Takes out what is kept of a key. The caller holds the key's lock.
    pub(super) fn forget(&self, bucket: &BucketName, key: &ObjectKey) {
        self.cache.remove(&(bucket.clone(), key.clone()));
    }
}

impl Found {
    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        let object = &*self.object;
        let attributes = &object.attributes;
        let texts = attributes
            .metadata
            .iter()
            .chain(&attributes.tags)
            .map(|(name, text)| name.len() + text.len() + 64);
        ENTRY_BYTES
            + object.key.as_str().len()
            + texts.sum::<usize>()
            + object.parts.len() * size_of::<super::object::ObjectPart>() * 2
            + self.block_count() * size_of::<u32>()
    }
}
