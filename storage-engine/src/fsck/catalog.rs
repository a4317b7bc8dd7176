//! The catalog, which is derived: whether a start can use it, and whether it counts what lies there.

use super::check::{Checked, Run};
use super::finding::{Finding, FindingKind, told};
use crate::archive::{CheckpointMark, read_archive_id};
use crate::catalog::Catalog;
use crate::disk::Disk;
use crate::error::{Error, ErrorKind, Result};

const FOLDER: &str = "catalog";

impl Run<'_> {
    /// Opens the catalog without writing and compares the number of versions on each element.
    pub(super) fn check_catalog(&mut self, disk: &dyn Disk, mark: &CheckpointMark, all: &[Checked]) {
        if let Err(error) = self.compare_catalog(disk, mark, all) {
            let detail = if error.is_missing_file() { "there is none".to_owned() } else { told(&error) };
            self.tally.add(Finding::new(FindingKind::CatalogBehind, None, FOLDER, detail));
        }
    }

    fn compare_catalog(&self, disk: &dyn Disk, mark: &CheckpointMark, all: &[Checked]) -> Result<()> {
        let Some(archive) = read_archive_id(disk)? else { return Ok(()) };
        let catalog = Catalog::open_unwritten(disk, archive, mark.number)?;
        // What the logs hold is in the files and not yet in a catalog that was never checkpointed.
        if !self.pending.is_empty() || self.twice.has_suspects() {
            return Ok(());
        }
        let counts = catalog.versions_by_element()?;
        for checked in all {
            let id = checked.root.id;
            let (known, there) = (counts.get(&id).copied().unwrap_or(0), checked.sum.versions());
            if catalog.covers(id)? && known != there {
                return Err(Error::new(ErrorKind::Corrupt, "compare catalog").because(format_args!(
                    "it knows {known} versions on element {} and {there} sidecars can be read there",
                    checked.root.name
                )));
            }
        }
        Ok(())
    }
}
