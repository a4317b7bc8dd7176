//! What is asked of a check, and what it says on its way.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::{Disks, RealDisks};
use crate::name::ElementName;

/// How an archive is checked.
#[derive(Clone)]
pub struct FsckOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Where disks come from.
    pub disks: Arc<dyn Disks>,
    /// What the lock files say of this process, such as `artstore fsck, process 4711`.
    pub holder: String,
    /// Whether every data file is read and compared with its SHA-256 and block digests.
    pub verify_content: bool,
    /// Whether the state digest is made.
    pub digest: bool,
}

impl FsckOptions {
    /// The whole check of the archive in `data` on the real disk.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        let holder = format!("artstore fsck, process {}", std::process::id());
        Self { data, disks: Arc::new(RealDisks), holder, verify_content: true, digest: false }
    }
}

/// How far a check is. It comes at every sidecar and every MiB of content: show some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The element that is being read.
    pub element: ElementName,
    /// What is being done.
    pub step: Step,
    /// Sidecars read so far in this step, over all elements.
    pub sidecars: u64,
    /// Bytes of data files read so far, over all elements.
    pub bytes: u64,
}

/// What a check does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading pairs and their content.
    Pairs,
    /// Reading sidecars again, for versions that lie twice.
    Versions,
}
