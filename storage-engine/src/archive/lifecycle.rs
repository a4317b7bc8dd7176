//! Setting the lifecycle of a bucket, and what those who carry it out ask for.

use std::sync::Arc;

use super::object::Object;
use super::open::Archive;
use super::store::uuid_at;
use crate::caller::Caller;
use crate::error::Result;
use crate::lifecycle::Lifecycle;
use crate::name::BucketName;

impl Archive {
    /// Sets the lifecycle of a bucket in place of the one before, or takes it away (API pages
    /// "PutBucketLifecycleConfiguration" and "DeleteBucketLifecycle"). Rules without an id get one. What is set
    /// already is set again without a change.
    ///
    /// *Durability*: on return every element in use that holds something of the bucket has the lifecycle, and
    /// keeps it through a power cut.
    /// *Concurrency*: waits for the changes of the bucket's objects that are under way.
    /// *Errors*: those of [`Lifecycle::check`]; `NoSuchBucket`; `StorageFull`, `Unavailable`, `Io`: then every
    /// element has the lifecycle or none.
    pub fn set_lifecycle(
        &self,
        caller: &Caller,
        name: &BucketName,
        lifecycle: Option<Lifecycle>,
    ) -> Result<()> {
        if let Some(lifecycle) = &lifecycle {
            lifecycle.check()?;
        }
        let lifecycle = lifecycle.map(|lifecycle| self.with_ids(lifecycle)).transpose()?;
        self.set_of_bucket(caller, name, |document| document.set_lifecycle(lifecycle.map(Arc::new)))
    }

    /// The lifecycle of a bucket where it is known without waiting for a lock; `None` where the bucket is not.
    #[must_use]
    pub fn lifecycle_at_once(&self, name: &BucketName) -> Option<Option<Arc<Lifecycle>>> {
        self.inner.buckets.get_at_once(name).map(|document| document.lifecycle.clone())
    }

    /// Whether a version that was read is still the newest of its key.
    ///
    /// *Errors*: `Io`, `Corrupt`.
    pub fn is_newest(&self, object: &Object) -> Result<bool> {
        let newest = self.inner.catalog.newest(&object.bucket, &object.key)?;
        Ok(newest.is_some_and(|entry| entry.version_id == object.version_id))
    }

    fn with_ids(&self, mut lifecycle: Lifecycle) -> Result<Lifecycle> {
        let now_ms = self.inner.options.clock.now_ms();
        for rule in lifecycle.rules.iter_mut().filter(|rule| rule.id.is_empty()) {
            rule.id = uuid_at(now_ms)?.to_string();
        }
        Ok(lifecycle)
    }
}
