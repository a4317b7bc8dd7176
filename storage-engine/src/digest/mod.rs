//! Digests of content: what is computed while bytes arrive, what clients may claim, and how the
//! claims are compared before anything is published.

mod block;
mod checksum;
mod content;
mod md5_lane;

pub(crate) use block::crc32c_of;
pub use block::{BLOCK_BYTES, BlockDigests};
pub(crate) use checksum::ChecksumHasher;
pub use checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
pub use content::{ClientDigests, ContentDigest, ContentHasher};

#[cfg(test)]
mod tests;
