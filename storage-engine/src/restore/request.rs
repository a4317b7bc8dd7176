//! What is asked for when a document is to be restored, and what the doors see of it.

use serde::{Deserialize, Serialize};

use crate::name::{BucketName, ElementName, ObjectKey, VersionId};

/// Most days for which a document may be restored: a century.
pub const DAYS_MAX: u32 = 36_500;

/// A restore that is asked for (API page "RestoreObject").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoreRequest {
    /// The version; `None` for the current one.
    pub version: Option<VersionId>,
    /// Days for which the copy is kept, 1 to [`DAYS_MAX`].
    pub days: u32,
    /// How soon.
    pub tier: Tier,
}

/// How soon a document is recalled: those of a faster tier come before all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tier {
    /// First of all.
    Expedited,
    /// In its turn.
    #[default]
    Standard,
    /// When nothing else waits.
    Bulk,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restoring {
    /// The bytes will be here; they are not yet.
    Requested,
    /// They are here, and stay until the new day.
    Extended,
}

/// How far a restore is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestoreState {
    /// It waits for its turn.
    Requested,
    /// The bytes are being brought.
    Recalling,
    /// They are here.
    Restored,
    /// They could not be brought.
    Failed,
}

/// What HEAD, GET and listings say of an archived object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreStatus {
    /// Its bytes have been asked for.
    Ongoing,
    /// They are here, until this time in milliseconds since 1970.
    Restored {
        /// The first moment at which they are not.
        until_ms: u64,
    },
}

/// A restore as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreProgress {
    /// The element that holds the sidecar.
    pub element: ElementName,
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version.
    pub version_id: VersionId,
    /// Its size in bytes.
    pub size: u64,
    /// How soon it was to come.
    pub tier: Tier,
    /// How far it is.
    pub state: RestoreState,
    /// When it was asked for, in milliseconds since 1970.
    pub requested_ms: u64,
    /// When the copy ends, or is to end.
    pub expires_ms: u64,
    /// Why it could not be brought, at the last try.
    pub failure: Option<String>,
}
