//! The scrub: the check of an archive that is in use. It reads everything that a start, a listing or a GET
//! may have to rely on, slowly and again and again, so that damage is found while there is a backup.
//!
//! A pass is one call of [`Archive::scrub`](crate::Archive::scrub) in a thread of the program, which says
//! through a [`Pace`] how fast it may read and when it is to stop; the next call goes on where it stopped.
//! `pass.rs` is the order of it all, `paced_disk.rs` how it reads: without writing, at the pace, from the
//! device and not from the page cache. `pair.rs` compares a pair with its sidecar and the catalog,
//! `documents.rs`, `uploads.rs`, `log.rs` and `catalog.rs` the rest; what a file must be is the same for the
//! offline check, and lies in [`crate::fsck`]. `record.rs` is what is known of this pass and the last one,
//! `known_damage.rs` which objects are not opened because of it.
//!
//! The archive changes meanwhile. What looks wrong is looked at again under the lock of its key; where no
//! sidecar tells the key, after a checkpoint, behind which every change that was under way is applied,
//! twice: a name is written once and removed once (`suspect.rs`).
//!
//! *Bounds*: [`FINDINGS_MAX`] findings of each severity are kept of a pass, the others counted; as many
//! suspects wait to be looked at again; one folder, one segment of the log or 256 blocks of the catalog are
//! held at a time.

mod catalog;
mod documents;
mod known_damage;
mod log;
mod paced_disk;
mod pair;
mod pass;
mod record;
mod suspect;
mod uploads;

pub use known_damage::DamagedObject;
pub use paced_disk::{Pace, Work};
pub use pass::ScrubEnd;
pub(crate) use record::ScrubState;
pub use record::{FINDINGS_MAX, PassReport, ScrubFinding, ScrubStatus};

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
