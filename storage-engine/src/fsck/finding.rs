//! One thing that a check found.

use std::error::Error as _;
use std::fmt::Display;

use super::outcome::Outcome;
use crate::error::Error;
use crate::name::ElementName;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Bytes of a document, or what is known about it, are lost or changed.
    Damage,
    /// Files do not fit together; nothing is known to be lost.
    Inconsistent,
    /// Derived, or put right by the next start.
    Note,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A data file has no sidecar, or only that of a delete marker.
    OrphanData,
    /// The sidecar of an object has no data file.
    OrphanSidecar,
    /// A data file has another size than its sidecar says.
    SizeMismatch,
    /// The content of a data file is not what was stored.
    DigestMismatch,
    /// A file cannot be read: the disk answers with an error.
    UnreadableFile,
    /// A sidecar is damaged or of a newer format.
    UnreadableSidecar,
    /// The catalog knows a version whose sidecar is not there.
    SidecarMissing,
    /// A sidecar says that it lies elsewhere.
    MisplacedSidecar,
    /// The overflow sidecar that a sidecar names is not there.
    OverflowMissing,
    /// The overflow sidecar that a sidecar names is damaged.
    OverflowDamaged,
    /// No sidecar names an overflow sidecar.
    OrphanOverflow,
    /// A file, folder or link that is none of the archive's.
    ForeignFile,
    /// A version that another placement or a newer null version takes the place of.
    SupersededVersion,
    /// A bucket holds objects and its document is not beside them.
    BucketDocumentMissing,
    /// A bucket document is damaged or of a newer format.
    BucketDocumentDamaged,
    /// A registered element is not where it was registered.
    ElementAbsent,
    /// `element.json` is damaged, of a newer format, or that of another element.
    ElementDocumentDamaged,
    /// An element lies under `elements/` and is not registered: the next start takes it in.
    ElementUnregistered,
    /// A document under `control/` is damaged, missing or of a newer format.
    ControlDocumentDamaged,
    /// The log cannot be read whole.
    LogDamaged,
    /// The log commits an object whose staged bytes are gone.
    StagedBytesMissing,
    /// The log holds changes that the next start applies.
    LogPending,
    /// The next start sweeps it.
    Leftover,
    /// An open upload is damaged, or a part of it is missing.
    UploadDamaged,
    /// A file of block digests is missing or damaged; it is made again from the data.
    BlockDigests,
    /// A part of the catalog's file is not what was written.
    CatalogDamaged,
    /// The catalog is missing, unusable or not in step; a start makes it again from the sidecars.
    CatalogBehind,
    /// A repair moved something to the quarantine, where it still lies.
    Quarantined,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// How bad it is.
    pub severity: Severity,
    /// The element; `None` where it concerns the data directory.
    pub element: Option<ElementName>,
    /// The path, relative to the element's root or to the data directory; bytes that are no UTF-8 are
    /// shown as replacement characters.
    pub path: String,
    /// What is wrong, for people.
    pub detail: String,
    /// What to do, for people.
    pub remedy: &'static str,
    /// What a repair did about it; `None` of a check.
    pub outcome: Option<Outcome>,
}

impl Finding {
    /// A finding with the severity of its kind.
    pub(crate) fn new(
        kind: FindingKind,
        element: Option<&ElementName>,
        path: impl Into<String>,
        detail: impl Display,
    ) -> Self {
        Self {
            kind,
            severity: kind.severity(),
            element: element.cloned(),
            path: path.into(),
            detail: detail.to_string(),
            remedy: kind.remedy(),
            outcome: None,
        }
    }
}

/// An error with the errors below it, as one line.
pub(crate) fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(source) = below {
        text.push_str(&format!(": {source}"));
        below = source.source();
    }
    text
}

impl Severity {
    /// The severity as programs read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::Inconsistent => "inconsistent",
            Self::Note => "note",
        }
    }
}

impl FindingKind {
    /// The kind as programs read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrphanData => "orphan_data",
            Self::OrphanSidecar => "orphan_sidecar",
            Self::SizeMismatch => "size_mismatch",
            Self::DigestMismatch => "digest_mismatch",
            Self::UnreadableFile => "unreadable_file",
            Self::UnreadableSidecar => "unreadable_sidecar",
            Self::SidecarMissing => "sidecar_missing",
            Self::MisplacedSidecar => "misplaced_sidecar",
            Self::OverflowMissing => "overflow_missing",
            Self::OverflowDamaged => "overflow_damaged",
            Self::OrphanOverflow => "orphan_overflow",
            Self::ForeignFile => "foreign_file",
            Self::SupersededVersion => "superseded_version",
            Self::BucketDocumentMissing => "bucket_document_missing",
            Self::BucketDocumentDamaged => "bucket_document_damaged",
            Self::ElementAbsent => "element_absent",
            Self::ElementDocumentDamaged => "element_document_damaged",
            Self::ElementUnregistered => "element_unregistered",
            Self::ControlDocumentDamaged => "control_document_damaged",
            Self::LogDamaged => "log_damaged",
            Self::StagedBytesMissing => "staged_bytes_missing",
            Self::LogPending => "log_pending",
            Self::Leftover => "leftover",
            Self::UploadDamaged => "upload_damaged",
            Self::BlockDigests => "block_digests",
            Self::CatalogDamaged => "catalog_damaged",
            Self::CatalogBehind => "catalog_behind",
            Self::Quarantined => "quarantined",
        }
    }

    /// How bad a finding of this kind is, where nothing says otherwise.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::OrphanSidecar
            | Self::SizeMismatch
            | Self::DigestMismatch
            | Self::UnreadableFile
            | Self::UnreadableSidecar
            | Self::SidecarMissing
            | Self::OverflowMissing
            | Self::OverflowDamaged
            | Self::BucketDocumentMissing
            | Self::BucketDocumentDamaged
            | Self::ElementDocumentDamaged
            | Self::ControlDocumentDamaged
            | Self::LogDamaged
            | Self::StagedBytesMissing
            | Self::UploadDamaged => Severity::Damage,
            Self::OrphanData
            | Self::MisplacedSidecar
            | Self::OrphanOverflow
            | Self::ForeignFile
            | Self::SupersededVersion
            | Self::ElementAbsent
            | Self::CatalogDamaged => Severity::Inconsistent,
            Self::ElementUnregistered
            | Self::LogPending
            | Self::Leftover
            | Self::BlockDigests
            | Self::CatalogBehind
            | Self::Quarantined => Severity::Note,
        }
    }

    /// What to do about it, as a sentence.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::OrphanData => "bring its sidecar back from a backup, or move the file out of the element",
            Self::OrphanSidecar => "bring the data file back from a backup",
            Self::SizeMismatch | Self::DigestMismatch => {
                "bring the file back from a backup and compare it with the SHA-256 in its sidecar"
            }
            Self::UnreadableFile => {
                "check the disk and the rights on the file, then bring it back from a backup"
            }
            Self::UnreadableSidecar => {
                "bring the sidecar back from a backup, or use the release that wrote it"
            }
            Self::SidecarMissing => {
                "bring sidecar and data file back from a backup; to give the version up, remove the folder catalog"
            }
            Self::MisplacedSidecar => "move the sidecar and its data file back to the path that it names",
            Self::OverflowMissing | Self::OverflowDamaged => "bring the overflow sidecar back from a backup",
            Self::OrphanOverflow => "bring its sidecar back from a backup, or move it out of the element",
            Self::ForeignFile => "move it out of the element",
            Self::SupersededVersion => "compare both versions, then move this pair out of the element",
            Self::BucketDocumentMissing => {
                "bring it back from a backup, or copy it from another element that holds the bucket"
            }
            Self::BucketDocumentDamaged => "bring it back from a backup, or use the release that wrote it",
            Self::ElementAbsent => "bring its root back, and mount the disk it lies on",
            Self::ElementDocumentDamaged => {
                "bring element.json, or the element's own root, back from a backup"
            }
            Self::ElementUnregistered => "nothing; move the folder out of elements/ if it should not belong",
            Self::ControlDocumentDamaged => "bring it back from a backup of control/",
            Self::LogDamaged => {
                "bring .artstore/wal back as it was; changes that were acknowledged are in it alone"
            }
            Self::StagedBytesMissing => "bring .artstore/staging back as it was",
            Self::LogPending => "nothing; start the server, which applies them",
            Self::Leftover => "nothing; the server removes or replaces it by itself",
            Self::UploadDamaged => "bring the upload's folder back from a backup, or abort the upload",
            Self::BlockDigests => "nothing; they are made again from the data file when it is read",
            Self::CatalogDamaged => "restart the server, which makes the catalog again from the sidecars",
            Self::CatalogBehind => {
                "put right what else is found, then remove the folder catalog: the next start makes it again"
            }
            Self::Quarantined => {
                "read the reasons, bring back what belongs to the archive, then remove the run's folder and its reasons"
            }
        }
    }
}
