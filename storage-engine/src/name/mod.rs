//! Names with their invariants: what a bucket, a key, an element, a version and a stored file may be called.
//!
//! A value of these types is always valid; text from outside is parsed once, at the door.

mod bucket_name;
mod element_name;
mod object_key;
mod stored_name;
mod version_id;

pub use bucket_name::BucketName;
pub use element_name::{ElementId, ElementName};
pub use object_key::ObjectKey;
pub(crate) use stored_name::SIDECAR_SUFFIX;
pub use stored_name::{StoredName, StoredPath};
pub use version_id::VersionId;

#[cfg(test)]
mod tests;
