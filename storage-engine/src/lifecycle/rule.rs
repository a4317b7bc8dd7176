//! The rules of a bucket. Their JSON form is `lifecycle` of the bucket document.

use serde::{Deserialize, Serialize};

use super::class::TransitionClass;
use super::day::Midnight;
use super::filter::Scope;

/// The lifecycle of a bucket (API page "PutBucketLifecycleConfiguration").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// Which versions are too small to be moved by a rule that names no size.
    pub default_minimum_size: DefaultMinimumSize,
    /// The rules, in the order in which they were given.
    pub rules: Vec<Rule>,
}

/// `x-amz-transition-default-minimum-object-size`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DefaultMinimumSize {
    /// Those below 128 KiB, whatever the class.
    #[default]
    #[serde(rename = "all_storage_classes_128K")]
    AllStorageClasses128K,
    /// Those below 128 KiB, and none for GLACIER and DEEP_ARCHIVE.
    #[serde(rename = "varies_by_storage_class")]
    VariesByStorageClass,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id, which no other rule of the bucket has. One without gets one when the rules are set.
    pub id: String,
    /// Whether it is carried out.
    #[serde(rename = "enabled")]
    pub is_enabled: bool,
    /// What it concerns.
    pub scope: Scope,
    /// When current versions expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Expiration>,
    /// When noncurrent versions expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_expiration: Option<NoncurrentExpiration>,
    /// Days after which an upload in parts that was not completed ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_upload_days: Option<u32>,
    /// When current versions move, and where to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    /// When noncurrent versions move, and where to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noncurrent_transitions: Vec<NoncurrentTransition>,
}

/// When current versions expire (API page "LifecycleExpiration").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiration {
    /// So many days after they were made.
    Days(u32),
    /// From this day on, however young they are.
    Date(Midnight),
    /// Never; with `true` a delete marker that is the only version of its key goes at once.
    ExpiredObjectDeleteMarker(bool),
}

/// When noncurrent versions expire (API page "NoncurrentVersionExpiration").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoncurrentExpiration {
    /// Days after their successor was made.
    pub days: u32,
    /// How many noncurrent versions stay, the newest, whatever their age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer_versions: Option<u32>,
}

/// When a version moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// So many days after it was made.
    Days(u32),
    /// From this day on, however young it is.
    Date(Midnight),
}

/// When current versions move, and where to (API page "Transition").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// When.
    pub at: When,
    /// Where to.
    pub class: TransitionClass,
}

/// When noncurrent versions move, and where to (API page "NoncurrentVersionTransition").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoncurrentTransition {
    /// Days after their successor was made.
    pub days: u32,
    /// How many noncurrent versions stay where they are, the newest, whatever their age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer_versions: Option<u32>,
    /// Where to.
    pub class: TransitionClass,
}

impl DefaultMinimumSize {
    const ALL: [Self; 2] = [Self::AllStorageClasses128K, Self::VariesByStorageClass];

    /// The value of the header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllStorageClasses128K => "all_storage_classes_128K",
            Self::VariesByStorageClass => "varies_by_storage_class",
        }
    }

    /// What a value of the header says; `None` where it says nothing known.
    #[must_use]
    pub fn find(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == value)
    }

    /// Bytes below which a version does not move to `class`.
    pub(super) fn bytes(self, class: TransitionClass) -> u64 {
        match (self, class) {
            (Self::VariesByStorageClass, TransitionClass::Glacier | TransitionClass::DeepArchive) => 0,
            _ => 128 * 1024,
        }
    }
}

impl When {
    /// When a version made at `created_ms` moves.
    pub(super) fn of(self, created_ms: u64) -> Midnight {
        match self {
            Self::Days(days) => Midnight::after(created_ms, days),
            Self::Date(date) => date,
        }
    }
}

impl Rule {
    /// Whether it does anything.
    pub(super) fn has_action(&self) -> bool {
        self.expiration.is_some()
            || self.noncurrent_expiration.is_some()
            || self.abort_upload_days.is_some()
            || !self.transitions.is_empty()
            || !self.noncurrent_transitions.is_empty()
    }
}
