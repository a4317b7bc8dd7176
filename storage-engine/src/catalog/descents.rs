//! The table of versions that go on to another class by themselves, by the row of their version.
//!
//! A row is written with its version and says where to look, never what is true: it is removed by who looks and
//! finds that nothing is left to do.

use redb::{Durability, ReadableDatabase, TableDefinition, WriteTransaction};

use super::key;
use super::store::{Catalog, failed};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{BucketName, ObjectKey};

pub(super) const TABLE: TableDefinition<'static, &[u8], ()> = TableDefinition::new("descents");

/// One version to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descent {
    pub(crate) row: Vec<u8>,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    /// Sequence number of the version.
    pub(crate) seq: u64,
}

/// Notes the versions at `rows`.
pub(super) fn note(transaction: &WriteTransaction, rows: &[Vec<u8>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(TABLE).map_err(failed)?;
    rows.iter().try_for_each(|row| table.insert(row.as_slice(), ()).map(drop).map_err(failed))
}

impl Catalog {
    /// The versions to look at behind the row `after`, in order, at most `max`.
    ///
    /// *Errors*: `Corrupt` where what is read is damaged; `Unavailable`, `Io`.
    pub(crate) fn descents(&self, after: &[u8], max: usize) -> Result<Vec<Descent>> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let table = transaction.open_table(TABLE).map_err(failed)?;
        let behind = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let mut found = Vec::new();
        for row in table.range::<&[u8]>(behind).map_err(failed)?.take(max) {
            let (row, _) = row.map_err(failed)?;
            found.push(descent(row.value())?);
        }
        Ok(found)
    }

    /// Removes a version from the table.
    ///
    /// *Errors*: `Unavailable`, `StorageFull`, `Io`.
    pub(crate) fn end_descent(&self, row: &[u8]) -> Result<()> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::None).map_err(failed)?;
        transaction.open_table(TABLE).map_err(failed)?.remove(row).map_err(failed)?;
        transaction.commit().map_err(failed)
    }
}

fn descent(row: &[u8]) -> Result<Descent> {
    let corrupt = || Error::new(ErrorKind::Corrupt, "read catalog").because("a row has no bucket and key");
    let (bucket, key, seq) = key::parts(row).ok_or_else(corrupt)?;
    Ok(Descent { row: row.to_vec(), bucket: BucketName::parse(bucket)?, key: ObjectKey::parse(&key)?, seq })
}
