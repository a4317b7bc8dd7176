//! The state digest: one digest of everything that callers can see of an archive's buckets and versions.
//!
//! It is the same wherever the bytes lie and in whatever order they are met, so that it can be compared
//! before a loss and after the rebuild, or between an archive and a copy. `item.rs` says what of a bucket
//! and of a version is in it, `lanes.rs` how a multiset of them is digested in constant memory, and
//! `digest.rs` is the digest itself. docs/STORAGE.md, section 9, is the definition.

mod digest;
mod item;
mod lanes;

pub use digest::StateDigest;
pub(crate) use digest::StateHasher;
pub(crate) use item::Item;

#[cfg(test)]
mod tests;
