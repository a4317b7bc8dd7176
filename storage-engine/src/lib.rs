//! The storage engine of ArtStore: plain files with sidecars, a write-ahead log, an ordered catalog,
//! and the four modes. It is blocking; async doors cross over in one place of their own.
//!
//! What it owns: every byte under the data directory and the element roots. What it does not: who
//! may ask (`auth`), the protocols (`s3-gateway`, `fuse-mount`), search (`index`).
//!
//! Start at [`Archive`].

pub mod archive;
mod bell;
mod bucket;
pub mod caller;
pub mod catalog;
pub mod clock;
pub mod digest;
pub mod disk;
mod document;
mod element;
pub mod error;
pub mod fsck;
mod key_lock;
pub mod lifecycle;
mod log;
pub mod mode;
pub mod name;
pub mod outbox;
mod restore;
pub mod retention;
pub mod scrub;
pub mod seal;
mod sequence;
pub mod sidecar;
mod signal;
pub mod state;
pub mod target;
mod timestamp;
mod twin;

pub use archive::Archive;
pub use error::{Error, ErrorKind, Result};
