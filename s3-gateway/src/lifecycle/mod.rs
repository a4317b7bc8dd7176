//! Lifecycle rules of buckets: set, shown and removed, and the headers that tell what they will do.
//!
//! `configuration.rs` holds the operations, `rules.rs` turns the document's rules into the engine's and back,
//! `expiry.rs` writes the headers.

mod configuration;
mod expiry;
mod rules;

pub(crate) use configuration::{delete, get, put};
pub(crate) use expiry::{of_object, of_stored, of_upload};
