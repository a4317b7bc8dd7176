//! The write-ahead log of an element: its `fdatasync` is the commit of every change.
//!
//! `record.rs` says what a change is, `batch.rs` which of them are written at once, `frame.rs` how that looks,
//! `segment.rs` the preallocated files, `writer.rs` the group commit, `recovery.rs` the way back.
//! docs/STORAGE.md, "The log", gives the bytes.
//!
//! Invariants: a block that was synced is never written again; frame numbers run on without a gap
//! over all segments; a frame is written only after the one before it is durable.

mod batch;
mod frame;
mod record;
mod recovery;
mod segment;
mod writer;

pub(crate) use record::{Attachments, BodyPlace, Change, Encoded, Place, Record, Retired};
pub(crate) use recovery::{LogStart, Recovered, read};
pub(crate) use segment::WAL_DIR;
pub(crate) use writer::{Committed, Log, begin_checkpoint};

#[cfg(test)]
mod tests;
