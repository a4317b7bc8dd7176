//! What a repair did about a finding.

use super::finding::{Finding, FindingKind, Severity};

/// What a repair did about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was found was moved to the quarantine; the path that it has there, from the element's root.
    Quarantined(String),
    /// It is as it should be again; from what.
    Restored(String),
    /// It was left as it is; why.
    Left(String),
    /// It was to be put right, and that failed; why. What was found is as it was, or whole in quarantine.
    Failed(String),
}

/// How many findings came to which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Moved to the quarantine.
    pub quarantined: u64,
    /// Made right.
    pub restored: u64,
    /// Left as they are.
    pub left: u64,
    /// Failed.
    pub failed: u64,
}

impl Outcome {
    /// The outcome as programs read it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Quarantined(_) => "quarantined",
            Self::Restored(_) => "restored",
            Self::Left(_) => "left",
            Self::Failed(_) => "failed",
        }
    }

    /// Where to or from, or why.
    #[must_use]
    pub fn detail(&self) -> &str {
        let (Self::Quarantined(text) | Self::Restored(text) | Self::Left(text) | Self::Failed(text)) = self;
        text
    }
}

impl Outcomes {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Quarantined(_) => &mut self.quarantined,
            Outcome::Restored(_) => &mut self.restored,
            Outcome::Left(_) => &mut self.left,
            Outcome::Failed(_) => &mut self.failed,
        } += 1;
    }
}

impl Finding {
    /// Whether something is still wrong. A version that went to the quarantine, damaged, is safe and is
    /// not served: that is for a person to settle.
    pub(super) fn is_open(&self) -> bool {
        match (self.severity, &self.outcome) {
            (Severity::Note, _) | (_, Some(Outcome::Restored(_))) => false,
            (Severity::Inconsistent, Some(Outcome::Quarantined(_))) => false,
            (Severity::Damage | Severity::Inconsistent, _) => true,
        }
    }
}

impl FindingKind {
    /// Why a repair leaves such a finding as it is.
    pub(super) fn why_left(self) -> &'static str {
        match self {
            Self::OrphanSidecar => {
                "its data file may come back from a backup; until then its key answers an error, and is not missing"
            }
            Self::OverflowMissing | Self::OverflowDamaged => {
                "the overflow sidecar may come back from a backup; bytes and sidecar are left for it"
            }
            Self::SizeMismatch | Self::DigestMismatch => "damaged bytes stay, and are never served",
            Self::BucketDocumentMissing => "no element has it, and owner and rights are not to be made up",
            Self::Leftover
            | Self::LogPending
            | Self::ElementUnregistered
            | Self::CatalogDamaged
            | Self::CatalogBehind => "the next start of the server sees to it",
            Self::BlockDigests => "the data file does not prove itself",
            Self::Quarantined => "it is for a person to look through",
            Self::SidecarMissing => "it may come back from a backup; until then its key answers an error",
            Self::OrphanData
            | Self::UnreadableFile
            | Self::UnreadableSidecar
            | Self::MisplacedSidecar
            | Self::OrphanOverflow
            | Self::ForeignFile
            | Self::SupersededVersion
            | Self::BucketDocumentDamaged
            | Self::ElementAbsent
            | Self::ElementDocumentDamaged
            | Self::ControlDocumentDamaged
            | Self::LogDamaged
            | Self::StagedBytesMissing
            | Self::UploadDamaged => "nothing that is here can put it right",
        }
    }
}
