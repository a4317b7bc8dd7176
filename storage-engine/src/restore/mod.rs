//! Restores: bytes of archived documents that are here again for a time.
//!
//! `document.rs` is what is kept of one beside its bytes, `set.rs` all of them in memory, `request.rs` what is asked
//! for and what the doors see, `expiry.rs` the day on which one ends.

mod document;
mod expiry;
mod request;
mod set;

pub(crate) use document::{RestoreDocument, restored_path};
pub(crate) use expiry::expiry;
pub use request::{DAYS_MAX, RestoreProgress, RestoreRequest, RestoreState, RestoreStatus, Restoring, Tier};
pub(crate) use set::{RESTORES_MAX, Restore, Restores};

#[cfg(test)]
mod tests;
