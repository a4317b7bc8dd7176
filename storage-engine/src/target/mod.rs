//! Archive targets: where the bytes of an element go in mode ar, while its sidecars stay.
//!
//! `setting.rs` is what `element.json` says of one, `item.rs` what is handed to it, `directory.rs` and
//! `movers.rs` the two kinds there are, `process.rs` runs a mover's command.

mod directory;
mod item;
mod movers;
mod open;
mod process;
mod setting;

pub(crate) use item::Item;
pub(crate) use open::{claim, open};
pub use setting::{ArchiveClass, ArchiveTarget, MoverCommands, TargetPlace};

use crate::error::Result;

/// A place that keeps the bytes of an element's documents.
///
/// *Concurrency*: an item is handled by one thread at a time; different items by any number.
pub(crate) trait Target: Send + Sync {
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
