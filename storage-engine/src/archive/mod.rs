//! The archive: one namespace of buckets and keys over its elements. The doors call nothing else.

mod api;
pub mod body;
pub mod bucket;
pub mod list;
pub mod multipart;
pub mod object;
pub mod put;
pub mod status;

pub use api::Archive;
