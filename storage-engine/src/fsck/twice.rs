//! Versions that lie twice: two null versions of one key, or one version placed twice.
//!
//! The identity of a version is its bucket, key and version id, as a hash of 64 bits. A pass over the
//! sidecars gathers the hashes of one share of them, at most [`HASHES_MAX`]; where there are more, the
//! share is halved, by the hash's next bit, and the other half waits for a pass of its own. So memory is
//! bounded whatever the archive holds, no two of a kind are missed, and time grows by a pass over the
//! sidecars for each four to eight million versions. Equal hashes are only a suspicion: a last pass
//! compares the names themselves.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::name::{BucketName, ElementName, ObjectKey, VersionId};
use crate::sidecar::Sidecar;
use crate::state::Item;

/// Most hashes held at once: 64 MiB.
const HASHES_MAX: usize = 8 * 1024 * 1024;
/// Most suspicions that are followed up; the others are counted.
const SUSPECTS_MAX: usize = 10_000;

/// A share of all hashes: those whose first `bits` bits are `prefix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    bits: u32,
    prefix: u64,
}

/// Looks for identities that come twice.
pub(super) struct Twice {
    hashes_max: usize,
    share: Share,
    hashes: Vec<u64>,
    waiting: Vec<Share>,
    suspects: BTreeSet<u64>,
    unfollowed: u64,
}

/// A version, with what decides between two of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) bucket: BucketName,
    pub(super) key: ObjectKey,
    pub(super) version_id: VersionId,
    seq: u64,
    placement_seq: u64,
    pub(super) item: Item,
}

/// Where a version lies.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) element: ElementName,
    /// The path of its sidecar.
    pub(super) path: String,
    /// Whether the log writes it.
    pub(super) is_logged: bool,
    pub(super) item: Item,
    order: (u64, u64),
}

/// The newest of each suspected identity.
#[derive(Default)]
pub(super) struct Newest(BTreeMap<(BucketName, ObjectKey, VersionId), Placed>);

impl Share {
    fn has(self, hash: u64) -> bool {
        self.bits == 0 || hash >> (u64::BITS - self.bits) == self.prefix
    }

    fn halves(self) -> [Self; 2] {
        [0, 1].map(|bit| Self { bits: self.bits + 1, prefix: self.prefix << 1 | bit })
    }
}

impl Default for Twice {
    fn default() -> Self {
        Self::with_room(HASHES_MAX)
    }
}

impl Twice {
    /// With room for `hashes_max` hashes.
    pub(super) fn with_room(hashes_max: usize) -> Self {
        Self {
            hashes_max,
            share: Share { bits: 0, prefix: 0 },
            hashes: Vec::new(),
            waiting: Vec::new(),
            suspects: BTreeSet::new(),
            unfollowed: 0,
        }
    }

    /// Takes the version of one sidecar.
    pub(super) fn offer(&mut self, sidecar: &Sidecar) {
        self.offer_hash(identity(&sidecar.bucket, &sidecar.key, sidecar.version_id));
    }

    /// Takes a version that the log writes.
    pub(super) fn offer_version(&mut self, version: &Version) {
        self.offer_hash(version.identity());
    }

    pub(super) fn offer_hash(&mut self, hash: u64) {
        if !self.share.has(hash) {
            return;
        }
        self.hashes.push(hash);
        if self.hashes.len() >= self.hashes_max {
            self.settle();
            // Halving at half full leaves room enough for the work to be worth its sorting.
            while self.hashes.len() > self.hashes_max / 2 && self.share.bits < u64::BITS - 1 {
                let [kept, waiting] = self.share.halves();
                self.waiting.push(waiting);
                self.share = kept;
                self.hashes.retain(|hash| kept.has(*hash));
            }
        }
    }

    /// Number of hashes held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.hashes.len()
    }

    /// What is suspected so far, in order.
    #[cfg(test)]
    pub(super) fn suspected(&self) -> Vec<u64> {
        self.suspects.iter().copied().collect()
    }

    /// Ends a pass; says whether another is needed.
    pub(super) fn next_pass(&mut self) -> bool {
        self.settle();
        self.hashes.clear();
        match self.waiting.pop() {
            Some(share) => {
                self.share = share;
                true
            }
            None => {
                self.hashes.shrink_to_fit();
                false
            }
        }
    }

    /// Keeps one of each hash, and the equal ones as suspects.
    fn settle(&mut self) {
        self.hashes.sort_unstable();
        for pair in self.hashes.windows(2) {
            let [one, other] = pair else { continue };
            if one != other || self.suspects.contains(one) {
                continue;
            }
            if self.suspects.len() < SUSPECTS_MAX {
                self.suspects.insert(*one);
            } else {
                self.unfollowed += 1;
            }
        }
        self.hashes.dedup();
    }

    /// Whether anything is suspected.
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Suspicions above the bound, which nobody follows up.
    pub(super) fn unfollowed(&self) -> u64 {
        self.unfollowed
    }

    /// Whether a version is suspected to lie twice.
    pub(super) fn suspects(&self, version: &Version) -> bool {
        self.suspects.contains(&version.identity())
    }
}

impl Version {
    /// The version of a sidecar.
    pub(super) fn of(sidecar: &Sidecar) -> Self {
        Self {
            bucket: sidecar.bucket.clone(),
            key: sidecar.key.clone(),
            version_id: sidecar.version_id,
            seq: sidecar.seq,
            placement_seq: sidecar.placement_seq,
            item: Item::of_version(sidecar),
        }
    }

    fn identity(&self) -> u64 {
        identity(&self.bucket, &self.key, self.version_id)
    }
}

impl Newest {
    /// Takes a placed version; of two of one identity answers the one that gives way, then the one that
    /// counts.
    pub(super) fn take(
        &mut self,
        version: &Version,
        element: &ElementName,
        path: String,
        is_logged: bool,
    ) -> Option<(Placed, Placed)> {
        let order = (version.seq, version.placement_seq);
        let placed = Placed { element: element.clone(), path, is_logged, item: version.item, order };
        let identity = (version.bucket.clone(), version.key.clone(), version.version_id);
        let Some(known) = self.0.get_mut(&identity) else {
            self.0.insert(identity, placed);
            return None;
        };
        if placed.order > known.order {
            let older = std::mem::replace(known, placed);
            Some((older, known.clone()))
        } else {
            Some((placed, known.clone()))
        }
    }
}

fn identity(bucket: &BucketName, key: &ObjectKey, version: VersionId) -> u64 {
    let mut hasher = Sha256::new();
    for text in [bucket.as_str(), key.as_str(), &version.to_string()] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    digest.first_chunk::<8>().map_or(0, |head| u64::from_be_bytes(*head))
}
