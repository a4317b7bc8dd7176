//! The storage classes that rules may move versions to.

use serde::{Deserialize, Serialize};

use crate::mode::{Mode, StorageClass};

/// A class that a transition may name (API page "Transition"), from the warmest to the coldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TransitionClass {
    /// Mode edit: nothing moves.
    #[serde(rename = "INTELLIGENT_TIERING")]
    IntelligentTiering,
    /// Mode rw.
    #[serde(rename = "STANDARD_IA")]
    StandardIa,
    /// Mode rw.
    #[serde(rename = "ONEZONE_IA")]
    OnezoneIa,
    /// Mode ro.
    #[serde(rename = "GLACIER_IR")]
    GlacierIr,
    /// Mode ar.
    #[serde(rename = "GLACIER")]
    Glacier,
    /// Mode ar.
    #[serde(rename = "DEEP_ARCHIVE")]
    DeepArchive,
}

impl TransitionClass {
    const ALL: [Self; 6] = [
        Self::IntelligentTiering,
        Self::StandardIa,
        Self::OnezoneIa,
        Self::GlacierIr,
        Self::Glacier,
        Self::DeepArchive,
    ];

    /// The class as S3 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::StandardIa => "STANDARD_IA",
            Self::OnezoneIa => "ONEZONE_IA",
            Self::GlacierIr => "GLACIER_IR",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }

    /// The class of a name; `None` where no transition may name it.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// The class that objects report which have moved to it.
    #[must_use]
    pub fn storage_class(self) -> StorageClass {
        match self {
            Self::IntelligentTiering => StorageClass::Standard,
            Self::StandardIa | Self::OnezoneIa => StorageClass::StandardIa,
            Self::GlacierIr => StorageClass::GlacierIr,
            Self::Glacier => StorageClass::Glacier,
            Self::DeepArchive => StorageClass::DeepArchive,
        }
    }

    /// The mode that the class stands for.
    #[must_use]
    pub fn mode(self) -> Mode {
        self.storage_class().mode()
    }
}
