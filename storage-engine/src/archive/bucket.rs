//! Buckets: made, shown, listed, deleted.

use std::sync::Arc;

use super::open::Archive;
pub use crate::bucket::Versioning;
use crate::bucket::{BucketDocument, no_such_bucket};
use crate::caller::Caller;
use crate::error::{Error, ErrorKind, Result};
use crate::lifecycle::Lifecycle;
use crate::log::{Attachments, Change, Record};
use crate::mode::Mode;
use crate::name::BucketName;

/// Most buckets of an archive (AWS: 10,000 an account by default).
pub const BUCKETS_MAX: usize = 10_000;

/// What the doors see of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The name.
    pub name: BucketName,
    /// Id of the account that owns it.
    pub owner: Arc<str>,
    /// Milliseconds since 1970.
    pub created_ms: u64,
    /// Whether overwriting and deleting keep what was there.
    pub versioning: Versioning,
    /// The mode in which objects are stored whose class nobody names.
    pub default_mode: Mode,
    /// What expires and what moves by itself.
    pub lifecycle: Option<Arc<Lifecycle>>,
}

impl Bucket {
    fn of(document: &BucketDocument) -> Self {
        Self {
            name: document.name.clone(),
            owner: Arc::clone(&document.owner),
            created_ms: document.created_ms,
            versioning: document.versioning,
            default_mode: document.default_mode,
            lifecycle: document.lifecycle.clone(),
        }
    }
}

impl Archive {
    /// Makes a bucket owned by `owner`.
    ///
    /// *Durability*: its document is durable on the default element on return.
    /// *Errors*: `BucketAlreadyOwned`, `AlreadyExists` where another account owns it, `TooManyBuckets`,
    /// `StorageFull`, `Unavailable`, `Io`.
    pub fn create_bucket(&self, caller: &Caller, name: &BucketName, owner: &str) -> Result<Bucket> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        inner.refuse_if_uncovered()?;
        let element = inner.ingest_element(Mode::Edit, 0)?;
        let open_bucket = inner.buckets.get_or_reserve(name)?;
        let made = {
            let mut held = open_bucket.hold_alone();
            if let Some(known) = held.as_ref() {
                let kind = if *known.owner == *owner {
                    ErrorKind::BucketAlreadyOwned
                } else {
                    ErrorKind::AlreadyExists
                };
                return Err(Error::new(kind, "create bucket").about(name));
            }
            let now_ms = inner.options.clock.now_ms();
            inner.sequence.draw().and_then(|seq| {
                let document = BucketDocument::new(name.clone(), owner, now_ms, seq);
                let record = Record::new(seq, now_ms, caller, Change::BucketPut { bucket: name.clone() });
                let attachments =
                    Attachments { document: document.encode().into(), ..Attachments::default() };
                let committed = element.log()?.append(record, &attachments)?;
                match element.put_bucket(&document) {
                    Ok(()) => {
                        committed.applied();
                        let made = Bucket::of(&document);
                        *held = Some(Arc::new(document));
                        Ok(made)
                    }
                    Err(error) => {
                        // A full disk refuses the bucket; where it cannot be taken back, the log keeps it.
                        if element.remove_bucket(name).is_ok() && inner.abort(&element, &[(caller, seq)]) {
                            committed.applied();
                        }
                        Err(error)
                    }
                }
            })
        };
        if made.is_err() {
            inner.buckets.forget_deleted(name);
        }
        made
    }

    /// One bucket.
    ///
    /// *Errors*: `NoSuchBucket`; `Unavailable` where an absent element may hold it.
    pub fn bucket(&self, name: &BucketName) -> Result<Bucket> {
        let found = self.inner.buckets.get(name).and_then(|bucket| {
            let held = bucket.hold();
            held.as_deref().map(Bucket::of).ok_or_else(|| no_such_bucket(name))
        });
        if found.is_err() {
            self.inner.refuse_if_absent()?;
        }
        found
    }

    /// One bucket where it is known without waiting for a lock; `None` where it is not, or where
    /// [`Self::bucket`] has an error to tell.
    #[must_use]
    pub fn bucket_at_once(&self, name: &BucketName) -> Option<Bucket> {
        self.inner.buckets.get_at_once(name).as_deref().map(Bucket::of)
    }

    /// Every bucket in order of name.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        self.inner.buckets.all().iter().map(|document| Bucket::of(document)).collect()
    }

    /// Deletes an empty bucket. Its open uploads end with it, as at AWS.
    ///
    /// *Durability*: durable on return.
    /// *Errors*: `NoSuchBucket`, `BucketNotEmpty` while it holds any version, `Unavailable` while any
    /// element is absent, `Io`.
    pub fn delete_bucket(&self, caller: &Caller, name: &BucketName) -> Result<()> {
        let inner = &self.inner;
        let _gate = self.enter()?;
        let open_bucket = inner.buckets.get(name)?;
        let (committed, uploads) = {
            let mut held = open_bucket.hold_alone();
            if held.is_none() {
                return Err(no_such_bucket(name));
            }
            inner.refuse_if_absent()?;
            if !inner.catalog.is_bucket_empty(name)? {
                return Err(Error::new(ErrorKind::BucketNotEmpty, "delete bucket").about(name));
            }
            let element = inner.log_element()?;
            let seq = inner.sequence.draw()?;
            let change = Change::BucketRemove { bucket: name.clone() };
            let record = Record::new(seq, inner.options.clock.now_ms(), caller, change);
            let committed = element.log()?.append(record, &Attachments::default())?;
            for element in inner.ready_elements() {
                element.remove_bucket(name)?;
            }
            *held = None;
            (committed, inner.uploads.of(name))
        };
        inner.buckets.forget_deleted(name);
        uploads.iter().try_for_each(|upload| inner.uploads.end_with_bucket(upload))?;
        committed.applied();
        Ok(())
    }
}
