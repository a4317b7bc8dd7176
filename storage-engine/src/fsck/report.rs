//! The answer of a check.

use std::path::PathBuf;

use super::finding::{Finding, Severity};
use crate::name::{ElementId, ElementName};

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
    /// Bytes of the objects, as their sidecars say.
    pub bytes: u64,
    /// Changes in the log that the next start applies.
    pub pending_changes: u64,
    /// Open uploads.
    pub open_uploads: u64,
}

impl Report {
    /// Whether there is neither damage nor anything inconsistent. Notes are no problem.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.counts.damage == 0 && self.counts.inconsistent == 0
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
            bytes: 0,
            pending_changes: 0,
            open_uploads: 0,
        }
    }
}

/// Findings as they come.
#[derive(Debug, Default)]
pub(super) struct Tally {
    findings: Vec<Finding>,
    counts: Counts,
}

impl Tally {
    /// Counts a finding, and lists it while there is room for its severity.
    pub(super) fn add(&mut self, finding: Finding) {
        if *self.count(finding.severity) <= FINDINGS_MAX as u64 {
            self.findings.push(finding);
        }
    }

    /// Counts `more` findings of a severity that are not told one by one.
    pub(super) fn add_unlisted(&mut self, severity: Severity, more: u64) {
        *self.counter(severity) += more;
    }

    /// The report of these findings.
    pub(super) fn into_report(self, mut elements: Vec<ElementReport>, is_content_verified: bool) -> Report {
        elements.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Report { elements, findings: self.findings, counts: self.counts, is_content_verified }
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
