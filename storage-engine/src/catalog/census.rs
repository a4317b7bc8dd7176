//! What lies on an element, counted.

use redb::{ReadableDatabase as _, ReadableTable as _};

use super::entry::Entry;
use super::store::{Catalog, VERSIONS, failed};
use crate::error::Result;
use crate::name::ElementId;

/// What lies on an element.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Census {
    pub(crate) objects: u64,
    /// Of their data files.
    pub(crate) bytes: u64,
}

impl Catalog {
    /// The objects on `element`, by a walk over all versions.
    pub(crate) fn census(&self, element: ElementId) -> Result<Census> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let versions = transaction.open_table(VERSIONS).map_err(failed)?;
        let mut census = Census::default();
        for row in versions.iter().map_err(failed)? {
            let (_, value) = row.map_err(failed)?;
            let entry = Entry::decode(value.value(), 0)?;
            if entry.place.element == element && !entry.is_marker() {
                census.objects += 1;
                census.bytes += entry.size;
            }
        }
        Ok(census)
    }
}
