//! The state of the archive and its elements, for health answers and commands.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::mode::{Mode, StorageClass};
use crate::name::{ElementId, ElementName};
use crate::retention::{RetentionTerm, TermSetting};
use crate::target::ArchiveTarget;

/// Whether an element can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementState {
    /// Open for what its mode allows.
    Ready,
    /// Read-only until reopened, after an I/O error on its log.
    Latched,
    /// Registered, but its root or `element.json` was not found at start.
    Absent,
}

/// One element.
#[derive(Clone, Debug)]
pub struct ElementStatus {
    /// Its name.
    pub name: ElementName,
    /// Its id.
    pub id: ElementId,
    /// Its root folder.
    pub root: PathBuf,
    /// Its mode; `None` where it is absent.
    pub mode: Option<Mode>,
    /// Its state.
    pub state: ElementState,
    /// Quota in bytes, where one is set.
    pub max_size_bytes: Option<u64>,
    /// Among elements of one mode the lowest is filled first; `None` where it is absent.
    pub priority: Option<u64>,
    /// Room that bodies leave free on its file system, where more than the least is set, in bytes.
    pub reserve_bytes: Option<u64>,
    /// Whether it becomes ro when it is full.
    pub when_full: WhenFull,
    /// How long documents stay on it, or are kept, where that is set.
    pub retention: Option<RetentionTerm>,
    /// Where its bytes go in mode ar, where that is set.
    pub target: Option<ArchiveTarget>,
    /// Free bytes of the file system beneath; 0 where absent.
    pub free_bytes: u64,
}

/// What becomes of an element of mode rw that is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// New objects are refused, or go to another element.
    #[default]
    Refuse,
    /// It becomes ro by itself.
    Ro,
}

/// What of an element is set anew; `None` where it stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElementSettings {
    /// Among elements of one mode the lowest is filled first.
    pub priority: Option<u64>,
    /// Quota in bytes; 0 for none.
    pub max_size_bytes: Option<u64>,
    /// Room that bodies leave free on its file system, in bytes; 0 for the least.
    pub reserve_bytes: Option<u64>,
    /// What becomes of it when it is full; for mode rw.
    pub when_full: Option<WhenFull>,
    /// How long documents stay on it, or are kept.
    pub retention: Option<TermSetting>,
}

/// What makes a new element.
#[derive(Clone, Debug)]
pub struct NewElement {
    /// Its name, not taken.
    pub name: ElementName,
    /// Its mode. In ro and ar it is empty, and filled by transfers; for ar its target is to be set.
    pub mode: Mode,
    /// Its root; `None` for `<data>/elements/<name>`.
    pub root: Option<PathBuf>,
    /// Quota in bytes.
    pub max_size_bytes: Option<u64>,
}

/// What a transition of an element changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionPlan {
    /// The element.
    pub name: ElementName,
    /// Its mode.
    pub from: Mode,
    /// The mode that it is to have.
    pub to: Mode,
    /// The storage class that its objects report.
    pub class_from: StorageClass,
    /// The one that they will report.
    pub class_to: StorageClass,
    /// What will be refused there and is not now.
    pub refused: Vec<&'static str>,
    /// Objects on it.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Open uploads in parts that can then not be completed.
    pub open_uploads: usize,
    /// Days for which what comes to it is kept; a transition changes neither that nor what is kept already.
    pub retention_days: Option<u32>,
    /// An element that takes new objects of the mode it has now, where there is one.
    pub successor: Option<ElementName>,
}
