//! A pass over the lifecycles of all buckets as it is kept and as programs are told of it, as JSON. Fields may be
//! added, and are never renamed.

use serde::{Deserialize, Serialize};
use storage_engine::name::BucketName;

use super::transaction::is_gone;

/// Failures that are listed; more are only counted.
const FAILURES_MAX: usize = 100;

/// One pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LifecyclePass {
    /// Which pass it is: they are counted from 1.
    pub(crate) number: u64,
    /// When it began, in milliseconds since 1970: what was due then is due in all of it. `null` while it waits.
    pub(crate) started_ms: Option<u64>,
    /// Up to when owners were told of what expires soon, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) told_ms: u64,
    /// When it ended; `null` before.
    pub(crate) ended_ms: Option<u64>,
    /// How far it is; a stop goes on behind it.
    pub(crate) at: Option<Place>,
    /// Buckets that were gone through: those with rules, or all where an element has a term.
    pub(crate) buckets: u64,
    /// Versions that were looked at.
    pub(crate) versions: u64,
    /// Versions that expired and are gone, and their bytes.
    pub(crate) deleted: u64,
    pub(crate) deleted_bytes: u64,
    /// Current versions that expired and lie behind a delete marker.
    pub(crate) hidden: u64,
    /// Delete markers that were removed because nothing was behind them.
    pub(crate) markers_removed: u64,
    /// Versions that moved to a stricter mode, and their bytes.
    pub(crate) moved: u64,
    pub(crate) moved_bytes: u64,
    /// Uploads that ended.
    pub(crate) uploads_aborted: u64,
    /// Versions whose owners were told that they expire soon, or may then be disposed of.
    #[serde(default)]
    pub(crate) warned: u64,
    /// Versions that would expire and lie in a mode in which nothing expires by itself.
    pub(crate) due_for_disposal: u64,
    /// Versions and uploads that others changed meanwhile; the next pass looks at them again.
    pub(crate) changed: u64,
    /// Versions, uploads and buckets with which what is due could not be done.
    pub(crate) failed: u64,
    /// Which, and why; the first hundred.
    pub(crate) failures: Vec<LifecycleFailure>,
}

/// A place in a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// What of it.
    pub(crate) step: Step,
}

/// What of a bucket a pass is at. The last thing that was looked at; `null` for the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// Its open uploads.
    Uploads(Option<UploadPlace>),
    /// Its versions.
    Versions(Option<VersionPlace>),
}

/// A place among the open uploads of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UploadPlace {
    pub(crate) key: String,
    pub(crate) upload: String,
}

/// A place among the versions of a bucket, and what counts for the next one of the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VersionPlace {
    pub(crate) key: String,
    pub(crate) version: String,
    /// When the version was made, in milliseconds since 1970.
    pub(crate) made_ms: u64,
    /// How many noncurrent objects of the key are newer than the next one and stay.
    pub(crate) newer: u32,
}

/// Something that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LifecycleFailure {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// The key; empty where it is the bucket.
    pub(crate) key: String,
    /// The version, or the upload; empty where it is the bucket.
    pub(crate) version: String,
    /// The rule; empty where none was come to.
    pub(crate) rule: String,
    /// Why.
    pub(crate) reason: String,
}

impl LifecyclePass {
    /// Whether nothing of it is left to do.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended_ms.is_some()
    }

    /// Notes what could not be done; what others changed meanwhile is no failure.
    pub(super) fn fail(&mut self, failure: LifecycleFailure, kind: storage_engine::ErrorKind) {
        if is_gone(kind)
            || matches!(
                kind,
                storage_engine::ErrorKind::PreconditionFailed | storage_engine::ErrorKind::NoSuchUpload
            )
        {
            self.changed += 1;
            return;
        }
        self.failed += 1;
        if self.failures.len() < FAILURES_MAX {
            self.failures.push(failure);
        }
    }
}
