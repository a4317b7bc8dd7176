//! One thing that a check found.

use std::fmt::Display;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// The chain does not hold together: a line damaged, a revision missing, a seal that follows another.
    ChainBroken,
    /// A seal that the chain names is not there.
    SealMissing,
    /// A seal is not what the chain says.
    SealChanged,
    /// A manifest that a seal names is not there.
    ManifestMissing,
    /// A manifest is not what its seal says.
    ManifestChanged,
    /// No chain has a root that was asked for.
    RootUnknown,
    /// A file is not what was sealed.
    FileChanged,
    /// A file that was sealed is not there.
    FileMissing,
    /// A sidecar is as an earlier seal has it and not as the last one.
    SidecarOlder,
    /// A file or folder cannot be read.
    Unreadable,
    /// A sidecar was changed as a client may change it; the hour is sealed again once it is quiet.
    ChangedSince,
    /// A pair was removed; the hour is sealed again once it is quiet.
    GoneSince,
    /// A file in a sealed hour that its last seal does not name: newer than it, or none of the archive's.
    UnsealedFile,
    /// An hour without a seal.
    UnsealedHour,
    /// Nothing was ever sealed.
    NothingSealed,
    /// The last line of the chain is unfinished.
    ChainUnfinished,
    /// A seal that the chain does not name, as a stop before its last step leaves it.
    SealUnfinished,
    /// A registered element is not there.
    ElementAbsent,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The element.
    pub element: String,
    /// The path from the element's root.
    pub path: String,
    /// What is wrong, for people.
    pub detail: String,
}

impl Finding {
    pub(super) fn new(
        kind: FindingKind,
        element: &str,
        path: impl Into<String>,
        detail: impl Display,
    ) -> Self {
        Self { kind, element: element.to_owned(), path: path.into(), detail: detail.to_string() }
    }
}

impl FindingKind {
    /// The kind as programs read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChainBroken => "chain_broken",
            Self::SealMissing => "seal_missing",
            Self::SealChanged => "seal_changed",
            Self::ManifestMissing => "manifest_missing",
            Self::ManifestChanged => "manifest_changed",
            Self::RootUnknown => "root_unknown",
            Self::FileChanged => "file_changed",
            Self::FileMissing => "file_missing",
            Self::SidecarOlder => "sidecar_older",
            Self::Unreadable => "unreadable",
            Self::ChangedSince => "changed_since",
            Self::GoneSince => "gone_since",
            Self::UnsealedFile => "unsealed_file",
            Self::UnsealedHour => "unsealed_hour",
            Self::NothingSealed => "nothing_sealed",
            Self::ChainUnfinished => "chain_unfinished",
            Self::SealUnfinished => "seal_unfinished",
            Self::ElementAbsent => "element_absent",
        }
    }

    /// Whether it is damage; everything else may be so.
    #[must_use]
    pub fn is_damage(self) -> bool {
        match self {
            Self::ChainBroken
            | Self::SealMissing
            | Self::SealChanged
            | Self::ManifestMissing
            | Self::ManifestChanged
            | Self::RootUnknown
            | Self::FileChanged
            | Self::FileMissing
            | Self::SidecarOlder
            | Self::Unreadable => true,
            Self::ChangedSince
            | Self::GoneSince
            | Self::UnsealedFile
            | Self::UnsealedHour
            | Self::NothingSealed
            | Self::ChainUnfinished
            | Self::SealUnfinished
            | Self::ElementAbsent => false,
        }
    }

    /// What to do about it, as a sentence.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::ChainBroken => {
                "bring the folder seals back from a backup made before, and compare its roots with one kept elsewhere"
            }
            Self::SealMissing | Self::SealChanged | Self::ManifestMissing | Self::ManifestChanged => {
                "bring the file back from a backup"
            }
            Self::RootUnknown => {
                "look for the element or copy that the root is of; if it is this one, its chain was cut or made anew"
            }
            Self::FileChanged | Self::FileMissing | Self::SidecarOlder => {
                "bring the file back from a backup and compare it with its digest"
            }
            Self::Unreadable => "check the disk and the rights on the file",
            Self::ChangedSince | Self::GoneSince | Self::UnsealedFile | Self::UnsealedHour => {
                "nothing: the server seals it when it is quiet"
            }
            Self::NothingSealed => "nothing: the server seals hours that are over",
            Self::ChainUnfinished | Self::SealUnfinished => {
                "nothing: the server finishes it; in a copy compare the last root with one kept elsewhere"
            }
            Self::ElementAbsent => "bring its root back, or check its copy by itself",
        }
    }
}
