//! The buckets in use, with the lock that keeps a bucket while its objects change.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::document::BucketDocument;
use crate::archive::bucket::BUCKETS_MAX;
use crate::error::{Error, ErrorKind, Result};
use crate::name::BucketName;

/// A bucket in use. Changes of objects hold its document shared, changes of the bucket alone.
pub(crate) struct OpenBucket {
    /// `None` once the bucket is deleted.
    document: RwLock<Option<Arc<BucketDocument>>>,
}

/// The document, held so that the bucket stays as it is.
pub(crate) type HeldBucket<'a> = RwLockReadGuard<'a, Option<Arc<BucketDocument>>>;

impl OpenBucket {
    /// The document, held shared.
    pub(crate) fn hold(&self) -> HeldBucket<'_> {
        self.document.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document, held shared where nobody is about to change it.
    pub(crate) fn try_hold(&self) -> Option<HeldBucket<'_>> {
        self.document.try_read().ok()
    }

    /// The document, held alone.
    pub(crate) fn hold_alone(&self) -> RwLockWriteGuard<'_, Option<Arc<BucketDocument>>> {
        self.document.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every bucket of the archive; there are at most [`BUCKETS_MAX`].
#[derive(Default)]
pub(crate) struct BucketSet {
    buckets: RwLock<BTreeMap<BucketName, Arc<OpenBucket>>>,
}

impl BucketSet {
    /// Takes a document found on an element; of two of one bucket the higher generation stays.
    pub(crate) fn admit(&self, document: BucketDocument) {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry(document.name.clone())
            .or_insert_with(|| Arc::new(OpenBucket { document: RwLock::new(None) }));
        let mut held = bucket.hold_alone();
        if held.as_ref().is_none_or(|known| known.generation < document.generation) {
            *held = Some(Arc::new(document));
        }
    }

    /// The bucket of this name.
    ///
    /// *Errors*: `NoSuchBucket`.
    pub(crate) fn get(&self, name: &BucketName) -> Result<Arc<OpenBucket>> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).cloned().ok_or_else(|| no_such_bucket(name))
    }

    /// The document of a bucket where nobody is about to change it.
    pub(crate) fn get_at_once(&self, name: &BucketName) -> Option<Arc<BucketDocument>> {
        let buckets = self.buckets.try_read().ok()?;
        buckets.get(name)?.document.try_read().ok()?.clone()
    }

    /// The bucket of this name, or a place for a new one.
    ///
    /// *Errors*: `TooManyBuckets`.
    pub(crate) fn get_or_reserve(&self, name: &BucketName) -> Result<Arc<OpenBucket>> {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(name) {
            return Ok(Arc::clone(bucket));
        }
        if buckets.len() >= BUCKETS_MAX {
            return Err(Error::new(ErrorKind::TooManyBuckets, "create bucket")
                .about(name)
                .because(format_args!("an archive has at most {BUCKETS_MAX} buckets")));
        }
        let bucket = Arc::new(OpenBucket { document: RwLock::new(None) });
        buckets.insert(name.clone(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// Forgets a place whose bucket was deleted or never came to be.
    pub(crate) fn forget_deleted(&self, name: &BucketName) {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.get(name).is_some_and(|bucket| bucket.hold().is_none()) {
            buckets.remove(name);
        }
    }

    /// Every bucket in order of name.
    pub(crate) fn all(&self) -> Vec<Arc<BucketDocument>> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.values().filter_map(|bucket| bucket.hold().clone()).collect()
    }
}

/// The error for a bucket that is not there.
pub(crate) fn no_such_bucket(name: &BucketName) -> Error {
    Error::new(ErrorKind::NoSuchBucket, "find bucket").about(name)
}
