//! A transaction as it is kept and as programs are told of it, as JSON. Fields may be added, and are never renamed.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};
use storage_engine::ErrorKind as EngineKind;
use storage_engine::archive::transfer::Destination;
use storage_engine::mode::Mode;
use storage_engine::name::{BucketName, ElementName};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};

/// Failures that are listed; more are only counted.
const FAILURES_MAX: usize = 100;

/// What asks for a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TransferRequest {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// What keys begin with; empty for all.
    pub(crate) prefix: String,
    /// A mode, or the name of an element.
    pub(crate) to: String,
}

/// What brings an element to another mode, where that takes long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TransitionRequest {
    /// Name of the element.
    pub(crate) element: ElementName,
    /// The mode.
    pub(crate) mode: Mode,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Work {
    /// Documents move to another element.
    Transfer(TransferRequest),
    /// An element goes on to another mode; before it becomes ar, its bytes go to its archive target.
    Transition(TransitionRequest),
}

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TransactionState {
    /// Others come before it.
    Waiting,
    /// It is being worked on, or will be when the server runs again.
    Running,
    /// All of it is done.
    Done,
    /// It came to its end, and something of it could not be done.
    Failed,
}

impl fmt::Display for TransactionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        })
    }
}

/// Work on many documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transaction {
    /// Its id: ids sort by the time at which they were asked for.
    pub(crate) id: Uuid,
    /// What is done.
    #[serde(flatten)]
    pub(crate) work: Work,
    /// Who asked, as the audit names them.
    pub(crate) asked_by: String,
    /// When, in milliseconds since 1970.
    pub(crate) asked_ms: u64,
    /// When it ended; `null` before.
    pub(crate) ended_ms: Option<u64>,
    /// How far it is.
    pub(crate) state: TransactionState,
    /// The last version that was looked at; a stop goes on behind it.
    pub(crate) after: Option<Cursor>,
    /// Versions that were moved or archived, and their bytes.
    pub(crate) moved: u64,
    pub(crate) moved_bytes: u64,
    /// Versions that were there already, or in a stricter mode.
    pub(crate) unchanged: u64,
    /// Versions that could not be moved and stay where they were.
    pub(crate) failed: u64,
    /// Which, and why; the first hundred.
    pub(crate) failures: Vec<Failure>,
}

/// A place in a listing of versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The key.
    pub(crate) key: String,
    /// The version; `null` behind all of the key's.
    pub(crate) version: Option<String>,
}

/// A version that could not be moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The key.
    pub(crate) key: String,
    /// The version; `null` is the one without an id.
    pub(crate) version: String,
    /// Why.
    pub(crate) reason: String,
}

impl TransferRequest {
    /// Where it goes.
    ///
    /// *Errors*: `Failed` where it names neither a mode nor what could be an element.
    pub(crate) fn destination(&self) -> Result<Destination> {
        if let Ok(mode) = Mode::parse(&self.to) {
            return Ok(Destination::Mode(mode));
        }
        ElementName::parse(&self.to).map(Destination::Element).map_err(|source| {
            Error::new(ErrorKind::Failed, "transfer to")
                .about(&self.to)
                .remedy("name a mode (rw, ro) or an element; artstore element list shows them")
                .caused_by(source)
        })
    }
}

impl Transaction {
    pub(super) fn new(id: Uuid, work: Work, asked_by: String, asked_ms: u64) -> Self {
        Self {
            id,
            work,
            asked_by,
            asked_ms,
            ended_ms: None,
            state: TransactionState::Waiting,
            after: None,
            moved: 0,
            moved_bytes: 0,
            unchanged: 0,
            failed: 0,
            failures: Vec::new(),
        }
    }

    /// Whether nothing of it is left to do.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, TransactionState::Done | TransactionState::Failed)
    }

    /// Notes a version that could not be moved.
    pub(super) fn fail(&mut self, key: &str, version: &str, error: &storage_engine::Error) {
        self.failed += 1;
        if self.failures.len() < FAILURES_MAX {
            let failure =
                Failure { key: key.to_owned(), version: version.to_owned(), reason: with_causes(error) };
            self.failures.push(failure);
        }
    }

    /// Ends it before its time: what is left stays where it is.
    pub(super) fn give_up(&mut self, error: &Error, now_ms: u64) {
        self.failed += 1;
        let reason = format!("nothing more was moved: {}", with_causes(error));
        self.failures.push(Failure { key: String::new(), version: String::new(), reason });
        self.end(now_ms);
    }

    /// Ends it.
    pub(super) fn end(&mut self, now_ms: u64) {
        self.ended_ms = Some(now_ms);
        self.state = if self.failed > 0 { TransactionState::Failed } else { TransactionState::Done };
    }
}

/// An error with what lies below it.
pub(super) fn with_causes(error: &dyn StdError) -> String {
    let (mut text, mut below) = (error.to_string(), error.source());
    while let Some(cause) = below {
        text.push_str(&format!(": {cause}"));
        below = cause.source();
    }
    text
}

/// Whether a version that went meanwhile is no failure of its transfer.
pub(super) fn is_gone(kind: EngineKind) -> bool {
    matches!(
        kind,
        EngineKind::NoSuchVersion | EngineKind::NoSuchKey | EngineKind::KeyDeleted | EngineKind::DeleteMarker
    )
}
