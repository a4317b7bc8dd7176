//! What a repair does about findings: it moves what it cannot place to the quarantine, and destroys
//! nothing.
//!
//! A repair changes an element only where it knows everything that a start would do there: while a log, a
//! control document or the element's own document cannot be read, it leaves everything as it is. What the
//! log names is never touched. Each step is durable before the next, and finds by itself what an earlier
//! run that was stopped left undone.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use super::check::Run;
use super::finding::{Finding, FindingKind};
use super::outcome::Outcome;
use super::quarantine::{Quarantine, Reason, held};
use super::report::Tally;
use super::root::Root;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::name::ElementId;
use crate::timestamp::to_rfc3339;

/// A repair under way.
pub(super) struct Repair<'a> {
    clock: &'a dyn Clock,
    /// Why nothing at all is changed.
    blocked: Option<&'static str>,
    quarantines: BTreeMap<ElementId, Quarantine>,
    /// Roots of all elements, and the data directory: folders that are never moved.
    kept: Vec<PathBuf>,
}

impl<'a> Repair<'a> {
    /// A repair that knows what was found so far: logs and control documents have been read.
    pub(super) fn new(clock: &'a dyn Clock, tally: &Tally, kept: Vec<PathBuf>) -> Self {
        let is_unknown = |kind| matches!(kind, FindingKind::ControlDocumentDamaged | FindingKind::LogDamaged);
        let blocked = tally.has(is_unknown).then_some(
            "the log or a control document cannot be read, and what they name must not be touched",
        );
        Self { clock, blocked, quarantines: BTreeMap::new(), kept }
    }

    /// Why nothing on an element is changed.
    pub(super) fn refusal(&self, root: &Root) -> Option<&'static str> {
        let unsound = "its element.json is damaged or of a newer release, or it cannot be locked";
        self.blocked.or((!root.is_sound).then_some(unsound))
    }

    /// Whether nothing at all is changed.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Moves `paths` to the quarantine, in this order, for what was found.
    pub(super) fn quarantine(&mut self, root: &Root, finding: &Finding, paths: &[String]) -> Outcome {
        if let Some(why) = self.refusal(root) {
            return Outcome::Left(why.into());
        }
        if paths.is_empty() {
            return Outcome::Left("the log names it, and the next start sees to it".into());
        }
        let mut at = None;
        for path in paths {
            match self.take(root, finding, path) {
                Ok(to) if *path == finding.path || at.is_none() => at = Some(to),
                Ok(_) => {}
                Err(error) => return Outcome::Failed(format!("{path} could not be moved: {error}")),
            }
        }
        Outcome::Quarantined(at.unwrap_or_default())
    }

    fn take(&mut self, root: &Root, finding: &Finding, path: &str) -> std::io::Result<String> {
        let now_ms = self.clock.now_ms();
        let quarantine = match self.quarantines.entry(root.id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(Quarantine::begin(&*root.disk, now_ms)?),
        };
        let reason = Reason {
            at: to_rfc3339(now_ms),
            element: root.name.as_str(),
            path,
            kind: finding.kind.as_str(),
            why: &finding.detail,
            remedy: finding.kind.remedy(),
        };
        quarantine.take(&*root.disk, &reason)
    }

    /// Whether the folder at `path` holds an element or the data directory.
    fn must_stay(&self, root: &Root, path: &str) -> bool {
        let whole = root.report.root.join(path);
        let is_element = root.disk.exists(&format!("{path}/element.json")).unwrap_or(false);
        is_element || self.kept.iter().any(|kept| kept.starts_with(&whole))
    }
}

impl Run<'_> {
    /// Reports a finding; a repair moves `paths` to the quarantine. Says whether they are there.
    pub(super) fn report_misfit(&mut self, root: &Root, mut finding: Finding, paths: &[String]) -> bool {
        if let Some(repair) = &mut self.repair {
            finding.outcome = Some(repair.quarantine(root, &finding, paths));
        }
        let is_gone = matches!(finding.outcome, Some(Outcome::Quarantined(_)));
        self.tally.add(finding);
        is_gone
    }

    /// Reports what is none of the archive's; a repair moves it to the quarantine.
    pub(super) fn report_foreign(&mut self, root: &Root, path: String, detail: &str) {
        let mut finding = root.finding(FindingKind::ForeignFile, path, detail);
        if self.repair.as_ref().is_some_and(|repair| repair.must_stay(root, &finding.path)) {
            finding.outcome = Some(Outcome::Left("an element or the data directory lies in it".into()));
            return self.tally.add(finding);
        }
        let paths = [finding.path.clone()];
        self.report_misfit(root, finding, &paths);
    }

    /// Reports a finding about which a repair does `mend`, which says what it restored from; `None` where
    /// it has nothing to restore from, and `finding` is left.
    pub(super) fn report_mendable(
        &mut self,
        root: &Root,
        mut finding: Finding,
        mend: impl FnOnce(&dyn Disk) -> std::io::Result<Option<String>>,
    ) {
        if let Some(repair) = &self.repair {
            finding.outcome = match repair.refusal(root) {
                Some(why) => Some(Outcome::Left(why.into())),
                None => match mend(&*root.disk) {
                    Ok(from) => from.map(Outcome::Restored),
                    Err(error) => Some(Outcome::Failed(error.to_string())),
                },
            };
        }
        self.tally.add(finding);
    }

    /// Tells what lies in the quarantine of an element, from earlier runs.
    pub(super) fn check_quarantine(&mut self, root: &mut Root) {
        let runs = match held(&*root.disk) {
            Ok(runs) => runs,
            Err(error) => {
                let finding =
                    root.finding(FindingKind::UnreadableFile, super::quarantine::QUARANTINE_DIR, error);
                return self.tally.add(finding);
            }
        };
        for run in runs {
            root.report.quarantined_files += run.files;
            let detail =
                format_args!("{} files of {} bytes; {}.jsonl says why", run.files, run.bytes, run.folder);
            self.tally.add(root.finding(FindingKind::Quarantined, run.folder.as_str(), detail));
        }
    }
}
