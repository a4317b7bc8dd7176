//! The archive: one namespace of buckets and keys over its elements. The doors call nothing else.
//!
//! `open.rs` holds [`Archive`] itself; each operation is a file of its own. Order of every change:
//! conditions and [`crate::mode`] permit under the key's lock, sequence number, log, files, catalog
//! with feed, answer.

pub mod annotate;
pub mod archiving;
pub mod body;
pub mod bucket;
mod bucket_settings;
mod checkpoint;
mod commit;
mod complete;
mod control;
mod copy;
#[cfg(test)]
mod crash;
mod delete;
pub mod descent;
pub mod disposal;
mod doubt;
mod element;
pub mod events;
mod feed;
pub mod filling;
mod lifecycle;
pub mod list;
mod listing;
pub mod multipart;
pub mod notification;
pub mod object;
mod open;
pub(crate) mod parts_log;
mod place;
pub mod put;
pub mod put_together;
mod read;
pub mod rebuild;
pub mod recall;
mod recent;
mod recover;
pub mod restore;
mod retention;
pub mod seal;
pub mod status;
mod store;
mod target;
pub mod transfer;
mod transition;
pub(crate) mod upload_store;
mod uploads;
mod view;

pub(crate) use checkpoint::CheckpointMark;
pub(crate) use control::read_archive_id;
pub use delete::{DeleteConditions, Deleted, Seen};
pub(crate) use element::ELEMENTS_DIR;
pub(crate) use open::Inner;
pub use open::{Archive, OpenOptions};
pub use read::ObjectReader;
pub(crate) use uploads::OpenUpload;

#[cfg(test)]
mod tests;
