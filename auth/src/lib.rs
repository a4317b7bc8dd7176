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

mod account_id;
mod client_id;
mod client_secret;
mod entropy;
mod error;
mod master_key;
mod sealed_secret;

pub use account_id::AccountId;
pub use client_id::ClientId;
pub use client_secret::ClientSecret;
pub use error::{Error, ErrorKind, Result};
pub use master_key::MasterKey;
pub use sealed_secret::{KeyId, SealAlgorithm, SealedSecret};
