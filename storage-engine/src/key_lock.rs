//! Locks of keys: a change of a key holds its lock from the check of its conditions to the catalog.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use crate::name::{BucketName, ObjectKey};

/// Locks in all; keys share them by hash.
const STRIPES: usize = 4096;

/// The locks of all keys.
///
/// *Concurrency*: a thread holds one at a time. Lock order: bucket, key, element document, log, catalog.
pub(crate) struct KeyLocks {
    stripes: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl KeyLocks {
    pub(crate) fn new() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }

    /// Waits for the lock of a key.
    pub(crate) fn lock(&self, bucket: &BucketName, key: &ObjectKey) -> MutexGuard<'_, ()> {
        self.stripe(bucket, key).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock of a key where nobody has it.
    pub(crate) fn try_lock(&self, bucket: &BucketName, key: &ObjectKey) -> Option<MutexGuard<'_, ()>> {
        match self.stripe(bucket, key).try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn stripe(&self, bucket: &BucketName, key: &ObjectKey) -> &Mutex<()> {
        let hash = self.hasher.hash_one((bucket, key)) as usize;
        #[expect(clippy::indexing_slicing, reason = "the remainder is below the length")]
        &self.stripes[hash % STRIPES]
    }
}
