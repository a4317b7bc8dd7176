//! The answer of a check.

use std::path::PathBuf;

use super::finding::Finding;
use super::options::Sample;

/// Most findings that are damage, and most notes, that a report lists; the others are counted.
pub const FINDINGS_MAX: usize = 10_000;

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every element, in order of name.
    pub elements: Vec<ElementReport>,
    /// The findings in the order in which they were met, at most [`FINDINGS_MAX`] of damage and of notes.
    pub findings: Vec<Finding>,
    /// How many of them are damage.
    pub damage: u64,
    /// How many are notes.
    pub notes: u64,
    /// Which files were read.
    pub sample: Sample,
}

/// What a check read of one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementReport {
    /// Its name.
    pub name: String,
    /// Its root folder.
    pub root: PathBuf,
    /// Seals in its chain.
    pub seals: u64,
    /// Hours that they cover.
    pub hours: u64,
    /// Sealed files that were looked for.
    pub files: u64,
    /// Of these, files that were read and compared with their digests.
    pub files_read: u64,
    /// The last seal of the chain.
    pub last: Option<SealedLast>,
}

/// The last seal of a chain: its root kept elsewhere proves that nothing before it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedLast {
    /// Its path from the element's root.
    pub path: String,
    /// Its root digest.
    pub root: [u8; 32],
}

impl SealedLast {
    /// The root digest as it stands in the chain.
    #[must_use]
    pub fn root_hex(&self) -> String {
        hex::encode(self.root)
    }
}

impl Report {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.damage == 0
    }

    /// Findings that are counted and not listed.
    #[must_use]
    pub fn unlisted(&self) -> u64 {
        (self.damage + self.notes).saturating_sub(self.findings.len() as u64)
    }
}

/// Findings as they come.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) findings: Vec<Finding>,
    pub(super) damage: u64,
    pub(super) notes: u64,
}

impl Tally {
    /// Counts a finding, and lists it while there is room for its like.
    pub(super) fn add(&mut self, finding: Finding) {
        let count = if finding.kind.is_damage() { &mut self.damage } else { &mut self.notes };
        *count += 1;
        if *count <= FINDINGS_MAX as u64 {
            self.findings.push(finding);
        }
    }

    /// Takes over what another has counted and listed.
    pub(super) fn append(&mut self, other: Self) {
        let (damage, notes) = (other.damage, other.notes);
        let mut listed = Self { findings: Vec::new(), damage: self.damage, notes: self.notes };
        for finding in other.findings {
            listed.add(finding);
        }
        self.findings.append(&mut listed.findings);
        self.damage += damage;
        self.notes += notes;
    }
}
