//! Bucket documents: what is needed to be a bucket again, and the buckets in use.

mod document;
mod notification;
mod set;

pub use document::Versioning;
pub(crate) use document::{BUCKETS_DIR, BucketDocument};
pub use notification::{NotificationRule, NotificationTarget};
pub(crate) use set::{BucketSet, HeldBucket, OpenBucket, no_such_bucket};
