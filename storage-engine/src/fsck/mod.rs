//! `fsck`: the check of a whole archive while no process owns it, and its repair. A check reports and
//! changes nothing.
//!
//! It takes the locks of the archive and of each element (whose files then name the checker as their
//! holder), reads every folder, sidecar and, unless told otherwise, data file, and writes nothing else:
//! no recovery, no sweep, no folder. `check.rs` is the order of it all, `root.rs` an element that is
//! checked, `pending.rs` what its log will still change, `walk.rs` and `hour.rs` its hour folders,
//! `sidecar_file.rs` and `content.rs` a pair, `twice.rs` versions that lie twice, `bucket.rs`,
//! `upload.rs` and `catalog.rs` the rest. `report.rs`, `finding.rs` and `outcome.rs` are the answer,
//! `state.rs` its state digest. `repair.rs` and `quarantine.rs` are what a repair does.
//!
//! What a start will put right by itself (changes in the log, staged files, the catalog) is a note, never
//! damage: an archive whose process was killed is in order.
//!
//! *Bounds*: [`FINDINGS_MAX`] findings of each severity are listed, the rest counted; the search for
//! versions that lie twice keeps at most 64 MiB and reads the sidecars once more for each further
//! four to eight million versions; of folders, one at a time is held; of the log, what recovery would hold
//! of it without bodies.

mod bucket;
mod catalog;
mod check;
pub(crate) mod content;
mod finding;
mod hour;
mod options;
mod outcome;
mod pending;
mod quarantine;
mod repair;
mod report;
mod root;
mod sidecar_file;
mod state;
mod twice;
mod upload;
mod walk;

pub use check::{check, repair};
pub(crate) use finding::told;
pub use finding::{Finding, FindingKind, Severity};
pub use options::{FsckOptions, Progress, Step};
pub use outcome::{Outcome, Outcomes};
pub use report::{Counts, ElementReport, FINDINGS_MAX, Report, StateReport};
pub(crate) use sidecar_file::SidecarFile;
pub(crate) use walk::{Met, walk};

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
