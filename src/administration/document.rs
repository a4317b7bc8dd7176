//! What administrators send and are answered, as JSON. Fields may be added, and are never renamed.

use std::path::PathBuf;

use auth::{Account, AccountName, ClientSecret, Role};
use serde::{Deserialize, Serialize};
use storage_engine::archive::seal::{Sealed, Unsealable};
use storage_engine::archive::status::{ElementState, ElementStatus, TransitionPlan, WhenFull};
use storage_engine::mode::Mode;
use storage_engine::name::ElementName;
use storage_engine::retention::TermSetting;

use super::archiving::TargetDocument;

/// An element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ElementDocument {
    /// Its name.
    pub(crate) name: String,
    /// Its id, which stays when name or root change.
    pub(crate) id: String,
    /// Its mode; `null` where it is absent.
    pub(crate) mode: Option<Mode>,
    /// `ready`, `latched` (read-only after an I/O error) or `absent`.
    pub(crate) state: String,
    /// Its root folder.
    pub(crate) root: PathBuf,
    /// Its quota in bytes; `null` without one.
    pub(crate) max_size_bytes: Option<u64>,
    /// Among elements of one mode the lowest is filled first; `null` where it is absent.
    #[serde(default)]
    pub(crate) priority: Option<u64>,
    /// Room that bodies leave free on its file system, where more than the least is set.
    #[serde(default)]
    pub(crate) reserve_bytes: Option<u64>,
    /// `refuse`, or `ro` where it becomes ro when it is full.
    #[serde(default)]
    pub(crate) when_full: WhenFull,
    /// How long documents stay on it, or are kept; `null` where that is not set.
    #[serde(default)]
    pub(crate) retention: Option<TermSetting>,
    /// Where its bytes go in mode ar; `null` where that is not set.
    #[serde(default)]
    pub(crate) archive_target: Option<TargetDocument>,
    /// Free bytes of the file system beneath.
    pub(crate) free_bytes: u64,
}

/// What makes an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewElementRequest {
    /// Its name.
    pub(crate) name: ElementName,
    /// Its mode.
    pub(crate) mode: Mode,
    /// Its root, absolute; `null` for a folder in the data directory.
    pub(crate) root: Option<PathBuf>,
    /// Its quota in bytes.
    pub(crate) max_size_bytes: Option<u64>,
}

/// What sets the order and the bounds in which an element is filled; `null` where something stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsRequest {
    /// Its name.
    pub(crate) name: ElementName,
    /// Among elements of one mode the lowest is filled first.
    pub(crate) priority: Option<u64>,
    /// Its quota in bytes; 0 for none.
    pub(crate) max_size_bytes: Option<u64>,
    /// Room that bodies leave free on its file system; 0 for the least.
    pub(crate) reserve_bytes: Option<u64>,
    /// What becomes of it when it is full.
    pub(crate) when_full: Option<WhenFull>,
    /// How long documents stay on it, or are kept.
    #[serde(default)]
    pub(crate) retention: Option<TermSetting>,
}

/// What changes the mode of an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModeRequest {
    /// Its name.
    pub(crate) name: ElementName,
    /// The mode that it is to have.
    pub(crate) mode: Mode,
    /// Whether only to say what would change.
    pub(crate) plan: bool,
}

/// What a change of mode does, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModeDocument {
    /// Name of the element.
    pub(crate) name: String,
    /// Its mode before.
    pub(crate) from: Mode,
    /// Its mode afterwards.
    pub(crate) to: Mode,
    /// Whether it was done; a plan changes nothing.
    pub(crate) is_done: bool,
    /// The S3 storage class that its objects reported.
    pub(crate) class_from: String,
    /// The one that they report afterwards.
    pub(crate) class_to: String,
    /// What is refused there afterwards and was not before.
    pub(crate) refused: Vec<String>,
    /// Objects on it.
    pub(crate) objects: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Open uploads in parts that cannot be completed afterwards.
    pub(crate) open_uploads: usize,
    /// Days for which what comes to it is kept, before and afterwards; `null` without a term.
    pub(crate) retention_days: Option<u32>,
    /// Another element of the mode before, which takes new objects; `null` where there is none.
    pub(crate) successor: Option<String>,
}

impl ModeDocument {
    pub(crate) fn of(plan: TransitionPlan, is_done: bool) -> Self {
        Self {
            name: plan.name.to_string(),
            from: plan.from,
            to: plan.to,
            is_done,
            class_from: plan.class_from.as_str().to_owned(),
            class_to: plan.class_to.as_str().to_owned(),
            refused: plan.refused.into_iter().map(str::to_owned).collect(),
            objects: plan.objects,
            bytes: plan.bytes,
            open_uploads: plan.open_uploads,
            retention_days: plan.retention_days,
            successor: plan.successor.map(|name| name.to_string()),
        }
    }
}

/// A seal that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealDocument {
    /// Name of the element.
    pub(crate) element: String,
    /// Path of the seal from the element's root.
    pub(crate) seal: String,
    /// Its root digest in hex.
    pub(crate) root: String,
}

/// An hour that could not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnsealableDocument {
    /// Name of the element.
    pub(crate) element: String,
    /// The hour, as its folder is named.
    pub(crate) hour: String,
    /// Why; it names the file.
    pub(crate) error: String,
}

/// What sealing did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealPassDocument {
    /// Seals made, in order.
    pub(crate) sealed: Vec<SealDocument>,
    /// Hours that are as their last seals say.
    pub(crate) unchanged: usize,
    /// Hours that could not be sealed.
    pub(crate) failed: Vec<UnsealableDocument>,
    /// Whether there are more hours to look at.
    pub(crate) is_more: bool,
}

impl From<Sealed> for SealDocument {
    fn from(sealed: Sealed) -> Self {
        let root = sealed.root_hex();
        Self { element: sealed.element.to_string(), seal: sealed.path, root }
    }
}

impl From<Unsealable> for UnsealableDocument {
    fn from(unsealable: Unsealable) -> Self {
        let Unsealable { element, hour, error } = unsealable;
        Self { element: element.to_string(), hour, error: error.to_string() }
    }
}

/// An account, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountDocument {
    /// Its name.
    pub(crate) name: String,
    /// Its id.
    pub(crate) id: String,
    /// Its client id, which is also its S3 access key.
    pub(crate) client_id: String,
    /// What it may do.
    pub(crate) role: Role,
    /// Whether it is the account of the first start.
    pub(crate) is_system: bool,
    /// Whether every use of it is refused.
    pub(crate) disabled: bool,
    /// What it is for.
    pub(crate) description: String,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: u64,
}

/// What makes an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccountRequest {
    /// Its name.
    pub(crate) name: AccountName,
    /// What it may do.
    pub(crate) role: Role,
    /// What it is for.
    #[serde(default)]
    pub(crate) description: String,
}

/// A new account with its secret, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CreatedAccount {
    /// Its name.
    pub(crate) name: String,
    /// Its client id, which is also its S3 access key.
    pub(crate) client_id: String,
    /// Its secret, which is also its S3 secret key.
    pub(crate) client_secret: String,
    /// What it may do.
    pub(crate) role: Role,
}

impl From<ElementStatus> for ElementDocument {
    fn from(status: ElementStatus) -> Self {
        Self {
            name: status.name.to_string(),
            id: status.id.to_string(),
            mode: status.mode,
            state: state_name(status.state).to_owned(),
            root: status.root,
            max_size_bytes: status.max_size_bytes,
            priority: status.priority,
            reserve_bytes: status.reserve_bytes,
            when_full: status.when_full,
            retention: status.retention.map(TermSetting::from),
            archive_target: status.target.map(TargetDocument::from),
            free_bytes: status.free_bytes,
        }
    }
}

impl From<&Account> for AccountDocument {
    fn from(account: &Account) -> Self {
        Self {
            name: account.name.to_string(),
            id: account.id.to_string(),
            client_id: account.client_id.to_string(),
            role: account.role,
            is_system: account.is_system,
            disabled: account.disabled,
            description: account.description.clone(),
            created_at_ms: account.created_at_ms,
        }
    }
}

impl CreatedAccount {
    pub(super) fn new(account: &Account, secret: &ClientSecret) -> Self {
        Self {
            name: account.name.to_string(),
            client_id: account.client_id.to_string(),
            client_secret: secret.reveal().to_owned(),
            role: account.role,
        }
    }
}

/// The word for a state, here and in the health answers.
pub(crate) fn state_name(state: ElementState) -> &'static str {
    match state {
        ElementState::Ready => "ready",
        ElementState::Latched => "latched",
        ElementState::Absent => "absent",
    }
}
