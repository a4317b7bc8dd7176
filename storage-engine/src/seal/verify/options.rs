//! What is asked of a check, and what it says on its way.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::disk::{Disks, RealDisks};

/// What is compared with its seals.
#[derive(Clone)]
pub struct VerifyOptions {
    /// An element, or a data directory with its elements; a copy of either.
    pub folder: PathBuf,
    /// Whether registered elements with roots of their own are looked for there: not in a copy.
    pub follows_registry: bool,
    /// Where disks come from.
    pub disks: Arc<dyn Disks>,
    /// Which files are read.
    pub sample: Sample,
    /// Roots that must be in a chain, as they were kept elsewhere.
    pub roots: Vec<[u8; 32]>,
}

impl VerifyOptions {
    /// The whole check of what lies in `folder` on the real disk.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        let sample = Sample { percent: 100.0, seed: 0 };
        Self { folder, follows_registry: false, disks: Arc::new(RealDisks), sample, roots: Vec::new() }
    }
}

/// A random share of the files. All of them must be there; those in the share are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The share in percent, from 0 to 100.
    pub percent: f64,
    /// What chooses them: the same seed chooses the same paths.
    pub seed: u64,
}

impl Sample {
    /// Whether the file at this path is read.
    pub(super) fn takes(self, path: &str) -> bool {
        if self.percent >= 100.0 {
            return true;
        }
        let mut hasher = Sha256::new();
        hasher.update(self.seed.to_be_bytes());
        hasher.update(path);
        let digest: [u8; 32] = hasher.finalize().into();
        let drawn = digest.first_chunk::<4>().map_or(0, |head| u32::from_be_bytes(*head));
        f64::from(drawn) < self.percent / 100.0 * (f64::from(u32::MAX) + 1.0)
    }
}

/// How far a check is. It comes at every file and every MiB: show some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files looked at so far, over all elements.
    pub files: u64,
    /// Bytes read of them.
    pub bytes: u64,
}
