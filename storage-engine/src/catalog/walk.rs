//! The catalog read from its first row to its last, in steps, and its file block by block: for the scrub.

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::entry::Entry;
use super::key;
use super::rows::PLACED;
use super::store::{COVERED, Catalog, FEED, META, SESSIONS, VERSIONS, failed};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{BucketName, ObjectKey};

/// One row: what it is found by, and what it says.
pub(crate) struct VersionRow {
    pub(crate) row: Vec<u8>,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    pub(crate) entry: Entry,
}

impl Catalog {
    /// The versions behind the row `after`, in order, at most `max`.
    ///
    /// *Errors*: `Corrupt` where what is read is damaged; `Unavailable`, `Io`.
    pub(crate) fn versions_after(&self, after: &[u8], max: usize) -> Result<Vec<VersionRow>> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let versions = transaction.open_table(VERSIONS).map_err(failed)?;
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let mut rows = Vec::new();
        for row in versions.range::<&[u8]>(behind).map_err(failed)?.take(max) {
            let (row, value) = row.map_err(failed)?;
            rows.push(read_row(row.value(), value.value())?);
        }
        Ok(rows)
    }

    /// Reads every row of the other tables.
    ///
    /// *Errors*: as [`Self::versions_after`].
    pub(crate) fn read_other_tables(&self) -> Result<()> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let feed = transaction.open_table(FEED).map_err(failed)?;
        feed.iter().map_err(failed)?.try_for_each(|row| row.map(drop)).map_err(failed)?;
        let placed = transaction.open_table(PLACED).map_err(failed)?;
        placed.iter().map_err(failed)?.try_for_each(|row| row.map(drop)).map_err(failed)?;
        let sessions = transaction.open_table(SESSIONS).map_err(failed)?;
        sessions.iter().map_err(failed)?.try_for_each(|row| row.map(drop)).map_err(failed)?;
        let meta = transaction.open_table(META).map_err(failed)?;
        meta.iter().map_err(failed)?.try_for_each(|row| row.map(drop)).map_err(failed)?;
        let covered = transaction.open_table(COVERED).map_err(failed)?;
        covered.iter().map_err(failed)?.try_for_each(|row| row.map(drop)).map_err(failed)
    }

    /// Number of versions.
    ///
    /// *Errors*: as [`Self::versions_after`].
    pub(crate) fn versions_count(&self) -> Result<u64> {
        let transaction = self.database.begin_read().map_err(failed)?;
        transaction.open_table(VERSIONS).map_err(failed)?.len().map_err(failed)
    }

    /// Compares the blocks of the file from number `first` on, at most `count`, with their digests, as they
    /// lie on disk and not in memory. Blocks of which nothing was read or written since the start are passed
    /// over: after a walk over all tables those are free. Answers with the number to go on with, `None` at
    /// the end, and those that are damaged.
    ///
    /// *Errors*: `Io`.
    pub(crate) fn verify_blocks(&self, first: u64, count: u64) -> Result<(Option<u64>, Vec<u64>)> {
        let Some(blocks) = &self.blocks else { return Ok((None, Vec::new())) };
        blocks.verify(first, count).map_err(|error| Error::io("check catalog", super::Catalog::FILE, error))
    }

    /// Lets the next start make the catalog anew.
    pub(crate) fn mark_damaged(&self) {
        if let Some(blocks) = &self.blocks {
            blocks.mark();
        }
    }

    /// Whether lookups are still answered: no read met a damaged block.
    pub(crate) fn is_usable(&self) -> bool {
        self.blocks.as_ref().is_none_or(|blocks| !blocks.is_condemned())
    }
}

fn read_row(row: &[u8], value: &[u8]) -> Result<VersionRow> {
    let corrupt = || Error::new(ErrorKind::Corrupt, "read catalog").because("a row has no bucket and key");
    let (bucket, key, seq) = key::parts(row).ok_or_else(corrupt)?;
    Ok(VersionRow {
        row: row.to_vec(),
        bucket: BucketName::parse(bucket)?,
        key: ObjectKey::parse(&key)?,
        entry: Entry::decode(value, seq)?,
    })
}
