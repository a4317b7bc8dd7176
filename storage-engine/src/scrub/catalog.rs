//! The catalog: each of its versions with a sidecar, each block of its file as it was written.

use super::paced_disk::Work;
use super::pair::is_there;
use super::pass::Pass;
use crate::catalog::{Catalog, VersionRow};
use crate::error::Error;
use crate::fsck::{Finding, FindingKind, told};

/// Rows of one step.
const ROWS: usize = 256;
/// Blocks of one step: 1 MiB.
const BLOCKS: u64 = 256;
const BLOCK_BYTES: u64 = 4096;

impl Pass<'_> {
    /// Looks for the sidecar of every version behind the row `at`. The rows before it are read all the same,
    /// so that the blocks they lie in are known to be in use.
    pub(super) fn check_versions(&mut self, at: &str) {
        let done = hex::decode(at).unwrap_or_default();
        let mut after = Vec::new();
        loop {
            let rows = match self.inner.catalog.versions_after(&after, ROWS) {
                Ok(rows) => rows,
                Err(error) => return self.damaged_catalog(&error),
            };
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.row);
            let mut looked_at = 0;
            for row in rows.iter().filter(|row| row.row > done) {
                self.check_row(row);
                looked_at += 1;
            }
            if self.pacer.work(Work { bytes: 0, sidecars: looked_at }).is_err() {
                return;
            }
            self.passed(&hex::encode((&after).max(&done)), Work::default());
        }
        if let Err(error) = self.inner.catalog.read_other_tables() {
            self.damaged_catalog(&error);
        }
    }

    fn check_row(&mut self, row: &VersionRow) {
        let VersionRow { bucket, key, entry, .. } = row;
        let Ok(element) = self.inner.element(entry.place.element) else { return };
        if is_there(&*element.disk, &entry.place.path.sidecar()) {
            return;
        }
        let lost = {
            let _key = self.inner.key_locks.lock(bucket, key);
            let now = self.inner.catalog.version(bucket, key, entry.version_id).ok().flatten();
            now.filter(|now| now.seq == entry.seq && !is_there(&*element.disk, &now.place.path.sidecar()))
        };
        if let Some(lost) = lost {
            let version = lost.version_id;
            let detail = format_args!("the sidecar of version {version} of {bucket}/{key} is not there");
            let path = lost.place.path.sidecar();
            self.found(Finding::new(FindingKind::SidecarMissing, Some(&element.name), path, detail), None);
        }
    }

    /// Compares the blocks of the file with their digests.
    pub(super) fn check_blocks(&mut self, at: &str) {
        let mut next = Some(at.parse().unwrap_or(0));
        while let Some(first) = next {
            if !self.inner.catalog.is_usable() {
                return;
            }
            let damaged = match self.inner.catalog.verify_blocks(first, BLOCKS) {
                Ok((behind, damaged)) => {
                    next = behind;
                    damaged
                }
                Err(error) => return self.damaged_catalog(&error),
            };
            for number in damaged {
                let detail = format_args!("block {number} of {BLOCK_BYTES} bytes is not what was written");
                self.found(Finding::new(FindingKind::CatalogDamaged, None, Catalog::FILE, detail), None);
                self.inner.catalog.mark_damaged();
            }
            self.pacer.count(BLOCKS * BLOCK_BYTES);
            if self.pacer.work(Work { bytes: BLOCKS * BLOCK_BYTES, sidecars: 0 }).is_err() {
                return;
            }
            self.passed(&next.unwrap_or(first).to_string(), Work::default());
        }
    }

    fn damaged_catalog(&mut self, error: &Error) {
        self.found(Finding::new(FindingKind::CatalogDamaged, None, Catalog::FILE, told(error)), None);
    }
}
