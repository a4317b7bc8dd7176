//! A computer whose power fails, in memory: for the crash and fault suites.
//!
//! A [`Machine`] is one file system. It keeps apart what a running program sees (volatile) and what
//! would be found after a power cut (durable), with the ordered list of what lies between: edits of
//! each file and changes of names. A [`Profile`] says which of those survive a power cut; a
//! [`Fault`] makes one call fail.
//!
//! What is assumed of the medium, and is therefore not tested against:
//! - A file's `sync` makes its bytes and length durable, never its name. (ext4 and XFS often make
//!   the name durable too; nothing here may count on it.)
//! - `sync_dir` makes the names in that folder durable, and with them whatever changed the same names
//!   before; it makes neither the folder's own name durable nor any bytes. Where a file went from it
//!   to a new folder, that folder's name becomes durable too, else the file would have no name left.
//! - A rename is atomic, also across two folders: after a power cut both names are as before or both
//!   as after (ext4, XFS and btrfs journal a rename as one transaction).
//! - Changes of one name survive in their order, and a name in a new folder not without the folder's
//!   own name; changes of unrelated names survive in any order. (A journal keeps all of them in order.)
//! - A page (4,096 bytes) that is written back has the bytes of some moment; under [`Profile::Torn`]
//!   that holds for each sector (512 bytes) only. Bytes never written read as zeros, not as strangers'.
//! - A failed `sync` loses the bytes it was to write: they stay readable until the power cut, and no
//!   later `sync` brings them to the disk (Linux marks the pages clean). Names are kept pending: a
//!   journal that cannot be written stops the whole file system, which `crash_at` covers.
//! - Each file and folder takes one block besides its pages; overwriting in place needs no room.

mod content;
mod inode;
mod journal;
mod machine;
mod names;
pub(crate) mod random;
mod state;
mod survival;
mod volume;

pub use machine::{Capacity, Machine};
pub use state::{Fault, Profile};

#[cfg(test)]
mod tests;
