//! The catalog: every version of every key in order, derived from the sidecars.
//!
//! It can be deleted at any time and is rebuilt. Changes are applied without a sync; a checkpoint
//! makes them durable, and what came after is replayed from the logs (ADR 0002). It is never trusted
//! past its persisted checkpoint, and each block of its file is checked when it is read (ADR 0004).

mod backend;
mod blocks;
mod census;
mod descents;
mod entry;
mod feed;
mod key;
mod listing;
mod lookup;
mod overlay;
mod proven;
mod rows;
mod store;
mod unsealed;
mod view;
mod walk;

pub(crate) use descents::Descent;
pub(crate) use entry::Entry;
#[cfg(test)]
pub(crate) use entry::EntryKind;
pub use feed::{Change, ChangeKind, Cursor};
pub(crate) use listing::{Page, PageRequest, Row, Shown, common_prefix};
pub(crate) use store::{Catalog, KnownElement, Update};
pub(crate) use walk::VersionRow;

#[cfg(test)]
mod tests;
