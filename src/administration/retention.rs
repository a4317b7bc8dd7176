//! Keeping versions from removal, and the archive clock.

use serde::{Deserialize, Serialize};
use storage_engine::name::{BucketName, ObjectKey, VersionId};
use storage_engine::retention::ClockStatus;

use super::asker::Asker;
use super::open::Administration;
use crate::error::{Error, ErrorKind, Result};

/// What keeps a version from removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetainRequest {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// The key.
    pub(crate) key: String,
    /// The version; `null` for the current one.
    pub(crate) version: Option<String>,
    /// Until when, in milliseconds since 1970.
    pub(crate) until_ms: u64,
}

/// What keeps it from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RetentionDocument {
    /// Until when, in milliseconds since 1970.
    pub(crate) until_ms: u64,
    /// `element` or `account`: who set it.
    pub(crate) origin: String,
}

impl Administration {
    /// Keeps a version from removal. *Durability*: it is kept through a power cut on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn retain(&self, user: &Asker, request: &RetainRequest) -> Result<RetentionDocument> {
        let failed = |source| Error::new(ErrorKind::Failed, "retain").about(&request.key).caused_by(source);
        let key = ObjectKey::parse(&request.key).map_err(failed)?;
        let version = request.version.as_deref().map(VersionId::parse).transpose().map_err(failed)?;
        let caller = user.caller("RetainObject");
        let kept = self.archive.retain(&caller, &request.bucket, &key, version, request.until_ms);
        let kept = kept.map_err(failed)?;
        Ok(RetentionDocument { until_ms: kept.until_ms, origin: kept.origin.as_str().to_owned() })
    }

    /// The archive's time and the system's.
    pub(crate) fn clock(&self) -> ClockStatus {
        self.archive.clock()
    }

    /// Lets the archive's time go on to the system's. *Durability*: durable on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn accept_clock(&self, user: &Asker) -> Result<ClockStatus> {
        let accepted = self.archive.accept_clock(&user.caller("AcceptClock"));
        accepted
            .map_err(|source| Error::new(ErrorKind::Failed, "accept the system's clock").caused_by(source))
    }
}
