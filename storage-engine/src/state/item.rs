//! What of a bucket or a version is in the state digest.

use sha2::{Digest as _, Sha256};

use crate::bucket::BucketDocument;
use crate::document::Members;
use crate::sidecar::{self, Kind, Sidecar};

/// Members of a sidecar that say how and where it lies, not what the version is.
const PHYSICAL_OF_VERSION: [&str; 5] = ["schema", "placement_seq", "modified_at", "data", "blocks"];
/// Members of a bucket document that say which of two documents counts, not what the bucket is.
const PHYSICAL_OF_BUCKET: [&str; 2] = ["schema", "generation"];

/// What an item stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    Bucket,
    Version(Kind),
}

/// One bucket or version, as the state digest takes it: constant in size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(super) kind: ItemKind,
    /// Bytes of the object.
    pub(super) size: u64,
    /// SHA-256 of what it is.
    pub(super) digest: [u8; 32],
}

impl Item {
    /// The item of a version; members of later releases are in it.
    pub(crate) fn of_version(sidecar: &Sidecar) -> Self {
        Self {
            kind: ItemKind::Version(sidecar.kind),
            size: sidecar.size,
            digest: digest_of("version", sidecar::members(sidecar), &PHYSICAL_OF_VERSION),
        }
    }

    /// The item of a bucket; members of later releases are in it.
    pub(crate) fn of_bucket(document: &BucketDocument) -> Self {
        let digest = digest_of("bucket", document.members(), &PHYSICAL_OF_BUCKET);
        Self { kind: ItemKind::Bucket, size: 0, digest }
    }
}

/// The digest of a name for the kind of thing, a line feed, and its members in canonical form.
fn digest_of(what: &str, mut members: Members, physical: &[&str]) -> [u8; 32] {
    members.retain(|name, _| !physical.contains(&name.as_str()));
    let mut hasher = Sha256::new();
    hasher.update(format!("artstore state 1 {what}\n"));
    hasher.update(crate::document::canonical(&members));
    hasher.finalize().into()
}
