//! What does not fit into a sidecar goes to one overflow sidecar beside it, written before it and
//! named with its digest in it.

use sha2::{Digest as _, Sha256};

use crate::document::{self, Members};
use crate::error::{Error, ErrorKind, Result};
use crate::name::StoredPath;

/// Largest overflow sidecar, in bytes.
pub const OVERFLOW_BYTES_MAX: usize = 1024 * 1024;

/// Between a stored name and the digest in the name of its overflow sidecar.
const INFIX: &str = ".attr.ext.";
const SUFFIX: &str = ".json";
const NAME_DIGEST_CHARS: usize = 8;

/// The groups that may leave the sidecar, the largest first. Identity, digests, locks and retention
/// never do.
pub(super) const GROUPS: [&str; 5] = ["part_checksums", "parts", "metadata", "tags", "blocks"];

/// The stored name and the digest in the name of an overflow sidecar; `None` where it is none.
pub(crate) fn split_overflow(name: &str) -> Option<(&str, &str)> {
    let (stem, digest) = name.strip_suffix(SUFFIX)?.rsplit_once(INFIX)?;
    let is_digest = digest.len() == NAME_DIGEST_CHARS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_digest && !stem.is_empty()).then_some((stem, digest))
}

/// An overflow sidecar that is to be written, or was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// File name, in the folder of the sidecar.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Overflow {
    /// Makes the overflow sidecar that holds `members`.
    ///
    /// *Errors*: `MetadataTooLarge` above 1 MiB.
    pub(super) fn make(path: &StoredPath, members: &Members, schema: u64) -> Result<Self> {
        let mut whole = members.clone();
        whole.insert("schema".into(), schema.into());
        let bytes = document::render(&whole, &["schema"]);
        if bytes.len() > OVERFLOW_BYTES_MAX {
            return Err(Error::new(ErrorKind::MetadataTooLarge, "write overflow sidecar").because(
                format_args!(
                    "the attributes take {} bytes and an overflow sidecar holds {OVERFLOW_BYTES_MAX}",
                    bytes.len()
                ),
            ));
        }
        let digest = hex::encode(Sha256::digest(&bytes));
        let digest8 = digest.get(..8).unwrap_or_default();
        Ok(Self { name: format!("{}.attr.ext.{digest8}.json", path.name()), bytes })
    }

    /// SHA-256 of the bytes, in hex.
    pub(super) fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.bytes))
    }

    /// The members kept in an overflow sidecar of this digest.
    ///
    /// *Errors*: `Corrupt` where the digest differs or the document is damaged.
    pub(super) fn members(bytes: &[u8], digest: &str, schema_max: u64, what: &str) -> Result<Members> {
        if hex::encode(Sha256::digest(bytes)) != digest {
            return Err(Error::new(ErrorKind::Corrupt, "read overflow sidecar")
                .about(what)
                .because("its digest is not the one its sidecar names"));
        }
        let mut members = document::parse(bytes, schema_max, what)?;
        members.remove("schema");
        Ok(members)
    }
}
