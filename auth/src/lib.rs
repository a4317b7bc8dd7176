//! Who is asking, and what they may do.
//!
//! The crate owns accounts, their credentials, the master key that seals them, and the one decision
//! function behind every door. It does not own storage (control documents are handed in and out as
//! bytes), HTTP, SigV4 (the S3 door verifies signatures with the secret it is given here), or buckets.
//!
//! Invariants:
//! - The crate is pure: no files, no clock, no environment, no output. Time is a parameter; the only
//!   thing asked of the operating system is randomness for secrets.
//! - A client secret enters a document only sealed, and no `Debug` or `Display` shows it.
//! - An account is usable only after its document is durable: see [`Created`].
//! - What no rule allows is denied: see [`decide`].

mod account;
mod account_id;
mod account_name;
mod account_set;
mod accounts;
mod action;
mod client_id;
mod client_secret;
mod creation;
mod decision;
mod document;
mod entropy;
mod error;
mod initial;
mod master_key;
mod principal;
mod resource;
mod role;
mod sealed_secret;

pub use account::{Account, DESCRIPTION_CHARS_MAX};
pub use account_id::AccountId;
pub use account_name::AccountName;
pub use accounts::{ACCOUNTS_MAX, Accounts};
pub use action::Action;
pub use client_id::ClientId;
pub use client_secret::ClientSecret;
pub use creation::{Created, NewAccount};
pub use decision::{Decision, Denial, decide};
pub use document::Document;
pub use error::{Error, ErrorKind, Result};
pub use initial::InitialAccount;
pub use master_key::MasterKey;
pub use principal::Principal;
pub use resource::Resource;
pub use role::Role;
pub use sealed_secret::{KeyId, SealAlgorithm, SealedSecret};
