//! The catalog, which is derived: whether a start can use it, whether it counts what lies there, and
//! whether it knows of versions that lie nowhere. A repair takes away one that is out of step, and the
//! next start makes it again.

use std::collections::BTreeMap;

use super::check::{Checked, Run};
use super::finding::{Finding, FindingKind, told};
use super::outcome::Outcome;
use super::quarantine;
use super::repair::Repair;
use super::root::Root;
use crate::archive::{CheckpointMark, read_archive_id};
use crate::catalog::{Catalog, Entry};
use crate::disk::Disk;
use crate::error::Result;
use crate::name::ElementId;

const FOLDER: &str = "catalog";

/// What a walk over the catalog tells of an element.
struct Walked<'a> {
    checked: &'a Checked,
    /// Folders of its quarantine.
    runs: Vec<String>,
    versions: u64,
    /// Versions whose sidecars lie in quarantine.
    quarantined: u64,
}

impl Run<'_> {
    /// Opens the catalog without writing, compares the number of versions on each element, and reports
    /// those that it alone knows of.
    pub(super) fn check_catalog(
        &mut self,
        disk: &dyn Disk,
        mark: &CheckpointMark,
        all: &[Checked],
        is_complete: bool,
    ) {
        let behind = |detail| Finding::new(FindingKind::CatalogBehind, None, FOLDER, detail);
        match self.compare_catalog(disk, mark, all, is_complete) {
            Ok(None) => {}
            Ok(Some(detail)) => {
                let outcome = self.repair.is_some().then(|| self.drop_catalog(disk, is_complete));
                self.tally.add(Finding { outcome, ..behind(detail) });
            }
            Err(error) if error.is_missing_file() => self.tally.add(behind("there is none".to_owned())),
            Err(error) => self.tally.add(behind(told(&error))),
        }
    }

    /// Removes a catalog that is out of step, unless it knows of more than the files tell.
    fn drop_catalog(&self, disk: &dyn Disk, is_complete: bool) -> Outcome {
        let left = |why: &str| Outcome::Left(why.to_owned());
        if self.repair.as_ref().is_some_and(Repair::is_blocked) {
            left("what else is found must be put right first")
        } else if self.unreadable > 0 || self.tally.has(|kind| kind == FindingKind::SidecarMissing) {
            left(
                "it alone tells of versions whose sidecars cannot be read: without it their keys would be missing",
            )
        } else if !is_complete {
            left("it may know what lies on the element that is absent")
        } else {
            match disk.remove_durable(Catalog::FILE) {
                Ok(()) => Outcome::Restored("removed: the next start makes it from the sidecars".into()),
                Err(error) => Outcome::Failed(error.to_string()),
            }
        }
    }

    /// What is out of step; `None` where nothing is known to be.
    fn compare_catalog(
        &mut self,
        disk: &dyn Disk,
        mark: &CheckpointMark,
        all: &[Checked],
        is_complete: bool,
    ) -> Result<Option<String>> {
        let Some(archive) = read_archive_id(disk)? else { return Ok(None) };
        let catalog = Catalog::open_unwritten(disk, archive, mark.number)?;
        let mut walked: BTreeMap<ElementId, Walked<'_>> = BTreeMap::new();
        for checked in all {
            let runs = quarantine::runs(&*checked.root.disk).unwrap_or_default();
            walked.insert(checked.root.id, Walked { checked, runs, versions: 0, quarantined: 0 });
        }
        // A log that cannot be read may have taken versions away that the catalog still knows.
        let are_logs_known = is_complete || mark.is_clean;
        let are_logs_known = are_logs_known && !self.tally.has(|kind| kind == FindingKind::LogDamaged);
        catalog.walk(&mut |bucket, key, entry| {
            if let Some(of_element) = walked.get_mut(&entry.place.element) {
                of_element.versions += 1;
                if are_logs_known {
                    self.check_row(of_element, bucket, key, entry);
                }
            }
            Ok(())
        })?;
        for Walked { checked, versions, quarantined, .. } in walked.values() {
            let name = &checked.root.name;
            if *quarantined > 0 {
                return Ok(Some(format!(
                    "it names {quarantined} sidecars in the quarantine of element {name}"
                )));
            }
            // What the logs hold is in the files and not yet in a catalog that was never checkpointed.
            let is_settled = self.pending.is_empty() && !self.twice.has_suspects();
            let there = checked.sum.versions();
            if is_settled && catalog.covers(checked.root.id)? && *versions != there {
                return Ok(Some(format!(
                    "it knows {versions} versions on element {name} and {there} sidecars can be read there"
                )));
            }
        }
        Ok(None)
    }

    /// Reports a version whose sidecar is gone, which the catalog alone tells of.
    fn check_row(&mut self, of_element: &mut Walked<'_>, bucket: &str, key: &str, entry: &Entry) {
        let root: &Root = &of_element.checked.root;
        let (data, sidecar) = (entry.place.path.data(), entry.place.path.sidecar());
        // A file that cannot be looked at is reported where its folder is read.
        let is_there = |path: &str| root.disk.exists(path).unwrap_or(true);
        if self.pending.fate(root.id, data).is_some() || is_there(&sidecar) {
            return;
        }
        if of_element.runs.iter().any(|run| is_there(&format!("{run}/{sidecar}"))) {
            of_element.quarantined += 1;
            return;
        }
        let detail =
            format_args!("the catalog alone tells of version {} of {bucket}/{key}", entry.version_id);
        self.tally.add(root.finding(FindingKind::SidecarMissing, sidecar, detail));
    }
}
