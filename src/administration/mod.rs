//! The archive and its accounts as the program opens them, and what an administrator may ask of them.
//!
//! The control socket and the offline commands both end here. `open.rs` opens the archive and its
//! accounts, `first_start.rs` makes the system account, `elements.rs`, `buckets.rs`, `archiving.rs`, `retention.rs`, `accounts.rs` and `seals.rs` are
//! the operations, `document.rs` what they take and answer.

mod accounts;
mod archiving;
mod asker;
mod buckets;
mod credentials;
mod document;
mod elements;
mod first_start;
mod master_key;
mod open;
mod retention;
mod seals;

pub(crate) use archiving::{NewRestoreRequest, RestoreAnswer, RestoreDocument, TargetRequest};
pub(crate) use asker::Asker;
pub(crate) use buckets::{BucketDocument, BucketSettingsRequest};
pub(crate) use credentials::PROFILE;
pub(crate) use document::{
    AccountDocument, CreatedAccount, ElementDocument, ModeDocument, ModeRequest, NewAccountRequest,
    NewElementRequest, SealPassDocument, SettingsRequest, state_name,
};
pub(crate) use first_start::FirstStart;
pub(crate) use open::{Administration, absolute};
pub(crate) use retention::{RetainRequest, RetentionDocument};

#[cfg(test)]
mod tests;
