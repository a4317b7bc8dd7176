//! The answer of a check.

use std::path::PathBuf;

use super::finding::{Finding, FindingKind, Severity};
use super::outcome::{Outcome, Outcomes};
use crate::name::{ElementId, ElementName};
use crate::state::StateDigest;

/// Most findings of each severity that a report lists; the others are counted.
pub const FINDINGS_MAX: usize = 10_000;

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every element, in order of name.
    pub elements: Vec<ElementReport>,
    /// The findings in the order in which they were met, at most [`FINDINGS_MAX`] of each severity.
    pub findings: Vec<Finding>,
    /// How many there are, those that are not listed included.
    pub counts: Counts,
    /// Whether every data file was read and compared with its digests.
    pub is_content_verified: bool,
    /// What a repair did, over all findings; `None` of a check.
    pub outcomes: Option<Outcomes>,
    /// Findings, damage or inconsistent, that are still so: all of them after a check.
    pub open: u64,
    /// The state digest, where it was asked for.
    pub state: Option<StateReport>,
}

/// The state digest of an archive, as its files and logs have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateReport {
    /// The digest of what can be read.
    pub digest: StateDigest,
    /// What is not in it, though it belongs to the archive; none where the digest is that of all.
    pub gaps: Vec<String>,
}

/// Findings by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Findings that are damage.
    pub damage: u64,
    /// Findings that are inconsistent.
    pub inconsistent: u64,
    /// Notes.
    pub notes: u64,
}

/// What a check found of one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementReport {
    /// Its name.
    pub name: ElementName,
    /// Its id.
    pub id: ElementId,
    /// Its root folder.
    pub root: PathBuf,
    /// Whether its root was there; where not, everything below is 0.
    pub is_present: bool,
    /// Objects whose sidecars can be read, without those that the log will still remove.
    pub objects: u64,
    /// Delete markers, likewise.
    pub markers: u64,
    /// Tombstones of what was disposed of.
    pub tombstones: u64,
    /// Bytes of the objects, as their sidecars say.
    pub bytes: u64,
    /// Changes in the log that the next start applies.
    pub pending_changes: u64,
    /// Open uploads.
    pub open_uploads: u64,
    /// Files that earlier repairs moved to its quarantine.
    pub quarantined_files: u64,
}

impl Report {
    /// Whether there is neither damage nor anything inconsistent, or a repair put all of it right. Notes are
    /// no problem.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.open == 0
    }

    /// Findings that are counted and not listed.
    #[must_use]
    pub fn unlisted(&self) -> u64 {
        self.counts.total().saturating_sub(self.findings.len() as u64)
    }
}

impl Counts {
    /// All findings.
    #[must_use]
    pub fn total(self) -> u64 {
        self.damage + self.inconsistent + self.notes
    }
}

impl ElementReport {
    /// An element of which nothing is known yet.
    pub(super) fn new(id: ElementId, name: ElementName, root: PathBuf, is_present: bool) -> Self {
        Self {
            name,
            id,
            root,
            is_present,
            objects: 0,
            markers: 0,
            tombstones: 0,
            bytes: 0,
            pending_changes: 0,
            open_uploads: 0,
            quarantined_files: 0,
        }
    }
}

/// Findings as they come.
#[derive(Debug, Default)]
pub(super) struct Tally {
    findings: Vec<Finding>,
    counts: Counts,
    /// Counted by a repair alone.
    outcomes: Option<Outcomes>,
    open: u64,
}

impl Tally {
    /// From now on findings are those of a repair, and what it does about them is counted.
    pub(super) fn begin_repair(&mut self) {
        let mut outcomes = Outcomes::default();
        self.findings.iter_mut().for_each(|finding| settle(finding, &mut outcomes));
        self.outcomes = Some(outcomes);
    }

    /// Whether anything of these kinds was found and is listed.
    pub(super) fn has(&self, is_one: impl Fn(FindingKind) -> bool) -> bool {
        self.findings.iter().any(|finding| is_one(finding.kind))
    }

    /// Counts a finding, and lists it while there is room for its severity.
    pub(super) fn add(&mut self, mut finding: Finding) {
        if let Some(outcomes) = &mut self.outcomes {
            settle(&mut finding, outcomes);
        }
        self.open += u64::from(finding.is_open());
        if *self.count(finding.severity) <= FINDINGS_MAX as u64 {
            self.findings.push(finding);
        }
    }

    /// Counts `more` findings of a severity that are not told one by one.
    pub(super) fn add_unlisted(&mut self, severity: Severity, more: u64) {
        *self.counter(severity) += more;
        self.open += if severity == Severity::Note { 0 } else { more };
    }

    /// The report of these findings.
    pub(super) fn into_report(self, mut elements: Vec<ElementReport>, is_content_verified: bool) -> Report {
        elements.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Report {
            elements,
            findings: self.findings,
            counts: self.counts,
            is_content_verified,
            outcomes: self.outcomes,
            open: self.open,
            state: None,
        }
    }

    fn count(&mut self, severity: Severity) -> &u64 {
        let counter = self.counter(severity);
        *counter += 1;
        counter
    }

    fn counter(&mut self, severity: Severity) -> &mut u64 {
        match severity {
            Severity::Damage => &mut self.counts.damage,
            Severity::Inconsistent => &mut self.counts.inconsistent,
            Severity::Note => &mut self.counts.notes,
        }
    }
}

/// Counts what a repair did about a finding; one that it did nothing about was left.
fn settle(finding: &mut Finding, outcomes: &mut Outcomes) {
    let kind = finding.kind;
    outcomes.count(finding.outcome.get_or_insert_with(|| Outcome::Left(kind.why_left().into())));
}
