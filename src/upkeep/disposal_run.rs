//! A disposal run as it is kept and as programs are told of it, as JSON. Fields may be added, and are never renamed.

use std::fmt;

use serde::{Deserialize, Serialize};
use storage_engine::archive::disposal::Disposable;
use storage_engine::mode::Mode;
use storage_engine::name::{BucketName, ElementName, ObjectKey, StoredPath, VersionId};
use storage_engine::{Error, ErrorKind};
use uuid::Uuid;

use super::lifecycle_pass::Place;

/// Documents that are named of those which stay; more are only counted.
const STAYING_MAX: usize = 100;

/// What asks for a disposal run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposalRequest {
    /// The bucket; `null` for all.
    pub(crate) bucket: Option<BucketName>,
    /// What keys begin with; empty for all.
    pub(crate) prefix: String,
    /// The element; `null` for all.
    pub(crate) element: Option<ElementName>,
    /// Why what is listed may go: it stays in every tombstone.
    pub(crate) reason: String,
}

/// How far a disposal run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DisposalState {
    /// What is due is being listed.
    Listing,
    /// It is listed, and waits for its release.
    Proposed,
    /// It was released, and is being done.
    Released,
    /// All of it is done.
    Done,
    /// It came to its end, and something of it could not be done.
    Failed,
    /// It was withdrawn before its release: nothing was done.
    Withdrawn,
}

/// A list of versions that are due for disposal, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DisposalRun {
    /// Its id: ids sort by the time at which they were asked for.
    pub(crate) id: Uuid,
    /// What was asked for.
    #[serde(flatten)]
    pub(crate) request: ProposalRequest,
    /// How far it is.
    pub(crate) state: DisposalState,
    /// Who proposed it, as the audit names them.
    pub(crate) proposed_by: String,
    /// When, in milliseconds since 1970: what was due by the archive's time then is listed.
    pub(crate) proposed_ms: u64,
    /// Who released it; `null` before.
    pub(crate) released_by: Option<String>,
    /// When, in milliseconds since 1970.
    pub(crate) released_ms: Option<u64>,
    /// When it ended or was withdrawn.
    pub(crate) ended_ms: Option<u64>,
    /// How far the listing is; a stop goes on behind it.
    pub(crate) at: Option<Place>,
    /// Versions that are listed, and their bytes.
    pub(crate) documents: u64,
    pub(crate) bytes: u64,
    /// Whether more is due than a run lists: propose again when this one has ended.
    pub(crate) is_more: bool,
    /// How many of the list were gone through; a stop goes on behind them.
    pub(crate) done: u64,
    /// Versions that were disposed of, and their bytes.
    pub(crate) disposed: u64,
    pub(crate) disposed_bytes: u64,
    /// Versions that stay because they were changed, moved or retained since they were listed.
    pub(crate) spared: u64,
    /// Versions that could not be disposed of, or not be looked at.
    pub(crate) failed: u64,
    /// Which stay, and why; the first hundred.
    pub(crate) staying: Vec<StayingDocument>,
}

/// A version that was not disposed of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StayingDocument {
    /// The bucket.
    pub(crate) bucket: String,
    /// The key.
    pub(crate) key: String,
    /// The version.
    pub(crate) version: String,
    /// Why.
    pub(crate) reason: String,
}

/// A version of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedDocument {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// The key.
    pub(crate) key: String,
    /// The version; `null` is the one without an id.
    pub(crate) version: String,
    /// Which revision of it was seen.
    pub(crate) revision: u64,
    /// The element that holds it.
    pub(crate) element: ElementName,
    /// Where its data file lies there; its tombstone will lie beside that name.
    pub(crate) path: StoredPath,
    /// Its mode.
    pub(crate) mode: Mode,
    /// Size in bytes.
    pub(crate) size: u64,
    /// SHA-256 of its bytes, in hex.
    pub(crate) sha256: String,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// When its retention ended; `null` where it had none, and a rule of its bucket says that it is due.
    pub(crate) kept_until_ms: Option<u64>,
    /// What says that it is due.
    pub(crate) rule: String,
}

impl fmt::Display for DisposalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listing => "listing",
            Self::Proposed => "proposed",
            Self::Released => "released",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Withdrawn => "withdrawn",
        })
    }
}

impl DisposalRun {
    pub(super) fn new(request: ProposalRequest, proposed_by: String, proposed_ms: u64) -> Self {
        Self {
            id: Uuid::now_v7(),
            request,
            state: DisposalState::Listing,
            proposed_by,
            proposed_ms,
            released_by: None,
            released_ms: None,
            ended_ms: None,
            at: None,
            documents: 0,
            bytes: 0,
            is_more: false,
            done: 0,
            disposed: 0,
            disposed_bytes: 0,
            spared: 0,
            failed: 0,
            staying: Vec::new(),
        }
    }

    /// Whether nothing is done about it until somebody asks.
    pub(crate) fn is_at_rest(&self) -> bool {
        !matches!(self.state, DisposalState::Listing | DisposalState::Released)
    }

    /// Names a version that stays.
    pub(super) fn note(&mut self, staying: StayingDocument) {
        if self.staying.len() < STAYING_MAX {
            self.staying.push(staying);
        }
    }
}

impl ListedDocument {
    pub(super) fn of(found: Disposable, rule: &str) -> Self {
        Self {
            bucket: found.bucket,
            key: found.key.as_str().to_owned(),
            version: found.version.to_string(),
            revision: found.revision,
            element: found.element,
            path: found.path,
            mode: found.mode,
            size: found.size,
            sha256: hex::encode(found.sha256),
            created_ms: found.created_ms,
            kept_until_ms: found.kept_until_ms,
            rule: rule.to_owned(),
        }
    }

    /// What a disposal takes.
    ///
    /// *Errors*: `InvalidArgument` where it is not as [`Self::of`] writes it.
    pub(super) fn to_disposable(&self) -> storage_engine::Result<Disposable> {
        let sha256 = hex::decode(&self.sha256).ok().and_then(|bytes| bytes.try_into().ok());
        let sha256 = sha256.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "read the list of a disposal run").about(&self.key)
        })?;
        Ok(Disposable {
            bucket: self.bucket.clone(),
            key: ObjectKey::parse(&self.key)?,
            version: VersionId::parse(&self.version)?,
            revision: self.revision,
            element: self.element.clone(),
            path: self.path.clone(),
            mode: self.mode,
            size: self.size,
            sha256,
            created_ms: self.created_ms,
            kept_until_ms: self.kept_until_ms,
        })
    }
}
