//! Archive targets: where the bytes of an element go in mode ar, while its sidecars stay.
//!
//! `setting.rs` is what `element.json` says of one, `item.rs` what is handed to it, `directory.rs`, `bucket.rs` and
//! `movers.rs` the three kinds there are, `mark.rs` what says whose a place is, `remote.rs` what is asked of a bucket
//! elsewhere, `process.rs` runs a mover's command.

mod bucket;
mod directory;
mod item;
mod mark;
mod movers;
mod open;
mod process;
mod remote;
mod setting;
#[cfg(test)]
pub(crate) mod simulated;

pub(crate) use item::Item;
pub use item::ReadPiece;
pub(crate) use open::{claim, open};
pub(crate) use remote::NoBuckets;
pub use remote::{RemoteBody, RemoteBucket, RemoteBuckets};
pub use setting::{ArchiveClass, ArchiveTarget, BucketPlace, MoverCommands, TargetPlace};

use crate::error::Result;

/// A place that keeps the bytes of an element's documents.
///
/// *Concurrency*: belongs to the thread that opened it; any number may be open.
pub(crate) trait Target {
    /// Whether [`Self::store`] has put these bytes there, and they are there still as far as can be told
    /// without reading them.
    ///
    /// *Errors*: `Unavailable` where the target is away, `Io`.
    fn holds(&self, item: &Item<'_>) -> Result<bool>;

    /// Puts the bytes of an item there and compares what is there with the item's SHA-256.
    ///
    /// *Durability*: they are safe there on return.
    /// *Errors*: `Corrupt` where what is there is not what was given; `Unavailable` where the target is away or
    /// the work was stopped; `StorageFull`, `Io`.
    fn store(&self, item: &Item<'_>) -> Result<()>;

    /// Writes the bytes of an item to a new file at `to`, a path on the item's element. The caller compares them.
    ///
    /// *Errors*: `Corrupt` where they are not there; `Unavailable` as above; `StorageFull`, `Io`.
    fn recall(&self, item: &Item<'_>, to: &str) -> Result<()>;

    /// Refuses where the bytes of an item could not be removed from there.
    ///
    /// *Errors*: `Unsupported`; `Unavailable` where the target is away, `Io`.
    fn check_removal(&self, item: &Item<'_>) -> Result<()>;

    /// Removes the bytes of an item, and what tells of them there. What is not there is no error.
    ///
    /// *Durability*: they are gone for good on return.
    /// *Errors*: those of [`Self::check_removal`].
    fn remove(&self, item: &Item<'_>) -> Result<()>;

    /// Says that the element needs no proof any more that an item was stored: its own bytes are gone.
    ///
    /// *Errors*: `Io`.
    fn released(&self, item: &Item<'_>) -> Result<()>;
}
