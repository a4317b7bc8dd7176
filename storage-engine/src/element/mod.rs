//! Elements: storage roots with one mode each.
//!
//! `document.rs` is `element.json`, `registry.rs` the list of roots in `control/`, `open.rs` an element
//! in use, `pair.rs` the files of one object, `tree.rs` the walk over all of them,
//! `unarchived.rs` which of them an element of mode ar still has the bytes of.

mod document;
mod open;
mod pair;
mod registry;
mod tree;
mod unarchived;

pub(crate) use document::ElementDocument;
pub(crate) use open::{ARCHIVED_DIR, Element, LOCK, RESTORED_DIR, STAGING_DIR, UPLOADS_DIR};
pub(crate) use pair::{
    NewPair, PublishError, blocks_path, remove_all_but_sidecar, remove_overflow, remove_pair,
    staged_blocks_path, staged_path,
};
pub(crate) use registry::{Registered, Registry};
pub(crate) use tree::{Found, read_pair, scan};
