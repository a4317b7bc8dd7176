//! Archive targets of elements, and restores.

use serde::{Deserialize, Serialize};
use storage_engine::archive::restore::{RestoreProgress, RestoreRequest, RestoreState, Restoring, Tier};
use storage_engine::mode::StorageClass;
use storage_engine::name::{BucketName, ElementName, ObjectKey, VersionId};
use storage_engine::target::{ArchiveClass, ArchiveTarget, TargetPlace};

use super::asker::Asker;
use super::document::ElementDocument;
use super::open::Administration;
use crate::error::{Error, ErrorKind, Result};

/// What sets the archive target of an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetRequest {
    /// Name of the element.
    pub(crate) name: ElementName,
    /// The place.
    pub(crate) place: TargetPlace,
    /// The class that its objects report there.
    pub(crate) class: ArchiveClass,
}

/// The archive target of an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TargetDocument {
    /// The place.
    pub(crate) place: TargetPlace,
    /// The S3 storage class that objects report in mode ar.
    pub(crate) class: StorageClass,
}

/// What asks for the bytes of an archived document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRestoreRequest {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// The key.
    pub(crate) key: String,
    /// The version; `null` for the current one.
    pub(crate) version: Option<String>,
    /// Days for which the bytes stay.
    pub(crate) days: u32,
    /// How soon.
    pub(crate) tier: Tier,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RestoreAnswer {
    /// The bytes are on their way.
    Requested,
    /// They are here already, until the new day.
    Extended,
}

/// A restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RestoreDocument {
    /// Name of the element that holds the sidecar.
    pub(crate) element: String,
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// The key.
    pub(crate) key: String,
    /// The version; `null` is the one without an id.
    pub(crate) version: String,
    /// Size in bytes.
    pub(crate) size: u64,
    /// How soon it was to come.
    pub(crate) tier: Tier,
    /// How far it is.
    pub(crate) state: RestoreState,
    /// When it was asked for, in milliseconds since 1970.
    pub(crate) requested_ms: u64,
    /// When the copy ends, or is to end.
    pub(crate) expires_ms: u64,
    /// Why the bytes could not be brought, at the last try.
    pub(crate) failure: Option<String>,
}

impl From<ArchiveTarget> for TargetDocument {
    fn from(target: ArchiveTarget) -> Self {
        Self { place: target.place, class: target.class.storage_class() }
    }
}

impl From<RestoreProgress> for RestoreDocument {
    fn from(progress: RestoreProgress) -> Self {
        Self {
            element: progress.element.to_string(),
            bucket: progress.bucket,
            key: progress.key.as_str().to_owned(),
            version: progress.version_id.to_string(),
            size: progress.size,
            tier: progress.tier,
            state: progress.state,
            requested_ms: progress.requested_ms,
            expires_ms: progress.expires_ms,
            failure: progress.failure,
        }
    }
}

impl Administration {
    /// Sets where the bytes of an element go in mode ar. *Durability*: it is durable on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn set_target(&self, user: &Asker, request: TargetRequest) -> Result<ElementDocument> {
        let TargetRequest { name, place, class } = request;
        let target = ArchiveTarget { place, class };
        let set = self.archive.set_target(&user.caller("SetArchiveTarget"), &name, &target);
        let element = set.map_err(|source| {
            Error::new(ErrorKind::Failed, "set the archive target of element")
                .about(&name)
                .remedy("artstore element list shows the elements and their modes")
                .caused_by(source)
        })?;
        Ok(element.into())
    }

    /// Asks for the bytes of an archived document. *Durability*: the request is durable on return.
    ///
    /// *Errors*: `Failed` with the engine's reason below.
    pub(crate) fn restore(&self, user: &Asker, request: &NewRestoreRequest) -> Result<RestoreAnswer> {
        let failed = |source| Error::new(ErrorKind::Failed, "restore").about(&request.key).caused_by(source);
        let key = ObjectKey::parse(&request.key).map_err(failed)?;
        let version = request.version.as_deref().map(VersionId::parse).transpose().map_err(failed)?;
        let asked = RestoreRequest { version, days: request.days, tier: request.tier };
        let caller = user.caller("RestoreObject");
        let restoring = self.archive.restore(&caller, &request.bucket, &key, &asked);
        Ok(match restoring.map_err(failed)? {
            Restoring::Requested => RestoreAnswer::Requested,
            Restoring::Extended => RestoreAnswer::Extended,
        })
    }

    /// The restores there are, the oldest first; at most a thousand.
    ///
    /// *Errors*: `Failed` where they cannot be read.
    pub(crate) fn restores(&self) -> Result<Vec<RestoreDocument>> {
        let restores = self
            .archive
            .restores()
            .map_err(|source| Error::new(ErrorKind::Failed, "read the restores").caused_by(source))?;
        Ok(restores.into_iter().map(RestoreDocument::from).collect())
    }
}
