//! The change feed, for those who follow the archive: search, discovery, events.

use super::open::Archive;
use crate::catalog::{Change, Cursor};
use crate::error::Result;

impl Archive {
    /// Where a follower stands that has seen everything until now.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.inner.catalog.cursor()
    }

    /// The next changes behind `cursor`, at most `max`, and where the follower then stands. A change may
    /// be given again after a stop; `None` where the feed no longer reaches back that far, or belongs to
    /// a catalog made anew: the follower reconciles in full and goes on from [`Self::cursor`].
    ///
    /// *Errors*: `Io`, `Corrupt`.
    pub fn changes(&self, cursor: Cursor, max: usize) -> Result<Option<(Vec<Change>, Cursor)>> {
        self.inner.catalog.changes(cursor, max)
    }
}
