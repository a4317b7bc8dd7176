//! The rows of versions, and those that say what lies on an element, changed together.
//!
//! A version has one row, by bucket, key and sequence number, and one more behind the id of the element that holds
//! it: what an element holds is there in the order of bucket and key, so that a tree of a mode costs what it shows.

use redb::{ReadableTable as _, Table, TableDefinition, WriteTransaction};

use super::entry::Entry;
use super::key;
use super::store::{VERSIONS, failed};
use crate::error::Result;
use crate::name::{BucketName, ElementId, ObjectKey};

pub(super) const PLACED: TableDefinition<'static, &[u8], ()> = TableDefinition::new("placed");

/// The table of versions, as a write transaction sees it.
type Versions<'t> = Table<'t, &'static [u8], &'static [u8]>;

/// Both tables, open to be changed.
pub(super) struct Rows<'t> {
    versions: Versions<'t>,
    placed: Table<'t, &'static [u8], ()>,
}

/// What a row of what an element holds begins with.
const ELEMENT_BYTES: usize = 16;

/// The row of a version among what an element holds.
pub(super) fn placed_row(element: ElementId, row: &[u8]) -> Vec<u8> {
    [element.as_bytes().as_slice(), row].concat()
}

/// The row of a version of which `placed` says where it lies.
pub(super) fn row_of(placed: &[u8]) -> Vec<u8> {
    placed.get(ELEMENT_BYTES..).unwrap_or_default().to_vec()
}

impl<'t> Rows<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self> {
        Ok(Self {
            versions: transaction.open_table(VERSIONS).map_err(failed)?,
            placed: transaction.open_table(PLACED).map_err(failed)?,
        })
    }

    /// Every version, in order.
    pub(super) fn versions(&self) -> &Versions<'t> {
        &self.versions
    }

    /// Inserts a version unless a later placement of it is known.
    pub(super) fn put_newest(&mut self, bucket: &BucketName, key: &ObjectKey, entry: &Entry) -> Result<()> {
        let row = key::row(bucket.as_str(), key.as_str(), entry.seq);
        let known = self.versions.get(row.as_slice()).map_err(failed)?;
        let known = known.map(|value| Entry::decode(value.value(), entry.seq)).transpose()?;
        if known.as_ref().is_some_and(|known| known.placement_seq > entry.placement_seq) {
            return Ok(());
        }
        let element = entry.place.element;
        match known.map(|known| known.place.element) {
            Some(before) if before == element => {}
            before => {
                if let Some(before) = before {
                    self.placed.remove(placed_row(before, &row).as_slice()).map_err(failed)?;
                }
                self.placed.insert(placed_row(element, &row).as_slice(), ()).map_err(failed)?;
            }
        }
        self.versions.insert(row.as_slice(), entry.encode()?.as_slice()).map_err(failed)?;
        Ok(())
    }

    /// Removes a version. One that is not there is no error.
    pub(super) fn remove(&mut self, row: &[u8]) -> Result<()> {
        let element = match self.versions.remove(row).map_err(failed)? {
            Some(value) => Entry::decode(value.value(), 0)?.place.element,
            None => return Ok(()),
        };
        self.placed.remove(placed_row(element, row).as_slice()).map_err(failed)?;
        Ok(())
    }
}
