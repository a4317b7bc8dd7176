//! The state digest, and how it is made up.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::item::{Item, ItemKind};
use super::lanes::Lanes;
use crate::sidecar::Kind;

/// One digest of the logical state of an archive. Two archives of one digest show the same buckets and
/// versions, with everything that is known of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateDigest {
    digest: [u8; 32],
    /// Number of buckets.
    pub buckets: u64,
    /// Number of versions that are objects.
    pub objects: u64,
    /// Number of versions that are delete markers.
    pub markers: u64,
    /// Bytes of the objects, as their sidecars say.
    pub bytes: u64,
}

/// The digest's 64 hex digits.
impl fmt::Display for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.digest))
    }
}

/// Takes items in any order, in constant memory.
pub(crate) struct StateHasher {
    lanes: Lanes,
    buckets: u64,
    objects: u64,
    markers: u64,
    bytes: u64,
}

impl StateHasher {
    /// Of an archive that holds nothing.
    pub(crate) fn new() -> Self {
        Self { lanes: Lanes::new(), buckets: 0, objects: 0, markers: 0, bytes: 0 }
    }

    /// Adds an item. A tombstone is no version: it counts for nothing.
    pub(crate) fn add(&mut self, item: &Item) {
        let Some(count) = self.count(item) else { return };
        *count = count.wrapping_add(1);
        self.lanes.add(&item.digest);
        self.bytes = self.bytes.wrapping_add(item.size);
    }

    /// Takes an item away that was added: a version that turned out to be superseded.
    pub(crate) fn remove(&mut self, item: &Item) {
        let Some(count) = self.count(item) else { return };
        *count = count.wrapping_sub(1);
        self.lanes.remove(&item.digest);
        self.bytes = self.bytes.wrapping_sub(item.size);
    }

    /// The digest of what was added: SHA-256 over a name, the lanes and the counts.
    pub(crate) fn finish(self) -> StateDigest {
        let Self { lanes, buckets, objects, markers, bytes } = self;
        let mut hasher = Sha256::new();
        hasher.update(b"artstore state 1\n");
        hasher.update(lanes.to_bytes());
        for count in [buckets, objects, markers, bytes] {
            hasher.update(count.to_le_bytes());
        }
        StateDigest { digest: hasher.finalize().into(), buckets, objects, markers, bytes }
    }

    fn count(&mut self, item: &Item) -> Option<&mut u64> {
        match item.kind {
            ItemKind::Bucket => Some(&mut self.buckets),
            ItemKind::Version(Kind::Object) => Some(&mut self.objects),
            ItemKind::Version(Kind::Marker) => Some(&mut self.markers),
            ItemKind::Version(Kind::Tombstone) => None,
        }
    }
}
