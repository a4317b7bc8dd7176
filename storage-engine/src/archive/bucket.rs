//! Buckets as the doors see them.

use std::sync::Arc;

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
}
