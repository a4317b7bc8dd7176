//! Buckets as operators see them, and what is set of one beside S3.

use serde::{Deserialize, Serialize};
use storage_engine::archive::bucket::{Bucket, Versioning};
use storage_engine::mode::Mode;
use storage_engine::name::BucketName;

use super::asker::Asker;
use super::open::Administration;
use crate::error::{Error, ErrorKind, Result};

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BucketDocument {
    /// Its name.
    pub(crate) name: BucketName,
    /// Id of the account that owns it.
    pub(crate) owner: String,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// `never`, `enabled` or `suspended`.
    pub(crate) versioning: String,
    /// The mode in which objects are stored whose storage class nobody names.
    pub(crate) default_mode: Mode,
}

/// What sets the default mode of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BucketSettingsRequest {
    /// Its name.
    pub(crate) name: BucketName,
    /// The mode.
    pub(crate) default_mode: Mode,
}

impl From<Bucket> for BucketDocument {
    fn from(bucket: Bucket) -> Self {
        let versioning = match bucket.versioning {
            Versioning::Never => "never",
            Versioning::Enabled => "enabled",
            Versioning::Suspended => "suspended",
        };
        Self {
            name: bucket.name,
            owner: bucket.owner.to_string(),
            created_ms: bucket.created_ms,
            versioning: versioning.to_owned(),
            default_mode: bucket.default_mode,
        }
    }
}

impl Administration {
    /// Every bucket, in order of name.
    pub(crate) fn bucket_documents(&self) -> Vec<BucketDocument> {
        self.archive.buckets().into_iter().map(BucketDocument::from).collect()
    }

    /// Sets the default mode of a bucket. *Durability*: it is set through a power cut on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn set_bucket(&self, user: &Asker, request: &BucketSettingsRequest) -> Result<BucketDocument> {
        let caller = user.caller("SetBucket");
        let set = self.archive.set_default_mode(&caller, &request.name, request.default_mode);
        set.and_then(|()| self.archive.bucket(&request.name)).map(BucketDocument::from).map_err(|source| {
            Error::new(ErrorKind::Failed, "set bucket").about(&request.name).caused_by(source)
        })
    }
}
