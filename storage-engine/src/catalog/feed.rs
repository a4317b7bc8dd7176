//! The change feed: what happened, in the order in which the catalog took it, for those who follow.
//!
//! Rows are kept up to a bound. Positions are given when a change is applied; after a stop without a
//! checkpoint the last of them are given again, perhaps in another order, so that a cursor carries
//! the session it was read in and is set back to where that session's successor began.

use serde::{Deserialize, Serialize};

/// Most rows kept; a follower that is further behind reconciles in full.
pub(super) const ROWS_MAX: u64 = 200_000;
/// Most sessions remembered; likewise.
pub(super) const SESSIONS_MAX: usize = 1_000;

/// What happened to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// It came, or its sidecar changed.
    Put,
    /// It is gone.
    Removed,
}

/// One change of the feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Sequence number of the change.
    pub seq: u64,
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// Sequence number of the version it happened to.
    pub version_seq: u64,
}

/// Where a follower stands: everything up to and with `position` is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The catalog's epoch; a rebuilt catalog has another.
    pub epoch: u64,
    /// The session of the catalog in which the position was read.
    pub session: u64,
    /// The position.
    pub position: u64,
}
